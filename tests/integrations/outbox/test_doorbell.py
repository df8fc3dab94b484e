"""Ringing never fails and never waits."""

from __future__ import annotations

from itertools import pairwise
from threading import Event
from time import monotonic, sleep
from typing import Any

import pytest
from kombu.exceptions import OperationalError

from integrations.base import doorbell
from integrations.base.doorbell import Call, Doorbell, OutboxBell
from tests.processes import until


class Broker:
    """Stands for the Celery application: slow, or away for its first calls."""

    def __init__(self, slow_s: float = 0, away: int = 0) -> None:
        self.slow_s, self.away, self.calls, self.called = slow_s, away, [], Event()  # type: ignore[var-annotated]
        self.sent: list[dict[str, Any]] = []
        self.instants: list[float] = []

    def send_task(self, name: str, **options: Any) -> None:
        self.instants.append(monotonic())
        self.calls.append((name, options["queue"]))
        self.sent.append(options)
        sleep(self.slow_s)
        self.called.set()
        if len(self.calls) <= self.away:
            raise OperationalError("redis://:password@broker is away")


def heard(monkeypatch: pytest.MonkeyPatch, **options: Any) -> Broker:
    broker = Broker(**options)
    monkeypatch.setattr(doorbell, "current_app", broker)
    return broker


def test_a_ring_sends_the_task_to_its_queue(monkeypatch: pytest.MonkeyPatch):
    broker = heard(monkeypatch)

    Doorbell("some.task", "process").ring()

    assert broker.called.wait(5)
    assert broker.calls == [("some.task", "process")]


def test_many_rings_at_a_slow_broker_are_few_messages_and_nobody_waits(
    monkeypatch: pytest.MonkeyPatch,
):
    broker, bell = heard(monkeypatch, slow_s=0.2), Doorbell("some.task", "process")
    start = monotonic()

    for _ in range(100):
        bell.ring()

    assert monotonic() - start < 10  # waiting for each would take 20 s
    sleep(0.7)
    assert 1 <= len(broker.calls) <= 2


def test_a_storm_of_rings_is_one_message_a_pause(monkeypatch: pytest.MonkeyPatch):
    broker, bell = heard(monkeypatch), Doorbell("some.task", "process")
    start = monotonic()

    while len(broker.instants) < 4:
        assert monotonic() - start < 5
        bell.ring()
        sleep(0.001)  # lets the bell's thread run, as requests do between two rings

    apart = [late - early for early, late in pairwise(broker.instants)]
    assert min(apart) >= doorbell.PAUSE_S


def test_a_ring_during_the_pause_is_not_lost(monkeypatch: pytest.MonkeyPatch):
    broker, bell = heard(monkeypatch), Doorbell("some.task", "process")
    bell.ring()
    assert broker.called.wait(5)

    bell.ring()

    until(lambda: len(broker.calls) == 2)


def test_a_broker_that_is_away_is_rung_again_next_time(monkeypatch: pytest.MonkeyPatch):
    broker, bell = heard(monkeypatch, away=1), Doorbell("some.task", "process")
    bell.ring()
    assert broker.called.wait(5)
    broker.called.clear()

    bell.ring()

    assert broker.called.wait(5)
    assert len(broker.calls) == 2


def test_each_change_is_a_message_in_its_queue(monkeypatch: pytest.MonkeyPatch):
    broker = heard(monkeypatch)

    OutboxBell("some.task").ring([Call(1, "outbound"), Call(2, "outbound-slow", 3.5)])

    until(lambda: len(broker.sent) == 2)
    told = [(each["kwargs"], each["queue"], each["countdown"]) for each in broker.sent]
    assert told == [
        ({"outbound_id": 1}, "outbound", None),
        ({"outbound_id": 2}, "outbound-slow", 3.5),
    ]


def test_the_first_error_of_the_broker_drops_the_rest_and_the_next_ring_is_heard(
    monkeypatch: pytest.MonkeyPatch,
):
    broker, bell = heard(monkeypatch, away=1), OutboxBell("some.task")
    bell.ring([Call(number, "outbound") for number in range(100)])
    assert broker.called.wait(5)

    bell.ring([Call(100, "outbound")])

    until(lambda: len(broker.sent) == 2)
    assert [each["kwargs"]["outbound_id"] for each in broker.sent] == [0, 100]


def test_nobody_waits_for_a_broker_that_takes_changes_slowly(monkeypatch: pytest.MonkeyPatch):
    broker = heard(monkeypatch, slow_s=0.3)

    OutboxBell("some.task").ring([Call(number, "outbound") for number in range(5)])

    assert len(broker.sent) < 5
    until(lambda: len(broker.sent) == 5)
