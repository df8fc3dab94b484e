"""
Valkey is a doorbell: whatever becomes of it, every deal is told once, and the workers come back by
themselves.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from config.embedded import identity, places, valkey
from integrations.base import doorbell
from tests.journeys.flight import Flight, flying
from tests.processes import BEATING, WORKER, Process, beat_every_second, running, until
from tests.world import World

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.real_clock,
    pytest.mark.drill,
]


class Broker:
    """A Valkey of the test's own, to be killed."""

    def __init__(self, folder: Path) -> None:
        self._server = valkey.Valkey(
            folder, places.socket_dir(identity.choose()) / "valkey", durable=False
        )
        self.url, self._log = self._server.url, folder.with_name("valkey.log")
        self.start()

    def start(self) -> None:
        self.process = valkey.wait(self._server, self._log)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def ask(self, *words: str) -> Any:
        with Redis.from_url(self.url) as client:
            return client.execute_command(*words)

    def cut(self) -> None:
        """Every connection to it, all at once."""
        self.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    def callers(self) -> int:
        with Redis.from_url(self.url) as client:
            return len(client.client_list()) - 1


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    made = Broker(tmp_path / "valkey")
    yield made
    made.kill()


@pytest.fixture
def flight(committed_world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flight]:
    for bell in (doorbell.process, doorbell.outbound):
        # The web's is tested apart; here beat alone wakes.
        monkeypatch.setattr(bell, "ring", lambda *_: None)
    beat_every_second()
    with flying(committed_world) as made:
        yield made


def test_a_broker_that_forgets_freezes_dies_or_hangs_up_loses_and_doubles_nothing(
    flight: Flight, broker: Broker
) -> None:
    """One start of worker and beat for four faults: each costs seconds."""
    with running(WORKER, BEATING, REDIS_URL=broker.url) as processes:
        it_forgets(flight, broker)
        it_hangs_up_again_and_again(flight, broker)
        it_dies(flight, broker)
        it_freezes(flight, broker, processes[0])

        assert [each.popen.poll() for each in processes] == [None, None]
    flight.check()


def it_forgets(flight: Flight, broker: Broker) -> None:
    with flight.in_the_air():
        broker.ask("FLUSHALL")
        flight.post(1)
    flight.land("Nothing went on after Valkey was flushed.")


def it_hangs_up_again_and_again(flight: Flight, broker: Broker) -> None:
    with flight.in_the_air():
        for _ in range(3):
            broker.cut()
            until(lambda: broker.callers() > 0, "Nobody called again.")
        flight.post(1)
    flight.land("Nothing went on after Valkey hung up.")


def it_dies(flight: Flight, broker: Broker) -> None:
    with flight.in_the_air():
        broker.kill()
        flight.post(1)
    broker.start()
    flight.land("Nothing went on after Valkey was killed and started again.")


def it_freezes(flight: Flight, broker: Broker, worker: Process) -> None:
    """For longer than anybody waits for an answer."""
    with flight.in_the_air():
        broker.signal(signal.SIGSTOP)
        flight.post(1)
    until(lambda: "Couldn't ack" in worker.said(), "The worker never gave up waiting.")
    broker.signal(signal.SIGCONT)
    flight.land("Nothing went on after Valkey was stopped and went on.")
