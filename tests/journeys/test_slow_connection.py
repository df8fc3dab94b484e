"""
A system outside that answers slowly, or not at all, holds nobody else up; nor does a worker that
dies over a call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from statistics import quantiles
from threading import Event as Gate
from time import monotonic, sleep
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from config.up import ALONE, CHILDREN, WORKERS
from demo.sandbox.crm import CRM, Stored
from integrations.base import doorbell
from integrations.models import Attempt, Connection, Outbound
from integrations.outbox.crm import VERB
from integrations.outbox.enqueue import NewMessage, enqueue
from routing.people.actors import Actor
from tests.integrations.conftest import Sandbox
from tests.integrations.inbox.senders import make_connection
from tests.journeys.flight import Flight, forget
from tests.processes import BEATING, CELERY, WORKER, beat_every_second, running, until
from tests.world import World

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.real_clock,
    pytest.mark.drill,
]

BACKLOG = 200
ANSWERS_AFTER_S, NEVER_S = 8.0, 60.0
LEASE_S = 180.0
LANES = {name: queues for name, queues in WORKERS.items() if "outbound" in queues}
OURS = [
    [*CELERY, "worker", "-n", f"{name}@%h", "-Q", queues, "-c", str(CHILDREN[name]), *ALONE]
    for name, queues in LANES.items()
]


@dataclass
class Slow(CRM):
    """A CRM whose answers to writes wait, until it is told to stop."""

    delay_s: float = ANSWERS_AFTER_S
    over: Gate = field(default_factory=Gate)

    def update(self, object_type: str, key: str, body: Mapping[str, Any], author: str) -> Stored:
        self.over.wait(self.delay_s)
        return super().update(object_type, key, body, author)


class Sides:
    """A slow system and a quick one, and what is to be told to them."""

    def __init__(self, world: World) -> None:
        self.slow, self.quick = Sandbox(Slow), Sandbox()
        self.connections = [
            make_connection("hubspot", world, slug=name, base_url=side.url)
            for name, side in (("slow", self.slow), ("quick", self.quick))
        ]
        self._numbers = count(1)

    def tell(self, side: Sandbox, connection: Connection, number: int = 1) -> None:
        deals = [side.deal() for _ in range(number)]
        content = {"properties": {"throughline_state": "routed"}}
        wanted = [
            NewMessage(
                connection.pk,
                f"change-{next(self._numbers)}",
                VERB,
                f"deal:{deal}",
                content,
                remote_id=deal,
            )
            for deal in deals
        ]
        with transaction.atomic():
            enqueue(wanted, by=Actor.system(), at=timezone.now())

    def others(self, number: int) -> list[float]:
        """
        Tell the quick side something again and again; how long each took until it was delivered.
        """
        first = Outbound.objects.latest("pk").pk
        for _ in range(number):
            self.tell(self.quick, self.connections[1])
            sleep(0.2)  # they come one by one, as they do in life
        mine = Outbound.objects.filter(pk__gt=first, connection=self.connections[1])
        until(
            lambda: not mine.exclude(state="delivered").exists(), "The quick side was never told."
        )
        return [
            (row.delivered_at - row.created_at).total_seconds() for row in mine if row.delivered_at
        ]

    def stop(self) -> None:
        assert isinstance(self.slow.crm, Slow)
        self.slow.crm.over.set()
        self.slow.stop()
        self.quick.stop()


@pytest.fixture
def sides(committed_world: World) -> Iterator[Sides]:
    beat_every_second()
    forget()
    made = Sides(committed_world)
    yield made
    made.stop()
    forget()


def p95(seconds: list[float]) -> float:
    return quantiles(seconds, n=20)[-1]


def test_a_connection_that_answers_after_eight_seconds_or_never_leaves_the_others_quick(
    sides: Sides,
) -> None:
    crm = sides.slow.crm
    assert isinstance(crm, Slow)
    with running(*OURS, BEATING):
        sides.tell(sides.slow, sides.connections[0], BACKLOG)
        until(
            lambda: Outbound.objects.filter(
                state="leased", connection=sides.connections[0]
            ).exists(),
            "Nobody called the slow side.",
        )
        while_slow = sides.others(60)

        crm.delay_s = NEVER_S
        until(
            lambda: Attempt.objects.filter(outcome="unknown").exists(), "No call was ever cut off."
        )
        while_cut_off = sides.others(60)

    assert p95(while_slow) < 2
    assert p95(while_cut_off) < 2
    slow = Outbound.objects.filter(connection=sides.connections[0])
    assert slow.filter(state="delivered").exists()
    longest = max(
        (each.ended_at - each.started_at).total_seconds()
        for each in Attempt.objects.filter(outcome="unknown")
    )
    assert longest < 15  # a call has ten seconds


def test_a_worker_killed_over_a_call_leaves_its_change_to_another_within_seconds(
    flight: Flight, monkeypatch: pytest.MonkeyPatch
) -> None:
    for bell in (doorbell.process, doorbell.outbound):
        monkeypatch.setattr(bell, "ring", lambda *_: None)
    with running(WORKER, BEATING) as [worker, _beat]:
        with flight.in_the_air():
            worker.kill()
            began = monotonic()
        with running(WORKER):
            flight.land("What the dead worker held was never sent.")

    assert monotonic() - began < LEASE_S / 2
    assert set(Attempt.objects.values_list("outcome", flat=True)) >= {"lost"}
    flight.check(written=2)
