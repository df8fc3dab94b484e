"""Clocks follow the work: they start, pause, go on, are met or come late."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from threading import Barrier

import pytest
from django.db import connection
from django.db.models.signals import post_init
from django.test.utils import CaptureQueriesContext

from delivery.models import Request
from delivery.requests.details import AnswerDetails, AskDetails
from delivery.requests.operations import requests
from routing.models import Clock, ClockTerms, SLAPolicy, WorkItem
from routing.people.actors import Actor
from routing.sla.explain_due import explain
from routing.sla.operations.calendars import ensure_defaults
from routing.sla.operations.clocks import follow, start, stop
from routing.sla.timing import Cause, Does
from routing.work.operations import items as work
from tests.clockwork import HOUR, ZERO, at, clock_of, fresh
from tests.portal import reachable
from tests.threads import at_once
from tests.world import MONDAY, World, by, make_request

pytestmark = [
    pytest.mark.stands_at(MONDAY),  # working hours of a week
    pytest.mark.requirement("L3", "L8", "L9", "M8"),
]

W = WorkItem.WaitingOn


def test_a_request_starts_the_clocks_of_its_policy(world: World, policy: SLAPolicy) -> None:
    request = make_request(world.acme)

    started = start([request.item], policy, MONDAY)

    assert {clock.purpose: clock.due_at for clock in started} == {
        "first_look": at(23, 10, 30),
        "first_response": at(23, 11, 30),
        "triage": at(23, 17, 30),
        "resolution": at(23, 9, 30) + timedelta(days=14),
    }
    triage = clock_of(request)
    assert (triage.running_since, triage.warn_at, triage.wakes_at) == (
        MONDAY,
        at(23, 15, 30),
        at(23, 15, 30),
    )
    assert (triage.policy, triage.policy_version, triage.spent) == (policy, 1, ZERO)
    assert request.item.next_due_at == fresh(request).next_due_at == at(23, 10, 30)


def test_starting_twice_starts_once(world: World, policy: SLAPolicy) -> None:
    request = make_request(world.acme)
    start([request.item], policy, MONDAY, purposes={"triage"})

    again = start([request.item], policy, MONDAY + HOUR)

    assert {clock.purpose for clock in again} == {"first_look", "first_response", "resolution"}
    assert clock_of(request).started_at == MONDAY
    assert clock_of(request).marks.count() == 1


def test_items_of_one_batch_each_start_by_their_own_state(world: World, policy: SLAPolicy) -> None:
    waiting, ended, running = (make_request(world.acme) for _ in range(3))
    waiting.item.waiting_on, ended.item.is_open = W.CLIENT, False

    start([waiting.item, ended.item, running.item], policy, MONDAY, purposes={"triage"})

    assert (clock_of(waiting).paused_at, clock_of(waiting).waiting_on) == (MONDAY, W.CLIENT)
    assert (clock_of(running).running_since, clock_of(running).waiting_on) == (MONDAY, W.AGENCY)
    assert [mark.does for mark in clock_of(waiting).marks.all()] == [Does.PAUSE]
    assert [mark.does for mark in clock_of(running).marks.all()] == [Does.RUN]
    assert not Clock.objects.filter(item=ended.item_id).exists()
    assert (fresh(waiting).next_due_at, fresh(running).next_due_at) == (None, at(23, 17, 30))


def test_many_clocks_with_the_same_values_are_started_from_one_instance(
    world: World, policy: SLAPolicy
) -> None:
    items = [make_request(world.acme).item for _ in range(20)]
    instances: list[Clock] = []

    def count(instance: Clock, **_: object) -> None:
        instances.append(instance)

    post_init.connect(count, sender=Clock)
    try:
        started = start(items, policy, MONDAY)
    finally:
        post_init.disconnect(count, sender=Clock)

    assert len(started) == 80
    assert len(instances) == 4  # one for each purpose


def test_a_timebox_takes_the_place_of_the_targets_time(world: World, policy: SLAPolicy) -> None:
    one, other = make_request(world.acme), make_request(world.acme)

    start(
        [one.item, other.item],
        policy,
        MONDAY,
        purposes={"triage"},
        worktimes={one.item_id: timedelta(seconds=20)},
    )

    assert clock_of(one).due_at == MONDAY + timedelta(seconds=20)
    assert clock_of(other).due_at == at(23, 17, 30)
    assert ClockTerms.objects.count() == 1


def test_asking_the_client_is_a_first_look_and_pauses_the_rest(
    world: World, policy: SLAPolicy
) -> None:
    request = make_request(world.acme)
    reachable(world.acme)
    start([request.item], policy, MONDAY)

    requests.ask(
        [request.pk], by=by(world.alice), at=at(23, 11), details=AskDetails(question="Which pages?")
    )
    follow([fresh(request)], at(23, 11))

    look, triage = clock_of(request, "first_look"), clock_of(request)
    assert (look.stopped_at, look.breached_at, look.spent) == (
        at(23, 11),
        at(23, 10, 30),
        1.5 * HOUR,
    )
    # They can read the question in the portal.
    assert clock_of(request, "first_response").met_at == at(23, 11)
    assert (triage.paused_at, triage.waiting_on, triage.due_at, triage.wakes_at) == (
        at(23, 11),
        W.CLIENT,
        None,
        None,
    )
    assert fresh(request).next_due_at is None

    requests.answer(
        [request.pk], by=by(world.alice), at=at(24, 10), details=AnswerDetails(details="Home")
    )
    follow([fresh(request)], at(24, 10))

    triage = clock_of(request)
    assert (triage.running_since, triage.spent, triage.due_at) == (
        at(24, 10),
        1.5 * HOUR,
        at(24, 16, 30),
    )
    assert fresh(request).next_due_at == at(24, 16, 30)


def test_hold_pauses_and_resume_goes_on(world: World, policy: SLAPolicy) -> None:
    request = make_request(world.acme)
    start([request.item], policy, MONDAY, purposes={"triage"})

    work.hold([request.item_id], by=by(world.alice), at=at(23, 10), reason="Budget")
    follow([fresh(request)], at(23, 10))
    held = clock_of(request)
    work.resume([request.item_id], by=by(world.alice), at=at(23, 12))
    follow([fresh(request)], at(23, 12))

    assert (held.cause, held.waiting_on, held.paused_at) == (Cause.HOLD, W.AGENCY, at(23, 10))
    assert clock_of(request).due_at == at(24, 11)


def test_reaching_the_state_meets_the_target_and_a_late_one_is_a_breach(
    world: World, policy: SLAPolicy
) -> None:
    on_time, late = make_request(world.acme), make_request(world.acme)
    start([on_time.item, late.item], policy, MONDAY, purposes={"triage"})

    for request, when in ((on_time, at(23, 17, 30)), (late, at(23, 17, 31))):
        requests.triage([request.pk], by=by(world.alice), at=when)
        follow([fresh(request)], when)

    assert (clock_of(on_time).met_at, clock_of(on_time).breached_at) == (at(23, 17, 30), None)
    assert (clock_of(late).met_at, clock_of(late).breached_at) == (None, at(23, 17, 30))
    assert (
        clock_of(late).spent == clock_of(late).target
    )  # nobody worked in that minute, and yet it came too late


def test_work_that_ends_otherwise_ends_its_clocks_without_meeting_them(
    world: World, policy: SLAPolicy
) -> None:
    request = make_request(world.acme)
    start([request.item], policy, MONDAY)

    requests.cancel([request.pk], by=by(world.alice), at=at(23, 10), reason="No budget")
    follow([fresh(request)], at(23, 10))

    assert not Clock.objects.filter(stopped_at=None).exists()
    assert set(Clock.objects.values_list("cause", "met_at", "breached_at")) == {
        ("ended", None, None)
    }
    assert fresh(request).next_due_at is None


def test_a_breach_found_when_pausing_still_wakes_the_sweep(world: World, policy: SLAPolicy) -> None:
    request = make_request(world.acme)
    start([request.item], policy, MONDAY, purposes={"triage"})

    work.hold([request.item_id], by=by(world.alice), at=at(24, 12), reason="Budget")
    follow([fresh(request)], at(24, 12))
    paused = clock_of(request)
    work.resume([request.item_id], by=by(world.alice), at=at(24, 13))
    follow([fresh(request)], at(24, 13))

    assert (paused.breached_at, paused.due_at, paused.wakes_at) == (
        at(23, 17, 30),
        None,
        at(24, 12),
    )
    assert (clock_of(request).due_at, clock_of(request).wakes_at) == (at(23, 17, 30), at(24, 13))
    assert explain(clock_of(request), at(24, 14)).agrees


def test_a_first_response_by_telephone_stops_its_clock_alone(
    world: World, policy: SLAPolicy
) -> None:
    request = make_request(world.acme)
    start([request.item], policy, MONDAY)

    stopped = stop([request.item], "first_response", at(23, 10))
    again = stop([request.item], "first_response", at(23, 11))

    assert [clock.purpose for clock in stopped] == ["first_response"]
    assert again == []
    assert clock_of(request, "first_response").met_at == at(23, 10)
    assert clock_of(request).running_since == MONDAY
    assert fresh(request).next_due_at == at(23, 10, 30)


def test_a_parent_pauses_when_all_its_open_parts_wait_on_the_same_party(
    world: World, policy: SLAPolicy
) -> None:
    parent = make_request(world.acme)
    start([parent.item], policy, MONDAY, purposes={"resolution"})
    one, other = (make_request(world.acme, parent=parent.item) for _ in range(2))
    reachable(world.acme)

    def ask(child: Request, when: datetime) -> tuple[str, str]:
        requests.ask([child.pk], by=by(world.alice), at=when, details=AskDetails(question="?"))
        follow([fresh(child)], when)
        return clock_of(parent, "resolution").turn.does, clock_of(parent, "resolution").waiting_on

    assert ask(one, at(23, 10)) == (Does.RUN, W.AGENCY)
    assert ask(other, at(23, 11)) == (Does.PAUSE, W.CLIENT)
    requests.cancel([other.pk], by=by(world.alice), at=at(23, 12), reason="x")
    follow([fresh(other)], at(23, 12))
    assert clock_of(parent, "resolution").cause == Cause.CHILDREN
    requests.answer([one.pk], by=by(world.alice), at=at(23, 13), details=AnswerDetails(details="!"))
    follow([fresh(one)], at(23, 13))
    assert clock_of(parent, "resolution").running_since == at(23, 13)


def test_a_wall_clock_that_steps_back_turns_nothing_back(world: World, policy: SLAPolicy) -> None:
    request = make_request(world.acme)
    start([request.item], policy, at(23, 12), purposes={"triage"})

    work.hold([request.item_id], by=by(world.alice), at=at(23, 11), reason="x")
    follow([fresh(request)], at(23, 11))

    assert (clock_of(request).paused_at, clock_of(request).spent) == (at(23, 12), ZERO)
    assert [mark.at for mark in clock_of(request).marks.all()] == [at(23, 12), at(23, 12)]


def test_following_takes_the_same_few_statements_for_one_and_for_many(
    world: World, policy: SLAPolicy
) -> None:
    def count(act: Callable[..., object], *args: object) -> int:
        with CaptureQueriesContext(connection) as statements:
            act(*args)
        return len(statements)

    for number in (1, 30):
        made = [make_request(world.acme) for _ in range(number)]
        starting = count(start, [request.item for request in made], policy, MONDAY)
        behind_the_door = WorkItem.objects.filter(pk__in=[request.item_id for request in made])
        # The door would have followed by itself.
        behind_the_door.update(waiting_on=W.CLIENT, state="needs_information")
        items = list(behind_the_door)

        assert starting <= 6
        assert count(follow, items, at(23, 10)) == 2
        assert count(follow, items, at(23, 11)) == 1
    assert Clock.objects.filter(stopped_at=None, paused_at=at(23, 10)).count() == 93


def test_two_parts_that_begin_to_wait_at_once_pause_their_parent(committed_world: World) -> None:
    world, policy = committed_world, ensure_defaults(at=MONDAY)
    parent = make_request(world.acme)
    start([parent.item], policy, MONDAY, purposes={"resolution"})
    parts = [make_request(world.acme, parent=parent.item) for _ in range(2)]
    reachable(world.acme)

    at_once(
        [
            partial(
                requests.ask,
                [part.pk],
                by=Actor.system(),
                at=at(23, 10),
                details=AskDetails(question="?"),
            )
            for part in parts
        ]
    )

    assert (clock_of(parent, "resolution").cause, clock_of(parent, "resolution").waiting_on) == (
        Cause.CHILDREN,
        W.CLIENT,
    )


def test_two_who_start_at_once_start_one_clock(committed_world: World) -> None:
    request, policy = make_request(committed_world.acme), ensure_defaults(at=MONDAY)
    ready = Barrier(2)

    def begin(_: int) -> int:
        item = fresh(request)
        ready.wait(10)
        try:
            return len(start([item], policy, MONDAY))
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        started = list(pool.map(begin, range(2)))

    assert sum(started) == Clock.objects.count() == 4
    assert fresh(request).next_due_at == at(23, 10, 30)
