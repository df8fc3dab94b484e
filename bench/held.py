"""
Held events: a flow that was off is switched on again, and new events come in while those that
waited are released.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from statistics import quantiles
from typing import Any

from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db.models import Max
from django.utils.timezone import now

from bench import leads, report
from bench.drain_lag import lags
from bench.workers import Worker, working
from bench.world import World
from config.embedded import postgres
from routing.flows.models import Flow
from routing.kernel.roles import Role
from routing.people.actors import Actor
from routing.runs.held_events import HeldEvent
from routing.runs.models import Run
from routing.runs.operations.advance import advance
from routing.runs.operations.switching import switch_off, switch_on

HELD = 10_000  # at SCALE=1
WITHIN_S = 60
NEW_PER_S = 10
PROCESSES = {"one_process": 1, "two_processes": 2}


def held(_server: postgres.Postgres, *, repetitions: int, scale: float) -> dict[str, Any]:
    """Measure how fast held events are released, and how long new ones take meanwhile."""
    call_command("migrate", database="owner", verbosity=0)
    leads.make_agency()
    figures: dict[str, Any] = {}
    checks = {}
    many = round(HELD * scale)
    with working(2) as workers:
        for worker in workers:  # plans, caches and statements are warm before it counts
            worker.do(_warm, 50)
        for name, processes in PROCESSES.items():
            figures[name] = _released(many, workers[:processes])
            checks[f"{name}: a run each"] = _has_a_run_each(many)
            sys.stderr.write(f"{name}: {figures[name]}\n")
    return report.one("held", figures, {}, checks)


def _released(many: int, workers: Sequence[Worker]) -> dict[str, Any]:
    flow, lead = Flow.objects.get(), _operations_lead()
    switch_off(flow.pk, by=lead, at=now(), reason="Bench")
    leads.send(many, now())
    advance(clock=now)
    began = now()
    switch_on(flow.pk, by=lead, at=began, reason="Bench")
    seconds = lags(workers, NEW_PER_S, at_most=many * WITHIN_S / HELD)
    processed = HeldEvent.history.filter(state=HeldEvent.State.PROCESSED)
    ended: datetime = processed.aggregate(last=Max("history_date"))["last"]
    took = (ended - began).total_seconds()
    return {
        "held": many,
        "released_in_s": round(took, 1),
        "per_s": round(many / took),
        "new_events": len(seconds),
        "new_p95_s": round(quantiles(seconds, n=20)[-1], 2),
    }


def _warm(world: World, many: int) -> None:
    leads.send(many, now())
    advance(clock=now)


def _has_a_run_each(many: int) -> bool:
    ours = HeldEvent.objects.filter(state=HeldEvent.State.PROCESSED).order_by("-pk")[:many]
    return Run.objects.filter(pk__in=[each.run_id for each in ours]).count() == many


def _operations_lead() -> Actor:
    lead = Flow.objects.get().owner
    lead.groups.add(Group.objects.get(name=Role.OPERATIONS))
    return Actor.of(type(lead).objects.get(pk=lead.pk))
