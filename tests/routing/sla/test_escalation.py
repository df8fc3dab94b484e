"""
Escalation of overdue and nearly overdue work: each level once, however many sweeps run or fail.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils.timezone import now

from delivery.requests.operations import requests
from routing.models import Escalation, Event, Notification, SLAPolicy, Target
from routing.sla.ladder import Level
from routing.sla.operations.calendars import ensure_defaults
from routing.sla.operations.clocks import start
from routing.sla.operations.escalate import escalate
from routing.tasks import escalate_clocks
from routing.work.operations import items
from tests.clockwork import HOUR, at
from tests.ladders import LATE, RUNGS, WARNED, WEEK, levels, started, sweep, told
from tests.threads import at_once
from tests.world import MONDAY, World, by, make_request

pytestmark = [
    pytest.mark.stands_at(MONDAY),  # working hours of a week
    pytest.mark.requirement("L4"),
]


def test_each_level_is_told_once_to_whoever_stands_there(agency: World, policy: SLAPolicy) -> None:
    clock = started(agency)

    sweep([when for when in WEEK if when < RUNGS[3] + timedelta(minutes=30)])
    sweep([RUNGS[3] + timedelta(minutes=30)])

    assert levels(clock) == [
        (level, due, False) for level, due in enumerate([WARNED, LATE, *RUNGS])
    ]
    assert told(clock) == [
        ("warning", agency.alice),
        ("breach", agency.alice),
        ("escalation", agency.bob),
        ("escalation", agency.cora),
        ("escalation", agency.olga),
        ("escalation", agency.ivan),
        ("escalation", agency.audrey),
    ]
    clock.refresh_from_db()
    assert (clock.warned_at, clock.breached_at, clock.due_at) == (at(23, 16), LATE, LATE)


def test_the_top_is_told_again_and_again(agency: World, policy: SLAPolicy) -> None:
    clock = started(agency)

    sweep(WEEK)

    assert [level for level, _, _ in levels(clock)] == list(range(10))
    assert {person for words, person in told(clock)[5:]} == {agency.ivan, agency.audrey}


def test_after_downtime_one_message_tells_of_the_highest_level(
    agency: World, policy: SLAPolicy
) -> None:
    clock = started(agency)

    escalate(at=at(24, 17, 1))
    escalate(at=at(24, 17, 1))

    assert levels(clock) == [
        (0, WARNED, True),
        (1, LATE, True),
        (2, RUNGS[0], True),
        (3, RUNGS[1], False),
    ]
    assert told(clock) == [("escalation", agency.cora)]
    assert list(
        Event.objects.filter(object_id=clock.pk, kind__startswith="routing.clock.").values_list(
            "kind", "to_state"
        )
    ) == [("routing.clock.escalate", "team_lead")]


def test_of_repeats_missed_in_a_long_downtime_only_the_newest_is_told(
    agency: World, policy: SLAPolicy
) -> None:
    Target.objects.update(escalate_every=timedelta(seconds=1))
    clock = started(agency)

    escalate(at=at(27, 12))

    assert [level for level, _, _ in levels(clock)][:6] == [0, 1, 2, 3, 4, 5]
    assert len(levels(clock)) == 7
    assert levels(clock)[-1][1:] == (at(27, 12), False)


def test_two_sweepers_at_once_tell_each_level_once(committed_world: World) -> None:
    policy = ensure_defaults(at=MONDAY)
    made = [make_request(committed_world.acme) for _ in range(60)]
    start([request.item for request in made], policy, MONDAY, purposes={"triage"})

    for when in (WARNED, LATE + HOUR):
        at_once([lambda when=when: escalate(at=when, chunk=7)] * 3)  # type: ignore[misc]

    assert Escalation.objects.count() == Notification.objects.count() == 120
    assert set(Escalation.objects.values_list("level", "caught_up")) == {(0, False), (1, False)}
    assert (
        Event.objects.filter(kind__in=["routing.clock.warn", "routing.clock.breach"]).count() == 120
    )


def test_two_beats_do_no_harm(committed_world: World) -> None:
    policy = ensure_defaults(at=MONDAY)
    start(
        [make_request(committed_world.acme).item],
        policy,
        now() - timedelta(days=30),
        purposes={"triage"},
    )

    at_once([escalate_clocks, escalate_clocks])
    before = Escalation.objects.count(), Notification.objects.count(), Event.objects.count()
    escalate_clocks()

    assert (
        Escalation.objects.count(),
        Notification.objects.count(),
        Event.objects.count(),
    ) == before
    assert Escalation.objects.filter(caught_up=False).count() == 1


def test_a_sweep_takes_what_another_one_left_in_the_same_instant(
    world: World, policy: SLAPolicy
) -> None:
    made = [make_request(world.acme) for _ in range(5)]
    start([request.item for request in made], policy, MONDAY, purposes={"triage"})

    assert escalate(at=WARNED, chunk=2) == 5
    assert escalate(at=WARNED, chunk=2) == 0


def test_what_is_finished_at_the_very_instant_it_is_due_is_not_late(
    world: World, policy: SLAPolicy
) -> None:
    clock = started(world)
    escalate(at=WARNED)

    escalate(at=LATE)
    requests.triage([clock.item.as_request.pk], by=by(world.alice), at=LATE)
    escalate(at=LATE + HOUR)

    clock.refresh_from_db()
    assert (clock.met_at, clock.breached_at, clock.wakes_at) == (LATE, None, None)
    assert [level for level, _, _ in levels(clock)] == [Level.WARNING]


@pytest.mark.parametrize(
    ("start_at", "late", "country"),
    [
        (
            datetime(2027, 3, 26, 16, 0, tzinfo=UTC),
            datetime(2027, 3, 29, 8, 0, tzinfo=UTC),
            "",
        ),  # Berlin loses an hour on 28 March
        (
            datetime(2028, 2, 28, 16, 0, tzinfo=UTC),
            datetime(2028, 2, 29, 9, 0, tzinfo=UTC),
            "DE",
        ),  # a leap day is a day
        (
            datetime(2026, 12, 31, 16, 0, tzinfo=UTC),
            datetime(2027, 1, 4, 9, 0, tzinfo=UTC),
            "DE",
        ),  # a holiday, then a weekend
    ],
)
def test_levels_are_right_through_daylight_saving_leap_days_and_new_year(
    world: World, start_at: datetime, late: datetime, country: str
) -> None:
    ensure_defaults(
        at=MONDAY, timezone="Europe/Berlin", country=country, region="BE" if country else ""
    )
    Target.objects.filter(purpose="first_response").update(escalate_every=HOUR, worktime=1.5 * HOUR)
    clock = started(world, "first_response", start_at)

    sweep([late + timedelta(seconds=1), late + HOUR, late + HOUR])

    assert [(level, due) for level, due, _ in levels(clock)][1:] == [(1, late), (2, late + HOUR)]


def test_a_clock_of_the_machine_that_steps_back_repeats_nothing(
    world: World, policy: SLAPolicy
) -> None:
    clock = started(world)

    sweep([WARNED, LATE + timedelta(seconds=1), LATE - HOUR, WARNED, LATE + timedelta(minutes=5)])

    assert [level for level, _, _ in levels(clock)] == [0, 1]
    assert len(told(clock)) == 2


def test_a_breach_that_pausing_found_is_told_though_nothing_runs(
    world: World, policy: SLAPolicy
) -> None:
    clock = started(world)
    items.hold([clock.item_id], by=by(world.alice), at=at(24, 12), reason="Budget")
    items.resume([clock.item_id], by=by(world.alice), at=at(24, 12, 5))
    items.hold([clock.item_id], by=by(world.alice), at=at(24, 12, 6), reason="Budget")

    sweep([at(24, 12, 10), at(25, 12)])

    assert levels(clock) == [(0, WARNED, True), (1, LATE, False)]
    # Holds are told as well, and resuming.
    ladder = [entry for entry in told(clock) if entry[0] not in {"held", "resumed"}]
    assert ladder == [("breach", world.alice)]


def test_a_rung_reached_before_a_pause_keeps_the_time_it_was_reached(
    agency: World, policy: SLAPolicy
) -> None:
    clock = started(agency)
    sweep([WARNED, LATE + HOUR])

    items.hold([clock.item_id], by=by(agency.alice), at=at(24, 14), reason="Budget")
    escalate(at=at(24, 14))

    assert levels(clock)[2:] == [(2, RUNGS[0], False)]
    clock.refresh_from_db()
    assert clock.wakes_at is None


def test_the_ladder_stands_still_while_the_clock_does(agency: World, policy: SLAPolicy) -> None:
    clock = started(agency)
    sweep([WARNED, LATE + HOUR])

    items.hold([clock.item_id], by=by(agency.alice), at=at(24, 10), reason="Budget")
    sweep([at(24, 14), at(24, 17)])
    items.resume([clock.item_id], by=by(agency.alice), at=at(25, 9))
    sweep([at(25, 9), at(25, 11, 59), at(25, 12)])

    assert levels(clock)[2:] == [(2, at(25, 12), False)]


def test_work_that_was_finished_is_told_of_no_more(world: World, policy: SLAPolicy) -> None:
    clock = started(world)
    escalate(at=LATE + HOUR)

    requests.reject([clock.item.as_request.pk], by=by(world.alice), at=LATE + HOUR, reason="No")
    sweep(WEEK[24:])

    assert [level for level, _, _ in levels(clock)] == [0, 1]
