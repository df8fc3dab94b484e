"""
One task a change: when it goes on, when it leaves the change alone, and what it sends after it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from celery.exceptions import Retry

from config.up import CHILDREN
from integrations.base import doorbell
from integrations.base.adapter import Permanent, Temporary
from integrations.base.doorbell import Call
from integrations.models import Connection, Outbound
from integrations.outbox.heads import BACKLOG, BULK, QUICK, SLOW, overdue
from integrations.outbox.take import AT_ONCE, attempt_s, lease_of, take
from integrations.tasks import HARD_S, SOFT_S
from integrations.tasks import deliver as task
from routing.work.operations.items import hold
from tests.integrations.inbox.senders import make_connection
from tests.integrations.outbox.remote import KIND, Shelf, send, state_of
from tests.world import NOW, World, by, make_request


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """The messages that were to be sent, instead of a broker."""
    heard: list[Call] = []
    monkeypatch.setattr(doorbell.outbound, "ring", heard.extend)
    return heard


@pytest.fixture
def retries(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """With what options the task asked Celery to run it again."""
    asked: list[dict[str, Any]] = []

    def retry(**options: Any) -> Retry:
        asked.append(options)
        return Retry(when=options["countdown"])

    monkeypatch.setattr(task, "retry", retry)
    return asked


@pytest.fixture
def quick(connection: Connection) -> Connection:
    connection.call_s = 0.1
    connection.save(update_fields=["call_s"])
    return connection


def came_by(queue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(task.request), "delivery_info", {"routing_key": queue}, raising=False)


def test_a_task_makes_one_attempt_for_its_own_change(connection: Connection, shelf: Shelf) -> None:
    one, _other = send(connection, "a", obj="thing:1") + send(connection, "b", obj="thing:2")

    task(outbound_id=one.pk)

    assert (state_of("a"), state_of("b")) == ("delivered", "pending")
    assert shelf.writes == ["a"]


@pytest.mark.parametrize("call_s", [0.1, 8.0])
def test_after_it_follow_the_next_of_the_object_and_the_next_of_the_connection(
    connection: Connection, calls: list[Call], call_s: float
) -> None:
    Connection.objects.update(call_s=call_s)
    first, second = send(connection, "a", "b", obj="thing:1")
    [other] = send(connection, "c", obj="thing:2")
    calls.clear()

    with time_machine.travel(NOW + timedelta(seconds=2), tick=False):
        task(outbound_id=first.pk)

    assert [call.outbound_id for call in calls] == [second.pk, other.pk]


def test_a_quick_connection_does_not_repeat_messages_that_were_only_just_sent(
    connection: Connection, calls: list[Call]
) -> None:
    first, second = send(connection, "a", "b", obj="thing:1")
    send(connection, "c", obj="thing:2")
    calls.clear()

    with time_machine.travel(NOW + timedelta(seconds=1.9), tick=False):
        task(outbound_id=first.pk)

    assert [call.outbound_id for call in calls] == [second.pk]


@pytest.mark.parametrize("verb", ["later", "paused", "off", "finished"])
def test_what_may_not_be_sent_now_is_left_alone_and_not_tried_again(
    connection: Connection, shelf: Shelf, calls: list[Call], retries: list[Any], verb: str
) -> None:
    [row] = send(connection, "a")
    calls.clear()
    changes: dict[str, dict[str, Any]] = {
        "paused": {"paused_until": NOW + timedelta(seconds=1)},
        "off": {"is_active": False},
    }
    Connection.objects.filter(pk=connection.pk).update(**changes.get(verb, {"failures": 0}))
    if verb == "later":
        Outbound.objects.update(due_at=NOW + timedelta(seconds=1))
    if verb == "finished":
        task(outbound_id=row.pk)
    before = list(Outbound.objects.values())
    shelf.log.clear()

    task(outbound_id=row.pk)

    assert (shelf.log, calls, retries, list(Outbound.objects.values())) == ([], [], [], before)


def test_what_is_behind_another_or_on_hold_is_left_alone(
    connection: Connection, shelf: Shelf, world: World
) -> None:
    request = make_request(world.acme)
    hold([request.item_id], by=by(world.alice), at=NOW, reason="The client asked.")
    [held] = send(connection, "held", item_id=request.item_id, obj="thing:2")
    _first, second = send(connection, "a", "b", obj="thing:1")

    task(outbound_id=held.pk)
    task(outbound_id=second.pk)

    assert shelf.log == []


def test_a_number_that_is_no_longer_there_is_no_error(connection: Connection) -> None:
    task(outbound_id=1_000_000)


def test_a_connection_that_was_quick_is_called_by_many_at_once(quick: Connection) -> None:
    rows = [send(quick, f"a{number}", obj=f"thing:{number}")[0] for number in range(3)]

    assert all(take(row.pk, at=NOW) for row in rows)


def test_i1_one_connection_leaves_a_child_of_the_quick_worker_to_the_others(
    quick: Connection,
) -> None:
    rows = [send(quick, f"a{number}", obj=f"thing:{number}")[0] for number in range(AT_ONCE + 1)]

    taken = [take(row.pk, at=NOW) is not None for row in rows]

    assert taken == [*[True] * AT_ONCE, False]
    assert CHILDREN["worker-outbound"] > AT_ONCE


@pytest.mark.parametrize("call_s", [None, 1.0, 8.0])
def test_a_connection_that_is_slow_or_unknown_is_called_by_one_at_a_time(
    connection: Connection, call_s: float | None
) -> None:
    Connection.objects.update(call_s=call_s)
    rows = [send(connection, f"a{number}", obj=f"thing:{number}")[0] for number in range(2)]

    assert [take(row.pk, at=NOW) is not None for row in rows] == [True, False]


def test_a_call_that_has_run_for_a_second_makes_its_connection_slow_at_once(
    quick: Connection,
) -> None:
    rows = [send(quick, f"a{number}", obj=f"thing:{number}")[0] for number in range(2)]
    take(rows[0].pk, at=NOW)

    assert take(rows[1].pk, at=NOW + timedelta(seconds=1.5)) is None


def test_a_connection_is_slow_after_one_slow_call_and_quick_again_after_some_quick_ones(
    quick: Connection, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = iter([0.0, 8.0, *(float(tick) for tick in range(10, 40) for _ in range(2))])
    monkeypatch.setattr("integrations.base.health.monotonic", lambda: next(ticks))
    known = []
    for number in range(6):
        task(outbound_id=send(quick, f"a{number}", obj=f"thing:{number}")[0].pk)
        quick.refresh_from_db()
        known.append(quick.is_slow)

    assert known == [True, True, True, True, False, False]


def test_a_slow_connection_has_a_queue_of_its_own_and_one_message_at_a_time(
    connection: Connection, calls: list[Call], django_capture_on_commit_callbacks: Any
) -> None:
    Connection.objects.update(call_s=8.0)

    with django_capture_on_commit_callbacks(execute=True):
        send(connection, "a", obj="thing:1")
        send(connection, "b", obj="thing:2")

    assert {call.queue for call in calls} == {SLOW}
    [only] = overdue(NOW + timedelta(minutes=1))
    assert only.queue == SLOW


def test_a_change_in_the_quick_queue_of_a_connection_that_has_become_slow_is_sent_on(
    connection: Connection, shelf: Shelf, calls: list[Call], monkeypatch: pytest.MonkeyPatch
) -> None:
    [row] = send(connection, "a")
    Connection.objects.update(call_s=8.0)
    calls.clear()
    came_by(QUICK, monkeypatch)

    task(outbound_id=row.pk)

    assert (calls, shelf.log) == ([Call(row.pk, SLOW)], [])
    came_by(SLOW, monkeypatch)
    task(outbound_id=row.pk)
    assert state_of("a") == "delivered"


def test_i1_a_backlog_of_one_connection_is_not_in_front_of_another_connections_change(
    quick: Connection, calls: list[Call], world: World, django_capture_on_commit_callbacks: Any
) -> None:
    other = make_connection(KIND, world, slug="other")
    Connection.objects.update(call_s=0.1)
    calls.clear()

    with django_capture_on_commit_callbacks(execute=True):
        for number in range(BACKLOG):
            send(quick, f"a{number}", obj=f"thing:{number}")
        few = {call.queue for call in calls}
    with django_capture_on_commit_callbacks(execute=True):
        [late] = send(quick, "late", obj="thing:late")
        [elsewhere] = send(other, "b", obj="thing:1")

    assert few <= {QUICK}
    queues = {call.outbound_id: call.queue for call in calls}
    assert (queues[late.pk], queues[elsewhere.pk]) == (BULK, QUICK)
    assert list(queues.values()).count(BULK) == 1


def test_a_wait_of_up_to_a_minute_is_a_retry_with_the_rows_own_wait(
    connection: Connection, shelf: Shelf, retries: list[dict[str, Any]]
) -> None:
    shelf.before = [Temporary("The other side answered 429.", after_s=30)]
    [row] = send(connection, "a")

    with pytest.raises(Retry):
        task(outbound_id=row.pk)

    row = Outbound.objects.get(pk=row.pk)
    assert retries[0]["countdown"] == pytest.approx((row.due_at - NOW).total_seconds(), abs=0.2)
    assert retries[0]["countdown"] >= (row.due_at - NOW).total_seconds()
    assert task.max_retries is None


def test_a_longer_wait_stays_in_the_row(
    connection: Connection, shelf: Shelf, retries: list[Any]
) -> None:
    shelf.before = [Temporary("The other side answered 429.", after_s=61)]
    [row] = send(connection, "a")

    task(outbound_id=row.pk)

    assert (state_of("a"), retries) == ("retrying", [])


def test_what_failed_for_good_is_no_retry(
    connection: Connection, shelf: Shelf, retries: list[Any]
) -> None:
    shelf.before = [Permanent("No.")]
    [row] = send(connection, "a")

    task(outbound_id=row.pk)

    assert (state_of("a"), retries) == ("dead", [])


def test_beat_sends_only_what_nobody_came_for_in_ten_seconds(
    quick: Connection, calls: list[Call]
) -> None:
    rows = send(quick, "a", "behind", obj="thing:1") + send(quick, "b", obj="thing:2")
    calls.clear()

    with time_machine.travel(NOW + timedelta(seconds=9), tick=False):
        task()
    assert calls == []
    with time_machine.travel(NOW + timedelta(seconds=10), tick=False):
        task()

    assert [call.outbound_id for call in calls] == [rows[0].pk, rows[2].pk]


def test_beat_sends_no_more_than_may_be_sent_at_once(quick: Connection) -> None:
    for number in range(20):
        send(quick, f"a{number}", obj=f"thing:{number}")

    assert len(overdue(NOW + timedelta(minutes=1))) == 8
    Connection.objects.update(call_s=8.0)
    assert len(overdue(NOW + timedelta(minutes=1))) == 1


@pytest.mark.parametrize("files", [0, 1, 20])
def test_an_attempt_ends_before_its_task_is_stopped_and_before_its_lease(
    connection: Connection, files: int
) -> None:
    [row] = send(connection, "a")
    row.assets = [{}] * files

    assert attempt_s(row) < lease_of(row).total_seconds()
    assert attempt_s(row) < SOFT_S < HARD_S
    assert (task.soft_time_limit, task.time_limit) == (SOFT_S, HARD_S)
