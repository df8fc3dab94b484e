"""Backtest: a draft over a hundred thousand past events, and the same events one by one."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Mapping
from typing import Any

from django.core.management import call_command
from django.utils.timezone import now

from bench import leads, report
from bench.measure import Spread, quotients
from bench.world import World
from config.embedded import postgres
from routing.flows.files.tried import TriedVersion, tried_row
from routing.flows.models import FlowVersion
from routing.flows.operations import copy
from routing.flows.rules import Condition
from routing.kernel.sql import run as sql
from routing.runs import judged_runs
from routing.runs.backtest import Backtest, backtest
from routing.runs.decisions import Decision
from routing.runs.models import Enrichment, Run
from routing.runs.operations.advance import advance
from routing.work.items import WorkItem

EVENTS, REAL = 100_000, 1_000  # the others are copies of the real ones
ALONE = 1_000  # events that are decided one by one
WITHIN_S, MOST_MB = 60, 64
THRESHOLD = "1000"  # below every amount, so that the first rule takes all of them


def backtests(_server: postgres.Postgres, *, repetitions: int, scale: float) -> dict[str, Any]:
    """Measure a backtest of a draft and of the live version, and how much memory it takes."""
    call_command("migrate", database="owner", verbosity=0)
    leads.make_agency()
    world, wanted = World.made("BACKT"), max(REAL, round(EVENTS * scale))
    leads.submit(world, REAL, now())
    advance(clock=now)
    _copies(wanted // REAL - 1)
    many = Decision.objects.count()
    live = FlowVersion.objects.live().get()
    draft = tried_row(_draft(world, live))
    sys.stderr.write(f"{many} events\n")
    itself, _took = _timed(tried_row(live), many)
    before = _peak_mb()
    spent, alone, found = [], [], Backtest()
    for _ in range(repetitions):
        found, took = _timed(draft, many)
        spent.append(many / took)
        alone.append(ALONE / _one_by_one(draft))
    grown = _peak_mb() - before
    figures = {
        "events": many,
        "different": found.different,
        "ours_per_s": Spread.of(spent),
        "one_by_one_per_s": Spread.of(alone),
        "ours_s": Spread.of([many / each for each in spent]),
        "peak_mb": round(_peak_mb()),
        "grown_mb": round(grown, 1),
    }
    checks = {
        "the live version against itself differs in nothing": itself.different == 0,
        "the draft differs": 0 < found.different < many,
        f"{many} events within {WITHIN_S} s": many / min(spent) <= WITHIN_S,
        f"a second pass takes less than {MOST_MB} MB more": grown < MOST_MB,
    }
    return report.one("backtest", figures, {"one_by_one": _over(spent, alone)}, checks)


def _over(ours: list[float], others: list[float]) -> Spread:
    return Spread.of(quotients(ours, others))


def _timed(tried: TriedVersion, last: int) -> tuple[Backtest, float]:
    """Return the counts and the seconds. Differences are dropped: a caller would write them."""
    done, began = Backtest(), time.perf_counter()
    for page in backtest(tried, last):
        done.add(page)
        done.differences.clear()
    return done, time.perf_counter() - began


def _one_by_one(tried: TriedVersion) -> float:
    """Return the seconds that events take if each is read and decided alone."""
    usual = judged_runs.PAGE
    judged_runs.PAGE = 1
    try:
        return _timed(tried, ALONE)[1]
    finally:
        judged_runs.PAGE = usual


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _draft(world: World, live: FlowVersion) -> FlowVersion:
    draft = copy(live, by=world.by_system, at=now(), reason="Bench")
    Condition.objects.filter(rule__version=draft, field="deal.amount").update(value=THRESHOLD)
    return draft


def _copies(times: int) -> None:
    """Copy the runs with what was known and decided, so many times."""
    if times < 1:
        return
    step = 10 ** len(str(WorkItem.objects.latest("pk").pk + Decision.objects.latest("pk").pk))
    moved = {name: f"t.{name} + k * {step}" for name in ("id", "item_id", "run_id")}
    other = {name: f"t.{name} || 'x' || k" for name in ("ref", "subject_id")}
    # Without their runs, which come after them and name them.
    alone = {"parent_id": "NULL", "run_id": "NULL"}
    _copy(WorkItem, {**moved, **other, **alone}, times, "WHERE t.kind = 'run'")
    _copy(Run, {**moved, **other, "follows_id": "NULL"}, times)
    _copy(Enrichment, moved, times)
    _copy(Decision, moved, times)
    sql("ANALYZE routing_run, routing_workitem, routing_enrichment, routing_decision")


def _copy(model: Any, values: Mapping[str, str], times: int, where: str = "") -> None:
    columns = [field.column for field in model._meta.concrete_fields if not field.generated]
    chosen = ", ".join(values.get(name, f't."{name}"') for name in columns)
    named = ", ".join(f'"{name}"' for name in columns)
    sql(
        f"INSERT INTO {model._meta.db_table} ({named}) SELECT {chosen} "
        f"FROM {model._meta.db_table} t CROSS JOIN generate_series(1, {times}) k {where}"
    )
