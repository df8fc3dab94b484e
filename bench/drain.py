"""
W5: captured events become validated, decided runs with request and brief; what must hold is asked
of what was measured.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Sequence
from statistics import quantiles
from typing import Any

from django.core.management import call_command
from django.utils.timezone import now

from bench import drain_checks, drain_limit, drain_naive, drain_set_orm, leads, report
from bench.drain_lag import lags
from bench.measure import OURS, Spread, quotients
from bench.workers import Worker, together, working
from bench.world import World
from config.embedded import postgres
from routing.runs.operations.advance import advance

NAIVE, SET_ORM, LIMIT = "naive", "set_orm", "limit"
AIMS = {NAIVE: 20.0, SET_ORM: 1.3, LIMIT: 0.33}
EVENTS = {OURS: 400, NAIVE: 16, SET_ORM: 400, LIMIT: 800}  # in each slice, at SCALE=1
SLICES = 2  # a repetition
PROCESSES = {1: "", 2: "_two_processes"}
LOAD = 0.7  # of what two processes can take, for the lag


def drain(_server: postgres.Postgres, *, repetitions: int, scale: float) -> dict[str, Any]:
    """W5: how fast captured events become owned briefs."""
    call_command("migrate", database="owner", verbosity=0)
    leads.make_agency()
    with working(2) as workers:
        for name in EVENTS:  # plans, caches and statements are warm before it counts
            for worker in workers:
                _slice(name, [worker], 50 if name != NAIVE else 4)
        checks = {name: _passes(check, workers) for name, check in drain_checks.ALL.items()}
        results = {many: _measured(workers[:many], repetitions, scale) for many in PROCESSES}
        seconds = lags(workers, LOAD * results[2]["items_per_s"][OURS].median, at_most=12 * scale)
        checks |= {name: _passes(check, workers) for name, check in drain_checks.AFTERWARDS.items()}
    for result in results.values():
        _say("\n" + report.table(result))
    figures: dict[str, Any] = {
        "lag_events": len(seconds),
        "lag_p50_s": _part(seconds, 50),
        "lag_p95_s": _part(seconds, 95),
    }
    ratios: dict[str, Any] = {}
    for many, suffix in PROCESSES.items():
        figures |= {
            f"{name}_events_per_s{suffix}": rate.figures
            for name, rate in results[many]["items_per_s"].items()
        }
        ratios |= {
            f"{name}{suffix}": ratio.figures for name, ratio in results[many]["ours_over"].items()
        }
    _say(
        f"Lag at {LOAD:.0%} of what two processes take: p50 {figures['lag_p50_s']} s, p95 "
        f"{figures['lag_p95_s']} s"
    )
    return {"workload": "drain", "figures": figures, "ratios": ratios, "checks": checks}


def _measured(workers: Sequence[Worker], repetitions: int, scale: float) -> dict[str, Any]:
    """
    Events a second of each contender, taking turns in shuffled slices; each repetition gives one
    ratio a pair.
    """
    rates: dict[str, list[float]] = {name: [] for name in EVENTS}
    for _ in range(repetitions):
        spent = dict.fromkeys(EVENTS, 0.0)
        many = {name: max(4, round(count * scale)) * len(workers) for name, count in EVENTS.items()}
        for name in random.sample(list(EVENTS) * SLICES, SLICES * len(EVENTS)):
            spent[name] += _slice(name, workers, many[name])
        for name, seconds in spent.items():
            rates[name].append(SLICES * many[name] / seconds)
    ratios = {name: quotients(rates[OURS], rates[name]) for name in AIMS}
    return {
        "workload": "W5",
        "title": "From captured events to owned briefs",
        "processes": len(workers),
        "repetitions": repetitions,
        "items_per_s": {name: Spread.of(values) for name, values in rates.items()},
        "ours_over": {name: Spread.of(values) for name, values in ratios.items()},
        "aims": AIMS,
        "stretch": dict.fromkeys(AIMS, 0),
    }


def _slice(name: str, workers: Sequence[Worker], many: int) -> float:
    """Seconds until nothing waits any more; capturing is not counted."""
    events = workers[0].do(leads.submit, many, now())
    began = time.perf_counter()
    if name == NAIVE:  # as a broker would, each event to one of them
        for place, worker in enumerate(workers):
            worker.start(drain_naive.handle, events[place :: len(workers)])
        for worker in workers:
            worker.answer()
    else:
        together(workers, TOGETHER[name])
    return time.perf_counter() - began


def ours(_world: World) -> None:
    advance(clock=now)


TOGETHER = {OURS: ours, SET_ORM: drain_set_orm.drain, LIMIT: drain_limit.drain}


def _passes(check: Callable[[Sequence[Worker]], None], workers: Sequence[Worker]) -> bool:
    try:
        check(workers)
    except AssertionError as error:
        _say(f"does not hold: {check.__name__}: {error}"[:2_000])
        return False
    _say(f"holds: {check.__name__.replace('_', ' ')}")
    return True


def _part(seconds: Sequence[float], percent: int) -> float:
    return round(quantiles(seconds, n=100)[percent - 1], 3)


def _say(words: str) -> None:
    sys.stderr.write(words + "\n")
    sys.stderr.flush()
