"""
Two tabs, two people, one click too many: over real HTTP one wins, the other is told, and history
has one row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from django.conf import settings as names
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from delivery.briefs.operations import briefs
from delivery.models import Answer, Approval, Brief, Request
from routing.models import Contact, User
from tests.delivery.making import (
    done,
    fresh,
    make_brief,
    make_deliverables,
    make_engagement,
    question,
    with_the_client,
)
from tests.desk import signed_in, url
from tests.files import make_file, png
from tests.portal import APPROVER, invited
from tests.threads import at_once
from tests.world import NOW, World, by, make_request

pytestmark = pytest.mark.django_db(transaction=True)
WORDS = "This was refused. Nothing has changed."
Found = tuple[Any, list[tuple[User, str]]]


def a_request(world: World) -> Found:
    return make_request(world.acme), [(world.alice, "triage"), (world.alice, "triage")]


def a_request_by_two(world: World) -> Found:
    return make_request(world.acme, Request.State.TRIAGED), [
        (world.alice, "accept"),
        (world.bob, "reject"),
    ]


def a_brief(world: World) -> Found:
    return make_brief(world, engagement=make_engagement(world)), [
        (world.alice, "submit"),
        (world.alice, "submit"),
    ]


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


def sender(
    tabs: ExitStack, live: LiveServer, user: User, row: Any, verb: str
) -> Callable[[], tuple[int, str]]:
    """Posts the step's form from a browser of its own, signed in as ``user``."""
    page = url(type(row), "step", row.pk, verb)
    return poster(tabs, live, user, page, page, {"reason": "Because.", "comment": "Because."})


def poster(
    tabs: ExitStack, live: LiveServer, user: User, page: str, to: str, said: dict[str, Any]
) -> Callable[[], tuple[int, str]]:
    """Posts what a form on ``page`` says."""
    session = signed_in(user).cookies[names.SESSION_COOKIE_NAME].value
    browser = tabs.enter_context(
        httpx.Client(cookies={names.SESSION_COOKIE_NAME: session}, trust_env=False, timeout=60)
    )
    browser.get(live.url + page).raise_for_status()
    token = browser.cookies[names.CSRF_COOKIE_NAME]

    def post() -> tuple[int, str]:
        headers = {"referer": live.url + page, "origin": live.url}
        answer = browser.post(
            live.url + to, data={"csrfmiddlewaretoken": token} | said, headers=headers
        )
        return answer.status_code, answer.text

    return post


@pytest.mark.parametrize(
    "make", [a_request, a_request_by_two, a_brief, a_brief_by_two, a_deliverable]
)
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


@pytest.fixture
def asked(committed_world: World) -> Approval:
    """A question that waits for Carla or Dora, of whom one is enough."""
    for name in ("Carla", "Dora"):
        invited(committed_world, name, (committed_world.acme, APPROVER))
    [page] = make_deliverables(committed_world)
    return question(with_the_client(committed_world, page))


def in_the_portal(
    tabs: ExitStack, live: LiveServer, name: str, asked: Approval, word: str
) -> Callable[[], tuple[int, str]]:
    page, user = f"/portal/questions/{asked.item.ref}/", User.objects.get(contact__full_name=name)
    return poster(
        tabs,
        live,
        user,
        page,
        f"{page}decide/",
        {"word": word, "digest": asked.digest, "comment": "Because."},
    )


def at_the_desk(
    tabs: ExitStack, live: LiveServer, world: World, asked: Approval
) -> Callable[[], tuple[int, str]]:
    """Writes down that Dora said yes by telephone."""
    page, dora = url(Approval, "step", asked.pk, "record"), Contact.objects.get(full_name="Dora")
    mail = make_file(world.alice, world.acme, content=png(), name="mail.png")
    return poster(
        tabs,
        live,
        world.alice,
        page,
        page,
        {"contact": dora.pk, "word": "approve", "evidence_kept": mail.pk},
    )


def decided(asked: Approval, *posts: Callable[[], tuple[int, str]]) -> tuple[str, list[int]]:
    """
    The word that counts, kept once, with what it makes of the question and its work; and how each
    sender was answered.
    """
    before = asked.history.count()
    answers = at_once(posts)
    word = Answer.objects.get(approval=asked).word
    state = {"approve": ("approved", "approved"), "reject": ("rejected", "in_client_review")}[word]
    assert (fresh(asked).state, fresh(asked.version.deliverable).state) == state
    assert asked.history.count() == before + 1
    return word, [status for status, _text in answers]


def test_of_yes_and_no_at_once_one_counts(
    asked: Approval, live_server: LiveServer, tabs: ExitStack
):
    yes, no = (
        in_the_portal(tabs, live_server, name, asked, word)
        for name, word in (("Carla", "approve"), ("Dora", "reject"))
    )

    assert decided(asked, yes, no) in [("approve", [302, 409]), ("reject", [409, 302])]


def test_a_yes_sent_from_two_tabs_at_once_is_thanked_for_twice_and_kept_once(
    asked: Approval, live_server: LiveServer, tabs: ExitStack
):
    tab, other = (in_the_portal(tabs, live_server, "Carla", asked, "approve") for _ in range(2))

    assert decided(asked, tab, other) == ("approve", [302, 302])


def test_of_a_yes_at_the_desk_and_a_no_in_the_portal_at_once_one_counts(
    committed_world: World, asked: Approval, live_server: LiveServer, tabs: ExitStack
):
    yes, no = (
        at_the_desk(tabs, live_server, committed_world, asked),
        in_the_portal(tabs, live_server, "Carla", asked, "reject"),
    )

    assert decided(asked, yes, no) in [("approve", [302, 409]), ("reject", [409, 302])]
