"""
Recipients of escalations: always someone who is present; and exceptions whose timebox ran out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pytest

from routing.kernel.reasons import Reason
from routing.models import (
    Absence,
    Clock,
    Escalation,
    Event,
    ExceptionCase,
    Notification,
    SLAPolicy,
    User,
    WorkItem,
)
from routing.people.actors import Actor
from routing.runs.operations import exceptions
from routing.sla.ladder import Level
from routing.sla.operations.calendars import ensure_defaults
from routing.sla.operations.clocks import start
from routing.sla.operations.escalate import PUSHED_BACK, escalate
from routing.work.creation import create
from routing.work.operations import items
from tests.clockwork import HOUR, at
from tests.ladders import LATE, RUNGS, WARNED, levels, started, sweep, told
from tests.threads import at_once
from tests.world import MONDAY, World, by

pytestmark = pytest.mark.stands_at(MONDAY)  # working hours of a week

NEXT_WEEK = at(30, 9)


def away(*people: User, until: datetime = NEXT_WEEK) -> None:
    for person in people:
        Absence.objects.create(user=person, starts_at=MONDAY, ends_at=until)


@pytest.mark.parametrize(
    ("gone", "instead"),
    [
        (["alice"], ["bob"]),
        (["alice", "bob"], ["cora"]),
        (["alice", "bob", "cora"], ["olga"]),
        (["alice", "bob", "cora", "olga"], ["ivan", "audrey"]),
        (["alice", "bob", "cora", "olga", "ivan"], ["audrey"]),
    ],
)
def test_whoever_is_away_is_not_told_but_the_next_one_above(
    agency: World, policy: SLAPolicy, gone: Sequence[str], instead: Sequence[str]
) -> None:
    clock = started(agency)
    away(*(getattr(agency, name) for name in gone))

    escalate(at=WARNED)

    assert told(clock) == [("warning", getattr(agency, name)) for name in instead]


def test_somebody_who_was_deactivated_is_never_told(agency: World, policy: SLAPolicy) -> None:
    clock = started(agency)
    sweep([WARNED, LATE + HOUR, RUNGS[0]])
    User.objects.filter(pk=agency.cora.pk).update(is_active=False)

    sweep([RUNGS[1]])

    assert told(clock)[-1] == ("escalation", agency.olga)


def test_when_nobody_at_all_is_there_it_waits_until_somebody_is(
    agency: World, policy: SLAPolicy
) -> None:
    clock = started(agency)
    away(*User.objects.staff(), until=at(24, 9))

    sweep([WARNED, WARNED + PUSHED_BACK])
    silent = told(clock), levels(clock)
    assert Clock.objects.troubled().get() == clock
    sweep([at(24, 9)])

    assert silent == ([], [])
    assert levels(clock) == [(0, WARNED, True), (1, LATE, False)]
    assert told(clock) == [("breach", agency.alice)]
    assert not Clock.objects.troubled().exists()


def test_whoever_stands_in_two_places_is_passed_over_in_the_higher_one(
    world: World, policy: SLAPolicy
) -> None:
    clock = started(
        world
        # Alice owns it and leads the team; Olga is operations lead and default owner, Bob backup
        # everywhere.
    )

    sweep([WARNED, LATE + HOUR, *RUNGS])

    assert [person for _, person in told(clock)] == [
        world.alice,
        world.alice,
        world.bob,
        world.olga,
        world.olga,
        world.bob,
        world.olga,
    ]


def test_a_clock_that_cannot_be_computed_is_pushed_back_and_the_others_go_on(
    world: World, policy: SLAPolicy
) -> None:
    broken, sound = started(world), started(world)
    # It says it was told, and the clock does not.
    Escalation.objects.create(clock=broken, level=0, due_at=WARNED)

    looked = escalate(at=WARNED)

    broken.refresh_from_db()
    assert looked == 1
    assert (broken.wakes_at, broken.trouble) == (WARNED + PUSHED_BACK, "IntegrityError")
    assert levels(sound) == [(0, WARNED, False)]
    assert told(broken) == []


def stopped_case(world: World) -> ExceptionCase:
    """A case of Alice's with a timebox of four working hours: late on Monday at 13:30."""
    item = WorkItem(
        title="A case", client=world.acme, team=world.team, owner=world.alice, backup=world.bob
    )
    [case] = create(
        [ExceptionCase(item=item, reason=Reason.DUPLICATE)], by=Actor.system(), at=MONDAY
    )
    start([case.item], SLAPolicy.objects.get(), MONDAY)
    return case


@pytest.mark.requirement("E6", "O4")
def test_an_exception_whose_time_ran_out_is_escalated_through_the_door(
    world: World, policy: SLAPolicy
) -> None:
    case = stopped_case(world)

    states = []
    for when in (at(23, 13), at(23, 13, 31), at(23, 13, 32)):
        escalate(at=when)
        states.append(ExceptionCase.objects.get(pk=case.pk).state)

    assert states == ["open", "escalated", "escalated"]
    assert case.history.latest("history_id").history_change_reason == "The timebox ran out."
    assert (
        Event.objects.filter(kind="routing.exceptioncase.escalate", item=case.item_id).count() == 1
    )


def test_an_exception_that_is_claimed_after_that_stays_claimed(
    world: World, policy: SLAPolicy
) -> None:
    case = stopped_case(world)
    escalate(at=at(23, 13, 31))

    exceptions.claim([case.pk], by=by(world.alice), at=at(23, 14))
    sweep([at(24, 9), at(24, 12)])

    assert ExceptionCase.objects.get(pk=case.pk).state == "claimed"
    assert Escalation.objects.filter(clock__item=case.item_id, level=Level.BACKUP).exists()


def test_an_exception_is_escalated_while_others_work_on_it(committed_world: World) -> None:
    ensure_defaults(at=MONDAY)
    cases = [stopped_case(committed_world) for _ in range(12)]
    ids, when = [case.pk for case in cases], at(23, 14)
    alice = by(committed_world.alice)

    at_once(
        [
            lambda: [escalate(at=when, chunk=5)],
            lambda: [escalate(at=when, chunk=5)],
            lambda: exceptions.claim(ids[::-1], by=alice, at=when),
            lambda: items.hold(
                [case.item_id for case in cases[::2]], by=alice, at=when, reason="Budget"
            ),
        ]
    )
    escalate(at=when)

    assert Escalation.objects.filter(level=Level.BREACH).count() == len(cases)
    # Claims and holds are told as well.
    assert Notification.objects.filter(words="breach").count() == len(cases)
