"""A dead worker's leases end in seconds, and nothing that it may have sent is made twice."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from celery.exceptions import Retry

from integrations.base import doorbell
from integrations.base.adapter import Temporary
from integrations.base.doorbell import Call
from integrations.models import Connection, Outbound, WorkerBeat
from integrations.outbox import heartbeat as hearts
from integrations.outbox.heartbeat import Heartbeat, end_dead_leases
from integrations.outbox.take import take
from integrations.tasks import deliver as task
from tests.integrations.outbox.remote import Shelf, Time, deliver, outcomes_of, send, state_of
from tests.processes import until
from tests.world import NOW


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def worker(seen: float) -> WorkerBeat:
    """One that was last seen so many seconds after NOW."""
    return WorkerBeat.objects.create(pk=uuid4(), host="here", pid=1, seen_at=NOW + seconds(seen))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    heard: list[Call] = []
    monkeypatch.setattr(doorbell.outbound, "ring", heard.extend)
    return heard


def test_the_lease_of_a_dead_worker_ends_after_ten_seconds_and_that_of_a_living_one_does_not(
    connection: Connection,
) -> None:
    Connection.objects.update(call_s=0.1)
    dead, alive = worker(1), worker(10)
    [lost] = send(connection, "a", obj="thing:1")
    [held] = send(connection, "b", obj="thing:2")
    take(lost.pk, at=NOW, worker=dead.pk)
    take(held.pk, at=NOW, worker=alive.pk)

    assert end_dead_leases(NOW + seconds(10)) == []
    assert end_dead_leases(NOW + seconds(12)) == [lost.pk]
    assert end_dead_leases(NOW + seconds(12)) == []

    assert Outbound.objects.get(key="a").due_at == NOW + seconds(12)
    assert take(held.pk, at=NOW + seconds(12)) is None


def test_beat_sends_what_a_dead_worker_held_at_once(
    connection: Connection, calls: list[Call]
) -> None:
    [row] = send(connection, "a")
    take(row.pk, at=NOW, worker=worker(-60).pk)
    WorkerBeat.objects.update(seen_at=NOW - seconds(9.5))
    Outbound.objects.update(started_at=NOW - seconds(10))
    calls.clear()

    task()
    assert calls == []
    WorkerBeat.objects.update(seen_at=NOW - seconds(11))
    task()

    assert [call.outbound_id for call in calls] == [row.pk]


def test_what_the_dead_worker_had_done_is_found_and_not_made_again(
    connection: Connection, shelf: Shelf, time: Time
) -> None:
    [row] = send(connection, "a")
    taken = take(row.pk, at=NOW, worker=worker(1).pk)
    assert taken is not None
    shelf.objects["1"] = {"object": "thing:1", "content": {"title": "a"}, "changed": 1}
    end_dead_leases(time.on(seconds=12).now)

    assert deliver(time) == 1

    assert (state_of("a"), shelf.writes) == ("delivered", [])
    assert outcomes_of("a") == ["lost", "found"]


def test_what_is_not_there_is_made_only_once_nothing_can_still_arrive(
    connection: Connection, shelf: Shelf, time: Time
) -> None:
    [row] = send(connection, "a")
    take(row.pk, at=NOW, worker=worker(1).pk)
    end_dead_leases(time.on(seconds=12).now)

    deliver(time)
    assert (state_of("a"), shelf.writes) == ("unknown", [])
    due_at = Outbound.objects.get(key="a").due_at
    assert due_at >= NOW + seconds(1 + 10 + shelf.consistency_delay_s)
    assert deliver(time.on(seconds=(due_at - time.now).total_seconds() - 1)) == 0
    deliver(time.on(seconds=1))

    assert (state_of("a"), shelf.writes) == ("delivered", ["a"])
    connection.refresh_from_db()
    assert connection.failures == 0


def test_what_arrives_late_from_the_dead_worker_is_found(
    connection: Connection, shelf: Shelf, time: Time
) -> None:
    [row] = send(connection, "a")
    take(row.pk, at=NOW, worker=worker(1).pk)
    end_dead_leases(time.on(seconds=12).now)
    deliver(time)

    shelf.objects["7"] = {"object": "thing:1", "content": {"title": "a"}, "changed": 1}
    deliver(time.on(minutes=1))

    assert (state_of("a"), len(shelf.objects), shelf.writes) == ("delivered", 1, [])


def test_what_kills_every_worker_stops_also_with_looks_between_the_deaths(
    connection: Connection, shelf: Shelf, time: Time
) -> None:
    [row] = send(connection, "a")
    for _ in range(5):
        beat = worker((time.now - NOW).total_seconds())
        assert take(row.pk, at=time.now, worker=beat.pk)
        end_dead_leases(time.on(seconds=12).now)
        deliver(time)
        time.on(hours=1)

    assert (state_of("a"), shelf.writes) == ("dead", [])
    assert outcomes_of("a").count("lost") == 5


def test_a_worker_of_the_version_before_keeps_what_it_took_after_the_death(
    connection: Connection,
) -> None:
    [row] = send(connection, "a")
    take(row.pk, at=NOW, worker=worker(1).pk)
    end_dead_leases(NOW + seconds(12))
    again = NOW + seconds(13)
    Outbound.objects.update(
        started_at=again, due_at=again + seconds(180), leased_until=again + seconds(180)
    )

    assert end_dead_leases(again + seconds(1)) == []


def test_rows_of_workers_long_gone_are_swept(connection: Connection) -> None:
    old, recent = worker(-3700), worker(-60)

    end_dead_leases(NOW)

    assert list(WorkerBeat.objects.values_list("pk", flat=True)) == [recent.pk]
    assert old.pk != recent.pk


def test_a_task_that_celery_runs_holds_its_lease_in_the_name_of_a_beating_process(
    connection: Connection, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = uuid4()
    shelf.before = [Temporary("Busy.")]
    monkeypatch.setattr(hearts.heart, "beating", lambda: made)
    monkeypatch.setattr(task, "retry", lambda **options: Retry(when=options["countdown"]))
    [row] = send(connection, "a")

    task.apply(kwargs={"outbound_id": row.pk})

    assert Outbound.objects.get(key="a").worker == made


@pytest.mark.real_clock
@pytest.mark.django_db(transaction=True)
def test_a_heart_beats_while_its_process_waits_and_has_one_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hearts, "EVERY_S", 0.1)
    heart = Heartbeat()
    try:
        number = heart.beating()
        first = WorkerBeat.objects.get(pk=number).seen_at
        assert heart.beating() == number
        until(lambda: WorkerBeat.objects.get(pk=number).seen_at > first, "It never beat.")
    finally:
        heart.stop()

    assert WorkerBeat.objects.count() == 1
