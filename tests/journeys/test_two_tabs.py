"""Two tabs, two people, one click too many: over real HTTP one wins, the other is told, and history has one row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from django.conf import settings as names
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from delivery.models import Brief, Request
from delivery.operations import briefs
from routing.models import User
from tests.delivery.making import done, fresh, make_brief, make_deliverables, make_engagement
from tests.desk import signed_in, url
from tests.threads import at_once
from tests.world import NOW, World, by, make_request

pytestmark = pytest.mark.django_db(transaction=True)
WORDS = "This was not done, and nothing has changed."
Found = tuple[Any, list[tuple[User, str]]]


def a_request(world: World) -> Found:
    return make_request(world.acme), [(world.alice, "triage"), (world.alice, "triage")]


def a_request_by_two(world: World) -> Found:
    return make_request(world.acme, Request.State.TRIAGED), [(world.alice, "accept"), (world.bob, "reject")]


def a_brief(world: World) -> Found:
    return make_brief(world, engagement=make_engagement(world)), [(world.alice, "submit"), (world.alice, "submit")]


def a_brief_by_two(world: World) -> Found:
    brief = make_brief(world, engagement=make_engagement(world))
    done(briefs.submit([brief.pk], by=by(world.alice), at=NOW))
    return Brief.objects.get(pk=brief.pk), [(world.bob, "approve"), (world.olga, "request_changes")]


def a_deliverable(world: World) -> Found:
    [page] = make_deliverables(world)
    return page, [(world.cora, "start"), (world.alice, "start")]


@pytest.fixture(autouse=True)
def _without_a_second_factor(settings: Settings) -> None:
    settings.EMBEDDED = True


@pytest.fixture
def tabs() -> Iterator[ExitStack]:
    """Closes the browsers."""
    with ExitStack() as opened:
        yield opened


def sender(tabs: ExitStack, live: LiveServer, user: User, row: Any, verb: str) -> Callable[[], tuple[int, str]]:
    """Posts the step's form from a browser of its own, signed in as ``user``."""
    session = signed_in(user).cookies[names.SESSION_COOKIE_NAME].value
    address = live.url + url(type(row), "step", row.pk, verb)
    browser = tabs.enter_context(httpx.Client(cookies={names.SESSION_COOKIE_NAME: session}, trust_env=False, timeout=60))
    browser.get(address).raise_for_status()
    token = browser.cookies[names.CSRF_COOKIE_NAME]

    def post() -> tuple[int, str]:
        said = {"csrfmiddlewaretoken": token, "reason": "Because.", "comment": "Because."}
        answer = browser.post(address, data=said, headers={"referer": address, "origin": live.url})
        return answer.status_code, answer.text

    return post


@pytest.mark.parametrize("make", [a_request, a_request_by_two, a_brief, a_brief_by_two, a_deliverable])
def test_of_two_that_come_at_once_one_wins_and_the_other_is_told(
    committed_world: World, live_server: LiveServer, tabs: ExitStack, make: Callable[[World], Found]
):
    row, posts = make(committed_world)
    before = row.history.count()

    answers = at_once([sender(tabs, live_server, user, row, verb) for user, verb in posts])

    assert sorted(status for status, _text in answers) == [302, 409]
    assert next(WORDS in text for status, text in answers if status == 409)
    assert row.history.count() == before + 1
    assert fresh(row).state != row.state
