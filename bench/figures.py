"""
Figures of a large agency: what dashboards ask for, as it is answered, counted live and from
materialized views; what the roll-ups cost; and each figure of the catalogue by itself.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Any

import psycopg
from django.core.management import call_command
from django.utils.timezone import now

from bench import report
from bench.agency import LargeAgency
from bench.measure import Spread, quotients
from bench.seed import MILLION
from config.embedded import postgres
from routing.figures.apart import Apart
from routing.figures.catalogue import catalogue
from routing.figures.computing import compute
from routing.figures.operations.rollups import rebuild, refresh
from routing.figures.sources import SOURCES
from routing.figures.spans import Span
from routing.people.actors import Actor
from routing.people.staff import User
from routing.sla.calendars import agency_zone

AIM_MS = 300  # for each figure of a part
MOMENT = timedelta(microseconds=1)
TOUCHED = 1000  # work items that change before a refresh, each once
# As a change of the newest work writes it, and so that each day of the last half year is touched.
TOUCH = f"""
    INSERT INTO routing_event (kind, source, digest, item_id, object_id, from_state, to_state,
        actor_id, at)
    SELECT 'delivery.request.edit', 'throughline', '', id, id, state, state, owner_id, now()
    FROM routing_workitem WHERE id > %(rows)s * %(from)s ORDER BY hashint8(id) LIMIT {TOUCHED}"""


@dataclass(frozen=True, slots=True)
class Asked:
    """Question of a part of a dashboard: figures of the last ``days``, by groups."""

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
    superuser = server.url(postgres.SUPERUSER)
    agency = LargeAgency.made(max(10_000, round(MILLION * scale)), superuser)
    shown: dict[str, Any] = {"rows": agency.rows, "load_s": round(time.perf_counter() - began)}
    kept, checks = _kept(agency, superuser)
    shown |= kept
    ratios: dict[str, Spread] = {}
    for who, user in (("lead", agency.lead), ("manager", agency.manager)):
        spent = _parts(user, repetitions)
        for name, (ours, live) in spent.items():
            shown |= {f"{name}_{who}_ms": Spread.of(ours), f"{name}_{who}_live_ms": Spread.of(live)}
            ratios[f"live_{name}_{who}"] = Spread.of(quotients(live, ours))
            each = median(ours) / len(ASKED[name].names)
            checks[f"{name} for the {who}: each figure under {AIM_MS} ms"] = each < AIM_MS
    shown |= {f"{name}_ms": each for name, each in _each(agency.lead).items()}
    return report.one("figures", shown, ratios, checks)


def _kept(agency: LargeAgency, superuser: str) -> tuple[dict[str, Any], dict[str, bool]]:
    """Measure the making and keeping of roll-ups beside materialized views of the same rows."""
    shown: dict[str, Any] = {}
    with psycopg.connect(superuser, autocommit=True) as session:
        views = _views(session)
        for name, statements in (("made", views), ("refreshed", _again(views))):
            start = time.perf_counter()
            for each in statements:
                session.execute(each)
            shown[f"views_{name}_s"] = _since(start)
        start = time.perf_counter()
        made = rebuild(at=now())
        shown |= {"rebuild_s": _since(start), "roll_ups": made.rows}
        session.execute("VACUUM ANALYZE routing_rollup")
        start = time.perf_counter()
        again = rebuild(at=now())
        shown["rebuild_again_s"] = _since(start)
        start = time.perf_counter()
        refresh(at=now())
        shown["refresh_of_nothing_s"] = _since(start)
        for name, first in (("newest", 0.995), ("half_year", 0.75)):
            session.execute(TOUCH, {"rows": agency.rows, "from": first})
            start = time.perf_counter()
            done = refresh(at=now())
            shown[f"refresh_of_{TOUCHED}_{name}_s"] = _since(start)
            shown[f"refresh_of_{TOUCHED}_{name}_days"] = done and done.days
        size = session.execute("SELECT pg_total_relation_size('routing_rollup')").fetchone()
    shown["roll_ups_mb"] = round(size[0] / 1e6) if size else 0
    return shown, {"a rebuild changes nothing": again.changed == 0}


def _views(session: psycopg.Connection[Any]) -> list[str]:
    """Return statements that make a materialized view of each source, with the same rows."""
    made = []
    for source in SOURCES:
        sql, values = source.groups(agency_zone(), Apart.now()).query.sql_with_params()
        text = psycopg.ClientCursor(session).mogrify(sql, values)
        made.append(f"CREATE MATERIALIZED VIEW view_{source.name} AS {text}")
    return made


def _again(views: Sequence[str]) -> list[str]:
    return [f"REFRESH MATERIALIZED VIEW {each.split()[3]}" for each in views]


def _since(start: float) -> float:
    return round(time.perf_counter() - start, 2)


def _parts(user: User, repetitions: int) -> dict[str, tuple[list[float], list[float]]]:
    """Return milliseconds by part: as it is answered, and counted live."""
    spent: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in ASKED}
    for asked in ASKED.values():
        _timed(user, asked)
    for _ in range(repetitions):
        for name in random.sample(list(ASKED), len(ASKED)):
            refresh(at=now())
            spent[name][0].append(_timed(user, ASKED[name]))
            spent[name][1].append(_timed(user, ASKED[name], live=True))
    return spent


def _each(user: User) -> dict[str, float]:
    """Return how long each figure of routing takes for the last 30 days, without groups."""
    ours = [each for each in catalogue() if each.rows.__module__.startswith("routing.")]
    found = {}
    for each in ours:
        refresh(at=now())
        found[each.name] = _timed(user, Asked([each.name], [], 30))
    return found


def _timed(user: User, asked: Asked, *, live: bool = False) -> float:
    """
    Return the milliseconds that it takes.

    :param live: ask for a microsecond less than whole days, of which there are no roll-ups
    """
    zone = agency_zone()
    today = now().astimezone(zone).date()
    span = Span.of_days(today - timedelta(days=asked.days - 1), today, zone)
    until, start = span.until - MOMENT * live, time.perf_counter()
    compute(asked.names, actor=Actor.of(user), by=asked.by, since=span.since, until=until)
    return round((time.perf_counter() - start) * 1000, 1)
