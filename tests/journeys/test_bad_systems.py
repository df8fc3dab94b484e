"""
Three systems outside go bad at once, with 200 changes waiting for each: one answers a byte every
half second, one answers 500 to one object, and one is down. Deals and changes of other systems go
on, counted where they arrive.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from statistics import quantiles
from time import monotonic, sleep
from typing import Any

import pytest
from django.apps import apps
from django.db import transaction
from django.utils import timezone

from config.queueing import beats
from config.up import ALONE, CHILDREN, WORKERS
from delivery.models import Brief
from demo.sandbox.crm import Stored, Wrong
from demo.sandbox.faults import FaultQueue, InjectedFault
from integrations.models import Attempt, Connection, Outbound
from integrations.outbox.crm import VERB
from integrations.outbox.enqueue import NewMessage, enqueue
from routing.models import Run, RunStep
from routing.people.actors import Actor
from tests.integrations.conftest import Sandbox
from tests.integrations.inbox.senders import make_connection, new_deal, send
from tests.journeys.flight import Flight, Register, flying, forget
from tests.processes import BEATING, CELERY, running, until
from tests.world import World

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.real_clock,
    pytest.mark.drill,
    pytest.mark.at_rest,
    pytest.mark.timeout(900),
]

BACKLOG, ARRIVING, PAUSE_S = 200, 40, 0.5
MOST_S = 2  # p95, for deals and for changes of others
OURS = [
    [*CELERY, "worker", "-n", f"{name}@%h", "-Q", queues, "-c", str(CHILDREN[name]), *ALONE]
    for name, queues in WORKERS.items()
]
DRIP = InjectedFault(200, b" " * 1000, drips_s=0.5)


@dataclass
class Timed(Register):
    """A CRM that remembers when each object was first written, and refuses some with 500."""

    first: dict[str, float] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    tries: Counter[str] = field(default_factory=Counter)

    def update(self, object_type: str, key: str, body: Mapping[str, Any], author: str) -> Stored:
        if key in self.refused:
            self.tries[key] += 1
            raise Wrong(500, "Could not store the value.")
        self.first.setdefault(key, monotonic())
        return super().update(object_type, key, body, author)


class Always(FaultQueue):
    """One fault without end."""

    def next(self, method: str) -> InjectedFault | None:
        return DRIP


class Systems:
    """The bad systems, a good one, and another one whose deals become briefs."""

    def __init__(self, world: World, flight: Flight) -> None:
        self.flight, self._numbers = flight, count(1)
        self.sides = {name: Sandbox(Timed) for name in ("dripping", "picky", "down", "good")}
        self.connections = {
            name: make_connection("hubspot", world, slug=name, base_url=side.url)
            for name, side in self.sides.items()
        }
        for side in self.sides.values():
            self.timed(side).gate.set()
        # They were quick until now, which is the worse case: nothing is known of their trouble.
        Connection.objects.update(call_s=0.1, last_ok_at=timezone.now())

    def timed(self, side: Sandbox) -> Timed:
        assert isinstance(side.crm, Timed)
        return side.crm

    def tell(self, name: str, number: int = 1) -> list[str]:
        connection, side = self.connections[name], self.sides.get(name)
        deals = [side.deal() if side else str(each) for each in range(1, number + 1)]
        content = {"properties": {"throughline_state": "routed"}}
        wanted = []
        for deal in deals:
            key = f"{name}-{next(self._numbers)}"
            wanted.append(
                NewMessage(connection.pk, key, VERB, f"deal:{deal}", content, remote_id=deal)
            )
        with transaction.atomic():
            enqueue(wanted, by=Actor.system(), at=timezone.now())
        return deals

    def landed(self) -> bool:
        return set(self.flight.deals) <= set(self.timed(self.flight.crm).first)

    def go_bad(self) -> None:
        self.sides["dripping"].crm.faults = Always()
        self.sides.pop("down").stop()

    def stop(self) -> None:
        for side in self.sides.values():
            side.stop()


@pytest.fixture
def systems(committed_world: World) -> Iterator[Systems]:
    beats.sync(apps)  # beat as it is, and not quicker: it must not be what is measured
    with flying(committed_world, Timed) as flight:
        made = Systems(committed_world, flight)
        yield made
        made.stop()
    forget()


def p95(seconds: list[float]) -> float:
    return quantiles(seconds, n=20)[-1]


def arriving(systems: Systems, good: Timed) -> Mapping[str, float]:
    """Let deals and changes arrive, and return the p95 of how long each way took, in seconds."""
    flight = systems.flight
    first, posted = len(flight.deals), list[tuple[float, datetime]]()
    told: dict[str, float] = {}
    for _ in range(ARRIVING):
        posted.append((monotonic(), timezone.now()))
        flight.post(1)
        told |= {deal: monotonic() for deal in systems.tell("good")}
        sleep(PAUSE_S)
    until(systems.landed, "A deal was never told.")
    until(lambda: set(told) <= set(good.first), "A change never arrived.")
    deals = flight.deals[first:]
    register = systems.timed(flight.crm)
    to_crm = [register.first[deal] - at for deal, (at, _) in zip(deals, posted, strict=True)]
    to_brief = owned_after(deals, [at for _, at in posted])
    others = [good.first[deal] - at for deal, at in told.items()]
    return {"brief": p95(to_brief), "crm": p95(to_crm), "others": p95(others)}


def test_three_bad_systems_harm_no_deal_and_no_change_of_another(systems: Systems) -> None:
    flight, good = systems.flight, systems.timed(systems.sides["good"])
    with running(*OURS, BEATING):
        flight.post(1)
        until(systems.landed, "The first deal was never told.")
        systems.go_bad()
        for name in ("dripping", "picky", "down"):
            deals = systems.tell(name, BACKLOG)
            if name == "picky":
                systems.timed(systems.sides[name]).refused.add(deals[0])
        for deal in range(1, 6):  # the dripping system has news of its own, too
            assert send(new_deal(deal), slug="dripping").status_code == 200
        for _ in range(3):  # another program may have had the processor meanwhile
            figures = arriving(systems, good)
            if max(figures.values()) < MOST_S:
                break
        until(
            lambda: Outbound.objects.filter(connection__slug="picky", state="dead").exists(),
            "The refused object was tried for ever.",
        )

    assert max(figures.values()) < MOST_S, figures
    only_their_own_trouble(systems)


def owned_after(deals: list[str], posted: list[datetime]) -> list[float]:
    briefs = {
        brief.item.run.subject_id: brief.item
        for brief in Brief.objects.select_related("item__run")
        if brief.item.run is not None
    }
    assert all(briefs[deal].owner_id for deal in deals)
    return [
        (briefs[deal].created_at - at).total_seconds()
        for deal, at in zip(deals, posted, strict=True)
    ]


def only_their_own_trouble(systems: Systems) -> None:
    picky = systems.timed(systems.sides["picky"])
    [dead] = Outbound.objects.dead()
    assert (dead.connection.slug, dead.remote_id) == ("picky", *picky.refused)
    assert dead.last_error == "The other side answered 500: Could not store the value."
    assert picky.tries[dead.remote_id] == 3
    assert len(picky.first) == BACKLOG - 1
    assert max(picky.writes.values()) == 1
    assert not Outbound.objects.filter(connection__slug="down", state="delivered").exists()
    assert Connection.objects.get(slug="down").paused_until is not None
    assert systems.timed(systems.sides["dripping"]).first == {}
    cut_off = Attempt.objects.filter(outbound__connection__slug="dripping")
    longest = max(each.ended_at - each.started_at for each in cut_off)
    assert longest < timedelta(seconds=15)  # a call has ten
    assert RunStep.objects.reading().unfinished().filter(run__source="dripping").count() == 5
    assert set(systems.flight.register.writes.values()) == {1}
    assert Run.objects.filter(source="hubspot-main", state="in_delivery").count() == len(
        systems.flight.deals
    )
