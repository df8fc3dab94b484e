"""
7.

Outside effects are idempotent: a retry finds what an earlier attempt did, in order, under one
lease, whoever dies.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.db import connection as database

from integrations.adapters import registry
from integrations.base import doorbell
from integrations.base.adapter import Unknown, Written
from integrations.models import Attempt, Connection, Outbound
from integrations.outbox.results import AttemptResult, record_result
from integrations.tasks import deliver as task
from tests.integrations.inbox.senders import make_connection
from tests.integrations.outbox.remote import (
    KIND,
    Shelf,
    ShelfAdapter,
    Time,
    deliver,
    lease_all,
    outcomes_of,
    send,
    state_of,
    work_off,
)
from tests.threads import at_once
from tests.world import NOW, World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requirement("E14", "N2", "N3")]
OBJECTS, EACH = 20, 3


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    adapter = ShelfAdapter()
    adapter.shelves["shelf-main"] = Shelf()
    monkeypatch.setitem(registry._ADAPTERS, KIND, adapter)
    return adapter.shelves["shelf-main"]


@pytest.fixture
def connection(committed_world: World, monkeypatch: pytest.MonkeyPatch) -> Connection:
    # Nobody hears: what is lost in the broker is not needed.
    monkeypatch.setattr(doorbell.outbound, "ring", lambda _calls: None)
    if KIND not in registry._ADAPTERS:
        monkeypatch.setitem(registry._ADAPTERS, KIND, ShelfAdapter())
    return make_connection(KIND, committed_world)


def worker(folder: Path, *more: str) -> subprocess.Popen[str]:
    """A worker process on this test's database."""
    parts = database.settings_dict
    dsn = f"postgresql://{parts['USER']}:{parts['PASSWORD']}@/{parts['NAME']}?host={parts['HOST'].replace('/', '%2F')}"  # noqa: E501
    env = {**os.environ, "DATABASE_URL": dsn, "DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "-m", "tests.integrations.outbox.worker", str(folder), *more]
    started = subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )  # ours
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    return started


def there(folder: Path) -> list[dict[str, object]]:
    return [json.loads(path.read_text()) for path in folder.glob("*.json")]


@pytest.mark.timeout(180)
def test_a_worker_killed_between_the_commit_there_and_the_result_here_leaves_one_object(
    connection: Connection, tmp_path: Path
) -> None:
    send(connection, "a")

    with worker(tmp_path, "stall") as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == "committed\n"
        victim.kill()
    assert state_of("a") == "leased"
    with worker(tmp_path) as last:
        assert last.wait(timeout=120) == 0

    assert state_of("a") == "delivered"
    assert [each["writes"] for each in there(tmp_path)] == [["a"]]
    assert outcomes_of("a") == ["lost", "found"]


@pytest.mark.timeout(300)
def test_workers_killed_at_any_moment_write_every_object_once_and_in_order(
    connection: Connection, tmp_path: Path
) -> None:
    chance = random.Random(7)  # noqa: S311  # not for secrets
    for number in range(OBJECTS):
        send(connection, *(f"{number}-{place}" for place in range(EACH)), obj=f"thing:{number}")

    for _ in range(4):
        with worker(tmp_path) as victim:
            # The moment is the point; the test holds whenever it falls.
            time.sleep(chance.uniform(0.05, 0.5))
            victim.kill()
    with worker(tmp_path) as last:
        assert last.wait(timeout=200) == 0

    assert set(Outbound.objects.values_list("state", flat=True)) == {"delivered"}
    found = there(tmp_path)
    assert len(found) == OBJECTS
    for each in found:
        assert each["writes"] == [
            f"{str(each['object']).partition(':')[2]}-{place}" for place in range(EACH)
        ]


def test_a_result_without_the_newest_lease_is_not_written(
    connection: Connection, shelf: Shelf
) -> None:
    clock = Time()
    send(connection, "a")
    [slow] = lease_all(clock.now)
    # Leased, not begun: the version before does that.
    Outbound.objects.filter(pk=slow.row.pk).update(started_at=None)

    [quick] = lease_all(clock.on(minutes=10).now)
    written = record_result(slow, AttemptResult(written=Written("stale")), at=clock.now)
    Outbound.objects.filter(pk=quick.row.pk).update(leased_until=clock.now, due_at=clock.now)
    deliver(clock.on(minutes=10))

    assert not written
    assert Outbound.objects.get(key="a").remote_id == "1"
    assert "overtaken" in outcomes_of("a")


def test_two_workers_at_once_deliver_everything_once(connection: Connection, shelf: Shelf) -> None:
    for number in range(10):
        send(connection, f"{number}", obj=f"thing:{number}")

    at_once([lambda: deliver(Time())] * 3)

    assert sorted(shelf.writes) == sorted(str(number) for number in range(10))


def test_the_broker_may_forget_everything(
    connection: Connection, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(connection, "a", at=NOW - timedelta(days=2000))
    with current_app.connection_for_write() as broker:
        channel: Any = broker.default_channel
        # Of the queue; other tests share the broker.
        channel.client.delete("outbound", "unacked", "unacked_index")
    monkeypatch.setattr(doorbell.outbound, "ring", work_off)

    task()

    assert state_of("a") == "delivered"


def test_the_task_run_twice_changes_nothing_more(
    connection: Connection, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = send(connection, "a", "b", at=NOW - timedelta(days=2000))
    monkeypatch.setattr(doorbell.outbound, "ring", work_off)
    task()
    assert [state_of(key) for key in "ab"] == ["delivered", "delivered"]
    before = (
        list(Outbound.objects.order_by("pk").values()),
        list(Attempt.objects.values()),
        list(shelf.log),
    )

    task()
    for row in rows:
        task(outbound_id=row.pk)

    assert before == (
        list(Outbound.objects.order_by("pk").values()),
        list(Attempt.objects.values()),
        shelf.log,
    )


def test_an_intent_that_kills_its_workers_stops_after_a_few(
    connection: Connection, shelf: Shelf
) -> None:
    clock = Time()
    send(connection, "poison", "behind")
    row = Outbound.objects.get(key="poison")

    for _ in range(5):
        [taken] = lease_all(clock.on(minutes=10).now)
        Outbound.objects.filter(pk=row.pk).update(
            attempts=row.attempts + taken.lease.token, started_at=clock.now, begun_at=clock.now
        )
    deliver(clock.on(minutes=10))

    assert (state_of("poison"), state_of("behind")) == ("dead", "held")
    assert shelf.writes == []


def test_a_lost_answer_is_looked_up_and_not_repeated(connection: Connection, shelf: Shelf) -> None:
    clock = Time()
    shelf.after = [Unknown("No complete answer in time.")]
    send(connection, "a")

    deliver(clock)
    deliver(clock.on(minutes=1))

    assert state_of("a") == "delivered"
    assert shelf.writes == ["a"]
