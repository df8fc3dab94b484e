"""Ringing never fails and never waits."""

from __future__ import annotations

from threading import Event
from time import monotonic, sleep
from typing import Any

import pytest
from kombu.exceptions import OperationalError

from integrations.base import doorbell
from integrations.base.doorbell import Doorbell


class Broker:
    """Stands for the Celery application: slow, or away for its first calls."""

    def __init__(self, slow_s: float = 0, away: int = 0) -> None:
        self.slow_s, self.away, self.calls, self.called = slow_s, away, [], Event()  # type: ignore[var-annotated]

    def send_task(self, name: str, **options: Any) -> None:
        self.calls.append((name, options["queue"]))
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


def test_many_rings_at_a_slow_broker_are_few_messages_and_nobody_waits(monkeypatch: pytest.MonkeyPatch):
    broker, bell = heard(monkeypatch, slow_s=0.2), Doorbell("some.task", "process")
    start = monotonic()

    for _ in range(100):
        bell.ring()

    assert monotonic() - start < 2  # waiting for each would take 20 s
    sleep(0.7)
    assert 1 <= len(broker.calls) <= 2


def test_a_broker_that_is_away_is_rung_again_next_time(monkeypatch: pytest.MonkeyPatch):
    broker, bell = heard(monkeypatch, away=1), Doorbell("some.task", "process")
    bell.ring()
    assert broker.called.wait(5)
    broker.called.clear()

    bell.ring()

    assert broker.called.wait(5)
    assert len(broker.calls) == 2
