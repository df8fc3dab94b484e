"""Batches that a commit acknowledges, and leases with a token."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from routing.kernel.queues import (
    JITTER,
    Lease,
    Patience,
    backoff_s,
    batches,
    claim_batch,
    finish,
    lease,
    put_off,
)
from routing.kernel.sql import run
from routing.models import Outcome, RunStep
from tests.routing.kernel.steps import make_steps
from tests.threads import at_once
from tests.world import NOW, World, make_request

UNTIL = NOW + timedelta(minutes=3)
LATER = UNTIL + timedelta(minutes=1)
committed = pytest.mark.django_db(transaction=True)


def mark(at: datetime = NOW) -> Callable[[RunStep], bool]:
    def take(step: RunStep) -> bool:
        step.take(at=at, until=at + (UNTIL - NOW))
        step.save(update_fields=["lease", "attempts", "due_at", "started_at"])
        return True

    return take


def leased(step: RunStep, at: datetime = NOW) -> Lease | None:
    found = lease(RunStep.objects.due(at).filter(pk=step.pk), mark(at))
    return found[1] if found else None


def finished(held: Lease, at: datetime = NOW) -> bool:
    """What a worker does that comes back with a result."""
    with transaction.atomic():
        step = finish(RunStep.objects.unfinished(), held)
        if step is not None:
            step.finish(at=at)
            step.save()
    return step is not None


# -- Failing ---------------------------------------------------------------------------------------


@given(st.integers(1, 40), st.integers(1, 10**9))
def test_the_wait_doubles_up_to_a_bound_and_is_spread_by_a_fifth(attempts: int, key: int) -> None:
    middle = min(5.0 * 2 ** (attempts - 1), 1800.0)

    assert middle * (1 - JITTER) <= backoff_s(attempts, key=key) <= middle * (1 + JITTER)


def test_rows_that_fail_together_come_back_apart_and_each_always_at_the_same_moment() -> None:
    waits = [backoff_s(3, key=key) for key in range(50)]

    assert len(set(waits)) == 50
    assert waits == [backoff_s(3, key=key) for key in range(50)]


def test_who_says_when_to_come_back_is_asked_more_often() -> None:
    patience = Patience(12, invited=120)

    assert [patience.is_spent(each) for each in (11, 12)] == [False, True]
    assert [patience.is_spent(each, after_s=30) for each in (12, 119, 120)] == [False, False, True]
    assert Patience(8).is_spent(8, after_s=30)


def test_what_failed_waits_at_least_as_long_as_the_other_side_asks(world: World) -> None:
    [step] = make_steps(world, "due")

    put_off(RunStep.objects.all(), tried=1, key=step.pk, at=NOW, after_s=600, last_error="Busy.")

    step = RunStep.objects.get()
    assert (step.due_at, step.last_error) == (NOW + timedelta(seconds=600), "Busy.")


def test_what_another_worker_has_dealt_with_is_not_put_off(world: World) -> None:
    [step] = make_steps(world, "due")
    held = leased(step)
    assert held is not None
    leased(step, LATER)

    assert not put_off(held.of(RunStep.objects.all()), tried=1, key=step.pk, at=NOW)
    assert RunStep.objects.get().due_at == LATER + (UNTIL - NOW)


def test_what_was_tried_before_is_tried_alone() -> None:
    assert batches([(1, 0), (2, 3), (3, 0), (4, 1)]) == [[1, 3], [2], [4]]


# -- Batches ---------------------------------------------------------------------------------------


@committed
def test_rows_that_another_worker_is_at_are_left_to_it(committed_world: World) -> None:
    rows = make_steps(committed_world, *["due"] * 6)
    claimed, done = Event(), Event()

    def first() -> list[int]:
        with transaction.atomic():
            mine = claim_batch(RunStep.objects.filter(pk__in=[row.pk for row in rows[:4]]))
            claimed.set()
            assert done.wait(20)
        return mine

    def second() -> list[int]:
        assert claimed.wait(20)
        with transaction.atomic():
            mine = claim_batch(RunStep.objects.all())
        done.set()
        return mine

    assert at_once([first, second]) == [
        [row.pk for row in rows[:4]],
        [row.pk for row in rows[4:]],
    ]


@committed
def test_a_worker_that_dies_leaves_its_rows_to_the_next(committed_world: World) -> None:
    rows = make_steps(committed_world, "due", "due")

    with transaction.atomic():
        claim_batch(RunStep.objects.all())
        RunStep.objects.update(attempts=5)
        transaction.set_rollback(True)

    with transaction.atomic():
        assert claim_batch(RunStep.objects.filter(attempts=0)) == [row.pk for row in rows]


def test_a_batch_is_named_by_the_key_that_is_asked_for(world: World) -> None:
    [step, _] = make_steps(world, "due", "due")

    assert claim_batch(RunStep.objects.filter(pk=step.pk), key="run_id") == [step.run_id]


# -- Leases ----------------------------------------------------------------------------------------


def test_a_lease_has_a_token_an_end_and_an_attempt(world: World) -> None:
    [step] = make_steps(world, "due")

    held = leased(step)

    step = RunStep.objects.get()
    assert held == Lease(step.pk, 1)
    assert (step.lease, step.attempts, step.due_at, step.state) == (1, 1, UNTIL, "due")


def test_until_its_end_nobody_else_gets_a_lease(world: World) -> None:
    [step] = make_steps(world, "due")
    leased(step)

    assert leased(step, UNTIL - timedelta(seconds=1)) is None
    assert leased(step, UNTIL) == Lease(step.pk, 2)


@committed
def test_of_many_workers_at_once_one_gets_the_lease(committed_world: World) -> None:
    [step] = make_steps(committed_world, "due")

    found = at_once([lambda: leased(step)] * 6)

    assert [each for each in found if each] == [Lease(step.pk, 1)]
    assert RunStep.objects.get().attempts == 1


def test_a_row_that_is_not_wanted_after_all_is_left_as_it_was(world: World) -> None:
    [step] = make_steps(world, "due")

    assert lease(RunStep.objects.due(NOW), lambda _: False) is None
    assert RunStep.objects.values().get() == RunStep.objects.filter(pk=step.pk, lease=0).values()[0]


def test_in_the_transaction_of_a_caller_a_lease_is_one_read_and_one_write(world: World) -> None:
    [step] = make_steps(world, "due")

    with transaction.atomic(), CaptureQueriesContext(connection) as asked:
        leased(step)

    assert [each["sql"].split()[0] for each in asked] == ["SELECT", "UPDATE"]


def test_a_worker_that_was_overtaken_writes_nothing(world: World) -> None:
    [step] = make_steps(world, "due")
    dead, living = leased(step), leased(step, LATER)
    assert dead is not None
    assert living is not None

    assert not finished(dead)
    assert RunStep.objects.get().state == "due"
    assert finished(living)
    assert not finished(living), "a result is written once"


@committed
def test_a_worker_that_comes_back_while_another_takes_its_place_writes_nothing(
    committed_world: World,
) -> None:
    [step] = make_steps(committed_world, "due")
    dead = leased(step)
    assert dead is not None
    taken = Event()

    def overtakes() -> bool:
        with transaction.atomic():
            newer = leased(step, LATER)
            taken.set()
            wait_until_somebody_is_blocked()
        return newer == Lease(step.pk, 2)

    def comes_back() -> bool:
        assert taken.wait(20)
        return finished(dead)

    assert at_once([overtakes, comes_back]) == [True, False]
    assert RunStep.objects.get().state == "due"


def wait_until_somebody_is_blocked() -> None:
    blocked = """
        SELECT count(*) FROM pg_locks mine JOIN pg_locks theirs USING (transactionid)
        WHERE mine.pid = pg_backend_pid() AND mine.granted AND NOT theirs.granted"""
    ends = time.monotonic() + 20
    while run(blocked) == [(0,)]:
        assert time.monotonic() < ends, "it never waited"
        time.sleep(0.02)


def test_where_the_end_is_the_token_whoever_plans_anew_ends_the_lease(world: World) -> None:
    item = make_request(world.acme).item
    Outcome.objects.create(item=item, kind=Outcome.Kind.LIVE, expected_at=NOW, next_probe_at=NOW)

    def take(row: Outcome) -> bool:
        row.next_probe_at = UNTIL
        return bool(Outcome.objects.filter(pk=row.pk).update(next_probe_at=UNTIL))

    found = lease(Outcome.objects.due(NOW), take, column="next_probe_at")
    assert found is not None
    _row, held = found

    assert held.token == UNTIL
    assert finish(Outcome.objects.all(), held) is not None
    Outcome.objects.update(next_probe_at=NOW)
    assert finish(Outcome.objects.all(), held) is None
