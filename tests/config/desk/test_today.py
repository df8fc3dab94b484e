"""Today: what is due, what waits, what changed and who is away, each number with its rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from delivery.models import Request
from delivery.requests.details import AskDetails, EditRequestDetails
from delivery.requests.operations import requests
from routing.desk.operations.visits import look_in
from routing.models import Absence, User, Visit, WorkItem
from routing.work.operations import items
from tests.desk import signed_in, words
from tests.portal import reachable
from tests.world import World, by, make_client, make_request

pytestmark = pytest.mark.requirement("L7", "M6")

BERLIN = ZoneInfo("Europe/Berlin")
WEDNESDAY = datetime(2026, 11, 25, 10, 0, tzinfo=BERLIN)
DUE = {
    "late": WEDNESDAY - timedelta(minutes=1),
    "today": datetime(2026, 11, 25, 23, 59, tzinfo=BERLIN),
    "week": datetime(2026, 12, 2, 23, 59, tzinfo=BERLIN),
    "later": datetime(2026, 12, 3, 0, 0, tzinfo=BERLIN),
}


@pytest.fixture(autouse=True)
def _on_wednesday(world: World, settings: Settings):
    settings.EMBEDDED = True
    User.objects.filter(pk=world.alice.pk).update(timezone="Europe/Berlin")
    with time_machine.travel(WEDNESDAY, tick=False):
        yield


def due_at(row: Request, at: datetime | None) -> Request:
    WorkItem.objects.filter(pk=row.item_id).update(next_due_at=at)
    return row


def open_today(browser: Browser) -> Any:
    page = browser.get("/admin/")
    assert page.status_code == 200
    return page


def beside(page: Any, name: str) -> Any:
    return next((group for group in page.context["beside"] if group.name == name), None)


def refs_at(browser: Browser, url: str) -> set[str]:
    return {item.ref for item in browser.get(url).context["cl"].result_list}


def test_work_stands_under_the_readers_own_day(world: World) -> None:
    for name, at in DUE.items():
        due_at(make_request(world.acme, title=f"Due {name}"), at)
    due_at(make_request(world.acme, title="Due later too"), None)

    page = open_today(signed_in(world.alice))

    assert [(group.name, [row.title for row in group.rows]) for group in page.context["due"]] == [
        ("late", ["Due late"]),
        ("today", ["Due today"]),
        ("week", ["Due week"]),
        ("later", ["Due later", "Due later too"]),
    ]


@pytest.mark.parametrize("ahead", range(7))
def test_the_next_seven_days_stand_together_on_each_weekday(world: World, ahead: int) -> None:
    """On a Sunday, what was due on Monday stood under Later."""
    now = WEDNESDAY + timedelta(days=ahead)
    for days in range(1, 9):
        due_at(make_request(world.acme, title=f"In {days}"), now + timedelta(days=days))

    with time_machine.travel(now, tick=False):
        page = open_today(signed_in(world.alice))

    assert [(group.name, [row.title for row in group.rows]) for group in page.context["due"]] == [
        ("week", [f"In {days}" for days in range(1, 8)]),
        ("later", ["In 8"]),
    ]


def test_every_number_leads_to_exactly_its_rows(world: World) -> None:
    for name, at in DUE.items():
        for _number in range(2):
            due_at(make_request(world.acme, title=name), at)
    due_at(make_request(make_client("OTH", world.team, world.olga, world.quin)), DUE["late"])
    waiting = make_request(world.acme)
    reachable(world.acme)
    requests.ask(
        [waiting.pk], by=by(world.bob), at=WEDNESDAY, details=AskDetails(question="Which?")
    )
    browser = signed_in(world.alice)
    page = open_today(browser)

    groups = [*page.context["due"], beside(page, "client")]

    assert {group.name: len(refs_at(browser, group.url)) for group in groups} == {
        group.name: group.count for group in groups
    }
    assert [group.count for group in groups] == [2, 2, 2, 3, 1]


def test_a_client_keeps_us_waiting_since_the_question_and_not_since_the_last_change(
    world: World,
) -> None:
    asked = WEDNESDAY - timedelta(days=1)
    row = make_request(world.acme, at=asked)
    reachable(world.acme)
    requests.ask([row.pk], by=by(world.alice), at=asked, details=AskDetails(question="Which?"))
    requests.edit(
        [row.pk],
        by=by(world.alice),
        at=WEDNESDAY - timedelta(hours=1),
        details=EditRequestDetails(title="Another title"),
    )

    page = open_today(signed_in(world.alice))

    [(item, since)] = beside(page, "client").rows
    assert (item.ref, since) == (row.item.ref, asked)
    assert "waiting since yesterday" in words(page)


def test_it_tells_what_others_changed_since_the_visit_before(world: World) -> None:
    theirs, mine, before = [
        make_request(world.acme, at=WEDNESDAY - timedelta(days=1)) for _ in range(3)
    ]
    browser = signed_in(world.alice)
    requests.triage([before.pk], by=by(world.bob), at=WEDNESDAY - timedelta(hours=1))
    look_in(world.alice.pk, WEDNESDAY - timedelta(minutes=45))
    requests.triage([theirs.pk], by=by(world.bob), at=WEDNESDAY - timedelta(minutes=10))
    requests.triage([mine.pk], by=by(world.alice), at=WEDNESDAY - timedelta(minutes=10))

    page = open_today(browser)

    changed = beside(page, "changed")
    assert [(row.ref, row.changed_by) for row in changed.rows] == [(theirs.item.ref, "Bob")]
    assert refs_at(browser, changed.url) == {theirs.item.ref}


def test_looking_again_soon_is_the_same_visit(world: World) -> None:
    times = [
        look_in(world.alice.pk, WEDNESDAY + timedelta(minutes=minutes))
        for minutes in (0, 10, 39, 70, 80, 60)
    ]

    assert times == [
        None,
        None,
        None,
        WEDNESDAY + timedelta(minutes=39),
        *[WEDNESDAY + timedelta(minutes=39)] * 2,
    ]
    assert Visit.objects.get().seen_at == WEDNESDAY + timedelta(minutes=80)


def test_on_the_first_visit_nothing_counts_as_changed(world: World) -> None:
    requests.triage([make_request(world.acme).pk], by=by(world.bob), at=WEDNESDAY)

    assert beside(open_today(signed_in(world.alice)), "changed") is None


@pytest.mark.requirement("O9")
def test_it_announces_absences_of_people_i_back_up(world: World) -> None:
    make_request(world.acme), make_request(world.acme)
    for user, starts, ends in (
        (world.alice, -1, 2),
        (world.alice, 6, 9),
        (world.alice, 8, 9),
        (world.alice, -9, -8),
        (world.olga, -1, 2),
    ):
        Absence.objects.create(
            user=user,
            starts_at=WEDNESDAY + timedelta(days=starts),
            ends_at=WEDNESDAY + timedelta(days=ends),
        )
    browser = signed_in(world.bob)

    page = open_today(browser)

    rows = beside(page, "away").rows
    assert [(absence.user, absence.items) for absence, _url in rows] == [(world.alice, 2)] * 2
    assert refs_at(browser, rows[0][1]) == {"ACM-1", "ACM-2"}
    assert "away, back in 2 days" in words(page)
    assert "away from in 6 days" in words(page)
    Absence.objects.filter(user=world.olga).update(substitute=world.bob)
    assert world.olga in [row.user for row, _url in beside(open_today(browser), "away").rows]


def test_nothing_to_do_is_said_and_leads_on(world: World) -> None:
    page = open_today(signed_in(world.quin))

    assert "You have no open work. Look at everyone's work." in words(page)
    assert "create a request" in words(open_today(signed_in(world.alice)))
    assert "Nothing needs your attention" in words(page)


def test_work_that_is_due_is_not_followed_by_nothing_to_do(world: World) -> None:
    """Beside an overdue deliverable stood “Nothing needs your attention”."""
    row = due_at(make_request(world.acme), DUE["late"])
    WorkItem.objects.filter(pk=row.item_id).update(doer=world.cora)

    said = words(open_today(signed_in(world.cora)))

    assert "Nothing else needs your attention" in said
    assert "Nothing needs your attention" not in said


def test_the_number_of_queries_does_not_grow_with_the_work(world: World) -> None:
    browser = signed_in(world.alice)

    reachable(world.acme)

    def look() -> int:
        with CaptureQueriesContext(connection) as asked:
            open_today(browser)
        return len(asked)

    def more(count: int) -> None:
        for _number in range(count):
            for at in DUE.values():
                due_at(make_request(world.acme), at)
            waiting = make_request(world.acme)
            requests.ask(
                [waiting.pk], by=by(world.bob), at=WEDNESDAY, details=AskDetails(question="Which?")
            )

    look()
    more(1)
    few = look()
    more(4)

    assert look() == few <= 22


@pytest.mark.parametrize(
    "query",
    [
        "due=never",
        "of=nobody",
        "of=99999999999999999999",
        "changed=yesterday",
        "changed=2026-11-25T10:00",
        "changed=2026-99-99T10:00Z",
    ],
)
def test_a_filter_that_is_none_is_no_error(world: World, query: str) -> None:
    make_request(world.acme)

    assert (
        signed_in(world.alice).get(f"/admin/routing/workitem/?whose=mine&{query}").status_code
        == 200
    )


def test_a_hold_shows_beside_the_number_of_my_work(world: World) -> None:
    row = make_request(world.acme)
    make_request(world.acme)
    items.hold([row.item_id], by=by(world.alice), at=WEDNESDAY, reason="Budget")

    said = words(open_today(signed_in(world.alice)))

    assert "2 open items · 1 on hold" in said
