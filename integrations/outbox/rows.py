"""
Locks and writes that all operations of the outbox share.

The order of locks is: work items, then objects, then rows. The lock on a connection is taken first,
in transactions that take none of the others before.
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
    "search_at",
)
# Advisory locks, because external objects have no rows of their own to lock. They are taken in one
# order (ORDER BY), so that two transactions with the same objects cannot deadlock. The second
# argument keeps these hashes apart from those of other advisory locks.
OBJECT_LOCKS = """
    SELECT pg_advisory_xact_lock(h) FROM (SELECT DISTINCT hashtextextended(k, 7203011) AS h
        FROM unnest(%s::text[]) k ORDER BY 1) s"""

CONNECTION_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 7203012))"
# Takes no lock if the message is not due: a call that comes late or twice must not wait.
LOCK_IF_DUE = """
    SELECT pg_advisory_xact_lock(hashtextextended(connection_id::text, 7203012))
    FROM integrations_outbound WHERE id = %s AND state = ANY(%s) AND due_at <= %s"""


def digest_of(content: Any, assets: Any) -> str:
    """Return the SHA-256 of the wanted content, in hex."""
    return json_digest([content, assets])


def lock_objects(objects: Iterable[tuple[int, str]]) -> None:
    """
    Lock (connection, object) pairs until the end of the transaction.

    Transactions that enqueue then give ids in the order of their commits. And a transaction that
    fails a message sees every message behind it, which it must block.
    """
    run(OBJECT_LOCKS, [[f"{connection}\x1f{key}" for connection, key in objects]])


def lock_connection(connection: int) -> None:
    """
    Lock a connection until the end of the transaction.

    The transaction must be short. Under this lock, take only row locks that do not wait.
    """
    run(CONNECTION_LOCK, [str(connection)])


def lock_connection_of(outbound_id: int, *, at: datetime) -> bool:
    """Lock a message's connection like `lock_connection`. False if the message is not due."""
    return bool(run(LOCK_IF_DUE, [outbound_id, list(Outbound.workable), at]))


def lock_work(rows: Collection[Outbound]) -> None:
    """Lock the work items of the messages and of their runs, in the order of their ids."""
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
    Write locked rows after their state changed.

    Every attempt writes one row, and for one row Django builds ``update`` in a fifth of the time of
    ``bulk_update``.
    """
    names = [*MOVED, *more]
    if len(rows) == 1:
        [row] = rows
        Outbound.objects.filter(pk=row.pk).update(**{name: getattr(row, name) for name in names})
    elif rows:
        Outbound.objects.bulk_update(rows, names)
