"""
Locks and writes that every operation of the outbox shares: one order of locks, and never a blind
write.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from integrations.outbox.models import Outbound
from routing.kernel.canonical import json_digest
from routing.kernel.sql import run
from routing.models import WorkItem

MOVED = (
    "state",
    "due_at",
    "lease",
    "leased_until",
    "started_at",
    "attempts",
    "look_first",
    "last_error",
)
ONE_AN_OBJECT = """
    SELECT pg_advisory_xact_lock(h) FROM (SELECT DISTINCT hashtextextended(k, 7203011) AS h
        FROM unnest(%s::text[]) k ORDER BY 1) s"""

ONE_A_CONNECTION = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 7203012))"
# Only while the change is due: a message that comes late or twice waits for nobody's lock.
ITS_CONNECTION = """
    SELECT pg_advisory_xact_lock(hashtextextended(connection_id::text, 7203012))
    FROM integrations_outbound WHERE id = %s AND state = ANY(%s) AND due_at <= %s"""


def digest_of(content: Any, assets: Any) -> str:
    """SHA-256, as hex, of what is to be there, as canonical JSON."""
    return json_digest([content, assets])


def lock_objects(objects: Iterable[tuple[int, str]]) -> None:
    """
    One at a time for each (connection, object): ids are then given in the order of commits, and
    whoever fails meets those behind.

    After work items, before rows: the order of locks everywhere here.
    """
    run(ONE_AN_OBJECT, [[f"{connection}\x1f{key}" for connection, key in objects]])


def lock_connection(connection: int) -> None:
    """
    One at a time for each connection; held for the shortest of transactions, and before no other
    lock but rows that are free.
    """
    run(ONE_A_CONNECTION, [str(connection)])


def lock_connection_of(outbound_id: int, *, at: datetime) -> bool:
    """Lock the connection of a change like `lock_connection`; False if the change is not due."""
    return bool(run(ITS_CONNECTION, [outbound_id, list(Outbound.workable), at]))


def lock_work(rows: Collection[Outbound]) -> None:
    """Lock the work that the rows are about, by id, before anything else."""
    wanted = {row.item_id for row in rows if row.item_id}
    if with_run := [row.pk for row in rows if row.run_id]:
        runs = WorkItem.objects.filter(as_run__outbound__in=with_run)
        wanted.update(runs.values_list("pk", flat=True))
    if not wanted:
        return
    list(
        WorkItem.objects.filter(pk__in=wanted)
        .order_by("pk")
        .select_for_update(no_key=True)
        .values_list("pk", flat=True)
    )


def write(rows: Sequence[Outbound], *more: str) -> None:
    """
    Write rows that are locked and were moved by their verbs.

    One row, as every attempt writes, takes a plain UPDATE: Django builds it in a fifth of the time.
    """
    names = [*MOVED, *more]
    if len(rows) == 1:
        [row] = rows
        Outbound.objects.filter(pk=row.pk).update(**{name: getattr(row, name) for name in names})
    elif rows:
        Outbound.objects.bulk_update(rows, names)
