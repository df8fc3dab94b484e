"""
Keep the roll-ups: compute anew the days that something changed on since the last time.

Writers never wait for it, and write nothing for it: the append-only tables tell what changed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from routing.figures.apart import Apart
from routing.figures.models import Rollup, RollupState
from routing.figures.sources import KEYS, SOURCES, VALUES, Source, basis_of, within
from routing.figures.spans import midnight
from routing.kernel.sql import run
from routing.kernel.tables import insert_into
from routing.sla.calendars import agency_zone

logger = logging.getLogger(__name__)
ONE_REFRESHER = 7_203_002  # key of the advisory lock
REBUILT_EVERY = timedelta(days=1)
# A row may take its id long before its transaction gets a number. That many ids below the newest
# seen one are read again, and everything is computed anew once a day.
LATE_IDS = 10_000

# Each change of work or a clock writes a row into one of these. Their rows are never rewritten, so
# the instants of former states stay, and lead to the days that a row counted on before.
TELL: dict[str, tuple[str, str]] = {
    "routing_event": ("id", "SELECT item_id AS item FROM {new} WHERE item_id IS NOT NULL"),
    "routing_historicalworkitem": ("history_id", "SELECT id AS item FROM {new}"),
    "routing_clockmark": ("id", "SELECT c.item_id AS item FROM {new} {clock}"),
    "routing_escalation": ("id", "SELECT c.item_id AS item FROM {new} {clock}"),
}
CLOCK = "JOIN routing_clock c ON c.id = changed.clock_id"
# The transaction of a row that was not committed at the last refresh is not older than the oldest
# one that was open then.
NEW = """(SELECT * FROM {table} WHERE {key} > %({table})s
    AND age(xmin) <= age(%(horizon)s::text::xid8::xid)) AS changed"""
DAYS = """
    WITH items AS MATERIALIZED ({changed}), instants AS (
        SELECT created_at AS at FROM routing_workitem WHERE id IN (SELECT item FROM items)
        UNION ALL SELECT at FROM routing_event WHERE item_id IN (SELECT item FROM items)
        UNION ALL SELECT unnest(ARRAY[started_at, stopped_at, breached_at]) FROM routing_clock
            WHERE item_id IN (SELECT item FROM items)
        UNION ALL SELECT m.at FROM routing_clock c JOIN routing_clockmark m ON m.clock_id = c.id
            WHERE c.item_id IN (SELECT item FROM items))
    SELECT DISTINCT (at AT TIME ZONE %(zone)s)::date FROM instants WHERE at IS NOT NULL ORDER BY 1
    """
MOMENT = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, " + ", ".join(
    f"(SELECT coalesce(max({key}), 0) FROM {table})" for table, (key, _) in TELL.items()
)
TYPES = {"total": "::interval", "took": "::interval[]"}
SAME_KEY = " AND ".join(f"r.{name} = f.{name}" for name in KEYS)
INSERT = insert_into(
    Rollup,
    "fresh f",
    source="%s",
    day="f.day",
    client="f.client",
    kind="f.kind",
    key="f.key",
    other="f.other",
    apart="f.apart",
    n="f.n",
    good="f.good",
    total="f.total",
    took="f.took",
)
# One statement, so that readers see all of it or nothing. Only what differs is written.
PUT = f"""
    WITH fresh({", ".join([*KEYS, *VALUES])}) AS MATERIALIZED ({{groups}}),
    gone AS (DELETE FROM routing_rollup r WHERE r.source = %s AND {{days}}
        AND NOT EXISTS (SELECT FROM fresh f WHERE {SAME_KEY}) RETURNING 1),
    put AS ({INSERT}
        WHERE NOT EXISTS (SELECT FROM routing_rollup r WHERE r.source = %s AND {SAME_KEY}
            AND (r.n, r.good, r.total, r.took) IS NOT DISTINCT FROM (f.n, f.good, f.total, f.took))
        ON CONFLICT (source, {", ".join(KEYS)}) DO UPDATE
            SET {", ".join(f"{name} = excluded.{name}" for name in VALUES)} RETURNING 1)
    SELECT (SELECT count(*) FROM fresh), (SELECT count(*) FROM gone) + (SELECT count(*) FROM put)
    """


@dataclass(frozen=True, slots=True)
class Refreshed:
    """Days, roll-ups of those days, and how many of these were added, changed or removed."""

    days: int | None  # None for all
    rows: int
    changed: int


def refresh(*, at: datetime) -> Refreshed | None:
    """
    Bring the roll-ups up to now. Return None if somebody else does.

    Everything is computed anew the first time, once a day, and after the agency's time zone or the
    work that counts apart changed.
    """
    with transaction.atomic():
        if not _alone(wait=False):
            return None
        zone, apart = agency_zone(), Apart.now()
        state = RollupState.objects.first()
        basis = basis_of(zone, apart)
        is_daily = state is not None and state.basis == basis
        if state is None or not is_daily or state.rebuilt_at <= at - REBUILT_EVERY:
            done = _rebuilt(at, zone, apart)
            if is_daily and done.changed:
                logger.warning("rollups.differed", extra={"changed": done.changed})
            return done
        moment = _moment()  # before it looks, so that what comes meanwhile is found the next time
        days = _changed_days(state, zone)
        done = _put(days, zone, apart) if days else Refreshed(0, 0, 0)
        horizon, seen = moment
        RollupState.objects.update(horizon=horizon, seen=seen, as_of=at)
        return done


def rebuild(*, at: datetime) -> Refreshed:
    """Compute all roll-ups anew. It waits for a refresh that runs."""
    with transaction.atomic():
        _alone(wait=True)
        return _rebuilt(at, agency_zone(), Apart.now())


def _alone(*, wait: bool) -> bool:
    if wait:
        run("SELECT pg_advisory_xact_lock(%s)", [ONE_REFRESHER])
        return True
    [(mine,)] = run("SELECT pg_try_advisory_xact_lock(%s)", [ONE_REFRESHER])
    return bool(mine)


def _moment() -> tuple[int, dict[str, int]]:
    """Return the oldest open transaction, and the newest id of each table that tells of changes."""
    [(horizon, *newest)] = run(MOMENT)
    return horizon, dict(zip(TELL, newest, strict=True))


def _rebuilt(at: datetime, zone: ZoneInfo, apart: Apart) -> Refreshed:
    horizon, seen = _moment()
    done = _put(None, zone, apart)
    RollupState.objects.all().delete()
    RollupState.objects.create(
        basis=basis_of(zone, apart), horizon=horizon, seen=seen, as_of=at, rebuilt_at=at
    )
    return done


def _changed_days(state: RollupState, zone: ZoneInfo) -> Sequence[date]:
    """Return the days of everything that changed since, former ones included."""
    parts = [
        statement.format(new=NEW.format(table=table, key=key), clock=CLOCK)
        for table, (key, statement) in TELL.items()
    ]
    floors = {table: state.seen.get(table, 0) - LATE_IDS for table in TELL}
    rows = run(
        DAYS.format(changed=" UNION ".join(parts)),
        {**floors, "horizon": state.horizon % 2**32, "zone": zone.key},
    )
    return [day for (day,) in rows]


def _put(days: Sequence[date] | None, zone: ZoneInfo, apart: Apart) -> Refreshed:
    rows = changed = 0
    for source in SOURCES:
        found, differed = _put_source(source, days, zone, apart)
        rows, changed = rows + found, changed + differed
    return Refreshed(None if days is None else len(days), rows, changed)


def _put_source(
    source: Source, days: Sequence[date] | None, zone: ZoneInfo, apart: Apart
) -> tuple[int, int]:
    groups = source.groups(zone, apart)
    condition, named = "true", []
    if days is not None:
        groups = groups.filter(within(list(_spans(days, zone)), source.figure.at))
        condition, named = "r.day = ANY(%s)", [list(days)]
    # By name, because the order in which Django writes columns is its own. A null has no type.
    inner, values = groups.query.sql_with_params()
    columns = ", ".join(f'g."to_{name}"{TYPES.get(name, "")}' for name in [*KEYS, *VALUES])
    sql = PUT.format(groups=f"SELECT {columns} FROM ({inner}) AS g", days=condition)
    [found] = run(sql, [*values, source.name, *named, source.name, source.name])
    return found[0], found[1]


def _spans(days: Iterable[date], zone: ZoneInfo) -> Iterable[tuple[datetime, datetime]]:
    """Yield the instants between which the days are, days in a row as one span."""
    first = last = None
    for day in days:
        if first is None or last is None:
            first = day
        elif day != last + timedelta(days=1):
            yield midnight(first, zone), midnight(last + timedelta(days=1), zone)
            first = day
        last = day
    if first is not None and last is not None:
        yield midnight(first, zone), midnight(last + timedelta(days=1), zone)
