"""B6: clients that are one company are merged as an alias, and apart again within a week."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from delivery.models import Request
from integrations.inbox.matching import the_one
from routing.cover.operations.client_merges import (
    CannotMerge,
    merge_client,
    stays_with,
    take_back,
)
from routing.models import Client, ClientMerge, Event
from routing.people.merges import current_merges, without_aliases
from routing.runs.registry import Problem
from routing.work.visibility import clients_for_new_work
from tests.desk import signed_in, url, words
from tests.world import NOW, World, by, make_client, make_request

pytestmark = [pytest.mark.usefixtures("without_second_factor"), pytest.mark.requirement("N8")]
WEEK = timedelta(days=7)
WHY = "The same company under two names"


@pytest.fixture
def double(world: World) -> Client:
    return make_client("AC2", world.team, world.alice, world.bob, name="Acme Limited")


def merged(world: World, double: Client) -> ClientMerge:
    return merge_client(double.pk, world.acme.pk, by=by(world.olga), at=NOW, reason=WHY)


def matched(*clients: Client) -> Client:
    found = the_one([("domain", clients)])
    assert found is not None
    return found.client


def test_what_comes_in_for_the_alias_goes_to_the_client(world: World, double: Client) -> None:
    with pytest.raises(Problem, match="merge the clients here"):
        matched(world.acme, double)

    merged(world, double)

    assert matched(double) == matched(world.acme, double) == world.acme
    assert double not in clients_for_new_work(by(world.olga))


def test_what_was_there_stays_where_it_was(world: World, double: Client) -> None:
    request = make_request(double)
    before = request.item.history.count()

    row = merged(world, double)

    request.item.refresh_from_db()
    assert (request.item.client, request.item.history.count()) == (double, before)
    assert (row.history.get().history_user, row.history.get().history_change_reason) == (
        world.olga,
        WHY,
    )
    assert Event.objects.filter(kind="routing.client.merge", object_id=double.pk).exists()


def test_it_is_taken_back_within_a_week_and_later_work_stays(world: World, double: Client) -> None:
    row = merged(world, double)
    later = make_request(matched(double))

    take_back(row.pk, by=by(world.olga), at=NOW + WEEK, reason="They are two")

    later.item.refresh_from_db()
    assert later.item.client == world.acme
    assert matched(double) == double
    assert current_merges() == {}


def test_after_a_week_or_twice_it_stays(world: World, double: Client) -> None:
    row = merged(world, double)

    with pytest.raises(CannotMerge, match="within a week"):
        take_back(row.pk, by=by(world.olga), at=NOW + WEEK + timedelta(seconds=1), reason="x")
    take_back(row.pk, by=by(world.olga), at=NOW, reason="x")
    with pytest.raises(CannotMerge):
        take_back(row.pk, by=by(world.olga), at=NOW, reason="x")


def test_a_chain_leads_to_its_end_and_a_circle_to_nowhere_else(
    world: World, double: Client
) -> None:
    third = make_client("AC3", world.team, world.alice, world.bob)
    merged(world, double)
    merge_client(world.acme.pk, third.pk, by=by(world.olga), at=NOW, reason=WHY)

    assert without_aliases([double, world.acme], current_merges()) == [third]
    with pytest.raises(CannotMerge, match="Choose that one"):
        merge_client(third.pk, double.pk, by=by(world.olga), at=NOW, reason=WHY)


@pytest.mark.parametrize(
    ("into_itself", "restricted", "reason", "message"),
    [
        (True, False, WHY, "another client"),
        (False, True, WHY, "restricted"),
        (False, False, " ", "reason"),
    ],
)
def test_what_cannot_be_merged(
    world: World, double: Client, into_itself: bool, restricted: bool, reason: str, message: str
) -> None:
    Client.objects.filter(pk=double.pk).update(restricted=restricted)
    into = double.pk if into_itself else world.acme.pk

    with pytest.raises(CannotMerge, match=message):
        merge_client(double.pk, into, by=by(world.olga), at=NOW, reason=reason)

    assert not ClientMerge.objects.exists()


def test_only_operations_may(world: World, double: Client) -> None:
    with pytest.raises(PermissionDenied):
        merge_client(double.pk, world.acme.pk, by=by(world.alice), at=NOW, reason=WHY)


def test_the_page_shows_what_stays_before_and_how_to_take_it_back(
    world: World, double: Client
) -> None:
    make_request(double)
    browser = signed_in(world.olga)

    page = words(browser.get(url(Client, "merge", double.pk)))
    sent = {"into": world.acme.pk, "reason": WHY}
    after = words(browser.post(url(Client, "merge", double.pk), sent, follow=True))

    assert [(each.label, each.count) for each in stays_with(double)] == [("Work items", 1)]
    assert "Work items: 1" in page
    assert "You can undo this within 7 days" in page
    assert "From now on, new work for Acme Limited goes to ACM Ltd." in after
    assert "Take back the merge" in after
    assert "is an alias of this client" in words(browser.get(url(Client, "change", world.acme.pk)))
    assert "Acme Limited" not in words(signed_in(world.alice).get(url(Request, "add")))

    back = browser.post(url(Client, "take_back", double.pk), {"reason": "Two"}, follow=True)
    assert "Acme Limited is a separate client again." in words(back)
