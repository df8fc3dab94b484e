"""Figures of a large agency, counted live: those of dashboards, and each of the catalogue."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Any

from django.core.management import call_command
from django.utils.timezone import now

from bench import report
from bench.agency import LargeAgency
from bench.measure import Spread
from bench.seed import MILLION
from config.embedded import postgres
from routing.figures.catalogue import catalogue
from routing.figures.computing import compute
from routing.people.actors import Actor
from routing.people.staff import User

AIM_MS = 300


@dataclass(frozen=True, slots=True)
class Asked:
    """What a part of a dashboard asks for: figures of the last ``days``, by groups."""

    names: Sequence[str]
    by: Sequence[str]
    days: int


ASKED = {
    "load_by_owner": Asked(["open_work", "overdue_work"], ["owner"], 30),
    "ageing": Asked(["open_work_age_median", "open_work_age_p90"], ["kind"], 30),
    "compliance_by_week": Asked(["sla_compliance"], ["week"], 84),
    "compliance_by_client": Asked(["sla_compliance"], ["client"], 30),
    "compliance_by_month": Asked(["sla_compliance"], ["month"], 365),
    "breaches_by_week": Asked(["breaches"], ["week"], 84),
    "breaches_by_month": Asked(["breaches"], ["month"], 365),
    "exceptions_by_reason": Asked(["exceptions_opened", "exceptions_open"], ["reason"], 30),
    "time_in_state": Asked(["time_in_state_median"], ["kind", "state"], 30),
    "time_by_party": Asked(["time_by_party"], ["party"], 30),
    "outcome_rate_by_flow": Asked(["outcome_rate"], ["flow"], 30),
    "outcome_rate_by_month": Asked(["outcome_rate"], ["month"], 365),
    "cycle_time": Asked(["cycle_time_median"], ["kind"], 30),
    "first_response": Asked(["first_response_p90"], ["client"], 30),
    "hand_offs": Asked(["hand_offs"], ["from", "to"], 30),
}


def figures(server: postgres.Postgres, *, repetitions: int, scale: float) -> dict[str, Any]:
    """Time each part for somebody who sees all work, and for an account manager."""
    call_command("migrate", database="owner", verbosity=0)
    began = time.perf_counter()
    agency = LargeAgency.made(max(10_000, round(MILLION * scale)), server.url(postgres.SUPERUSER))
    shown: dict[str, Any] = {"rows": agency.rows, "load_s": round(time.perf_counter() - began)}
    checks: dict[str, bool] = {}
    for who, user in (("lead", agency.lead), ("manager", agency.manager)):
        spent = _parts(user, repetitions)
        shown |= {f"{name}_{who}_ms": Spread.of(times) for name, times in spent.items()}
        for name, times in spent.items():
            checks[f"{name} for the {who} under {AIM_MS} ms"] = median(times) < AIM_MS
    shown |= {f"{name}_ms": each for name, each in _each(agency.lead).items()}
    return report.one("figures", shown, {}, checks)


def _parts(user: User, repetitions: int) -> dict[str, list[float]]:
    spent: dict[str, list[float]] = {name: [] for name in ASKED}
    for asked in ASKED.values():
        _timed(user, asked)
    for _ in range(repetitions):
        for name in random.sample(list(ASKED), len(ASKED)):
            spent[name].append(_timed(user, ASKED[name]))
    return spent


def _each(user: User) -> dict[str, float]:
    """Return how long each figure of routing takes for the last 30 days, without groups."""
    ours = [each for each in catalogue() if each.rows.__module__.startswith("routing.")]
    return {each.name: _timed(user, Asked([each.name], [], 30)) for each in ours}


def _timed(user: User, asked: Asked) -> float:
    """Return the milliseconds that it takes."""
    until, start = now(), time.perf_counter()
    since = until - timedelta(days=asked.days)
    compute(asked.names, actor=Actor.of(user), by=asked.by, since=since, until=until)
    return round((time.perf_counter() - start) * 1000, 1)
