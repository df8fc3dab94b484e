"""Clocks as evidence: marks that nobody rewrites, and that say all that the clock says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.db import IntegrityError, InternalError, ProgrammingError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.requests.details import AnswerDetails, AskDetails
from delivery.requests.operations import requests
from routing.models import Clock, Escalation, SLAPolicy, WorkItem
from routing.people.actors import Actor
from routing.sla.explain_due import explain
from routing.sla.operations.clocks import follow, start
from routing.sla.timing import AGENCY, Cause, ClockTurn, Does, Mark, Terms, read
from routing.work.door import Operation
from routing.work.operations import items
from tests.clockwork import ZERO, at, fresh
from tests.portal import reachable
from tests.world import MONDAY, World, make_request

pytestmark = pytest.mark.stands_at(MONDAY)  # working hours of a week

W = WorkItem.WaitingOn


@pytest.mark.parametrize("table", ["routing_clockmark", "routing_clockterms"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET id = id"])
def test_marks_and_terms_are_append_only(
    world: World, policy: SLAPolicy, table: str, statement: str
) -> None:
    start([make_request(world.acme).item], policy, MONDAY)

    with (
        pytest.raises((ProgrammingError, InternalError)),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(table))


def test_the_database_refuses_a_clock_that_runs_and_rests(world: World, policy: SLAPolicy) -> None:
    request = make_request(world.acme)
    start([request.item], policy, MONDAY)

    for change in (
        {"paused_at": MONDAY},
        {"due_at": None},
        {"stopped_at": MONDAY},
        {"met_at": MONDAY, "breached_at": MONDAY},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Clock.objects.filter(item=request.item_id).update(**change)


def test_a_level_is_escalated_once(world: World, policy: SLAPolicy) -> None:
    [clock, *_] = start([make_request(world.acme).item], policy, MONDAY)
    Escalation.objects.create(clock_id=clock.id, level=Escalation.BREACH, due_at=MONDAY)

    with pytest.raises(IntegrityError), transaction.atomic():
        Escalation.objects.create(clock_id=clock.id, level=Escalation.BREACH, due_at=MONDAY)


def test_what_wakes_is_found_by_time(world: World, policy: SLAPolicy) -> None:
    request = make_request(world.acme)
    start([request.item], policy, MONDAY)

    both = ["first_look", "first_response"]
    assert [clock.purpose for clock in Clock.objects.waking(at(23, 11))] == both
    assert [clock.purpose for clock in Clock.objects.overdue(at(23, 11, 30))] == ["first_look"]
    assert sorted(clock.purpose for clock in Clock.objects.overdue(at(23, 11, 31))) == both
    assert not Clock.objects.overdue(at(23, 10, 30)).exists()


# -- Recomputation: what is stored is what the marks say --


TERMS = {
    "policy": {"name": "Standard", "slug": "standard", "version": 1},
    "purpose": "triage",
    "runs_in": [],
    "met_in": [],
    "hours": [
        {
            "name": "Agency",
            "zone": "Europe/London",
            "weekly": {
                day: ["09:00-12:30", "13:30-17:30"] for day in ("mon", "tue", "wed", "thu", "fri")
            },
            "holidays": {"2026-12-25": "Christmas Day"},
        }
    ],
}
turns = st.sampled_from(
    [
        ClockTurn(Does.RUN, AGENCY, Cause.WORK),
        ClockTurn(Does.PAUSE, W.CLIENT, Cause.WAITING),
        ClockTurn(Does.PAUSE, W.VENDOR, Cause.WAITING),
        ClockTurn(Does.PAUSE, W.AGENCY, Cause.HOLD),
    ]
)
ends = st.sampled_from(
    [None, ClockTurn(Does.STOP, AGENCY, Cause.MET), ClockTurn(Does.STOP, AGENCY, Cause.ENDED)]
)


@settings(max_examples=400)
@given(
    st.datetimes(datetime(2026, 3, 20), datetime(2027, 4, 5), timezones=st.just(UTC)),  # noqa: DTZ001 - the zone is added
    st.lists(st.tuples(turns, st.timedeltas(ZERO, timedelta(days=4))), min_size=1, max_size=12),
    ends,
    st.timedeltas(timedelta(seconds=1), timedelta(hours=60)),
)
def test_a_clock_read_from_its_marks_is_the_stored_one(
    started: datetime,
    history: list[tuple[ClockTurn, timedelta]],
    end: ClockTurn | None,
    target: timedelta,
) -> None:
    hours = Terms.read(TERMS).hours
    clock = Clock(target=target, warn_after=target * 3 / 4, started_at=started)
    marks: list[Mark] = []
    moment = started

    for turn, time in [*history, *([(end, ZERO)] if end else [])]:
        clock.take(turn, at=moment, hours=hours)
        marks.append(Mark(moment, turn))
        moment += time

    reading = read(marks, target, hours, clock.turned_at)
    later = read(marks, target, hours, moment)
    assert (reading.turn, reading.spent, reading.due_at) == (clock.turn, clock.spent, clock.due_at)
    assert (reading.breached_at, reading.met_at) == (clock.breached_at, clock.met_at)
    assert later.due_at == clock.due_at
    assert (
        sum(
            (
                stretch.worktime
                for stretch in later.stretches
                if stretch.runs and not stretch.expected
            ),
            ZERO,
        )
        == later.spent
    )
    assert sum(later.whose.values(), ZERO) == hours.between(started, clock.stopped_at or moment)


@pytest.mark.parametrize("seed", range(8))
def test_random_lives_of_a_request_leave_clocks_that_agree_with_their_marks(
    world: World, policy: SLAPolicy, seed: int
) -> None:
    chance, request, now = Random(seed), make_request(world.acme), MONDAY  # noqa: S311 - a repeatable life, no secret
    start([request.item], policy, MONDAY)
    reachable(world.acme)

    for _ in range(10):
        now += timedelta(seconds=chance.randrange(60 * 60 * 30))
        steps: list[tuple[Operation[Any], Any]] = [
            (requests.ask, AskDetails("?")),
            (requests.answer, AnswerDetails("!")),
            (items.hold, None),
            (items.resume, None),
        ]
        step, details = chance.choice(steps)
        pk = request.pk if details else request.item_id
        step([pk], by=Actor.system(), at=now, reason="x", details=details)
        follow([fresh(request)], now)

    for clock in Clock.objects.filter(item=request.item_id):
        explained = explain(clock, now)
        assert explained.agrees
        assert explained.reading.breached_at in {clock.breached_at, clock.due_at}
    running = Clock.objects.running().filter(item=request.item_id).order_by("due_at").first()
    assert fresh(request).next_due_at == (running.due_at if running else None)
