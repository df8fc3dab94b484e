"""I6: one exception for all pages of a site that cannot be looked at, with advice that works."""

from __future__ import annotations

import re
from shlex import split

import pytest
from django.core.management import call_command

from integrations.models import Connection
from routing.models import ExceptionCase, Outcome
from routing.runs.failures import failures_behind
from routing.runs.operations.exceptions import resolve
from routing.runs.operations.own_failures import own_failures
from tests.integrations.reconcile.conftest import Away
from tests.world import by

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("I1", "I4")]
ADVICE = re.compile(r"manage\.py (connect [^.]*?--allow-private \S+(?: --allow-private \S+)*)")


@pytest.fixture
def inside(away: Away) -> Away:
    """A site that calls itself by a private address that nobody has allowed."""
    [allowed] = [
        each for each in away.connection.allowed_private if str(each["port"]) in away.proxy.url
    ]
    Connection.objects.update(allowed_private=[allowed], health_owner=away.world.ivan)
    away.connection.refresh_from_db()
    return away


def look_often(away: Away) -> None:
    for _ in range(8):
        away.time.pass_(hours=1)
        away.probe()
    own_failures(at=away.time())


def test_i6_many_pages_are_one_exception_for_whoever_has_the_connection(inside: Away):
    pages = [inside.live(slug=f"page-{name}-{inside.name}") for name in ("one", "two", "three")]

    look_often(inside)

    [case] = inside.cases
    assert (case.item.owner, case.item.parent_id) == (inside.world.ivan, None)
    failure = failures_behind([case], inside.time())[case.pk]
    for page in pages:
        assert page.item.ref in str(failure.message)
        assert f"/{Outcome.objects.get(item=page.item_id).evidence['url'].split('/')[-2]}/" in str(
            failure.message
        )


def test_i6_the_advice_is_a_command_that_works(inside: Away):
    inside.live()
    look_often(inside)
    [case] = inside.cases
    found = ADVICE.search(case.evidence["message"])
    assert found is not None

    call_command(*split(found.group(1)))
    [done] = resolve([case.pk], by=by(inside.world.ivan), at=inside.time(), reason="Allowed.")
    inside.time.pass_(minutes=1)
    inside.probe()

    assert done.done
    assert Outcome.objects.get().state == Outcome.State.PROVEN
    # The API is still called at its own address.
    inside.look()
    inside.connection.refresh_from_db()
    assert (inside.cases, inside.connection.failures) == ([], 0)


def test_i6_the_exception_ends_by_itself_once_the_last_page_is_seen(inside: Away):
    inside.live(slug="one")
    inside.live(slug="two")
    look_often(inside)
    [case] = inside.cases
    Connection.objects.update(
        allowed_private=[*inside.connection.allowed_private, _entry(inside.proxy.target)]
    )

    look_often(inside)

    assert ExceptionCase.objects.get(pk=case.pk).state == ExceptionCase.State.DISMISSED
    assert set(Outcome.objects.values_list("state", flat=True)) == {Outcome.State.PROVEN}


def test_i6_pages_that_were_proven_and_are_hidden_now_are_one_exception(away: Away):
    Connection.objects.update(health_owner=away.world.ivan)
    pages = [away.live(slug=f"page-{name}-{away.name}") for name in ("one", "two")]
    away.probe()
    assert set(Outcome.objects.values_list("state", flat=True)) == {Outcome.State.PROVEN}
    Connection.objects.update(allowed_private=[_entry(away.proxy.url)])

    for _ in range(4):
        away.time.pass_(hours=7)
        away.probe()
    own_failures(at=away.time())

    assert set(Outcome.objects.values_list("state", flat=True)) == {Outcome.State.DECAYED}
    [case] = away.cases
    failure = failures_behind([case], away.time())[case.pk]
    assert all(page.item.ref in str(failure.message) for page in pages)


def test_i6_a_page_with_a_fault_of_its_own_keeps_an_exception_of_its_own(away: Away):
    page = away.live(slug="one")
    away.live(slug="two")
    post = next(post for post in away.shown if post.slug == "one")
    away.edit(post, content="<p>Something else</p>")

    look_often(away)

    [case] = away.cases
    assert case.item.parent_id == page.item_id


def _entry(url: str) -> dict[str, object]:
    return {"scheme": "http", "host": "127.0.0.1", "port": int(url.rpartition(":")[2])}
