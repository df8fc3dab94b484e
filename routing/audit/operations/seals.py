"""
Seal evidence into the hash chain.

Writers never wait for it: rows are sealed a little after their commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TypeAlias

from django.db import transaction

from routing.audit.heads import publish
from routing.audit.keys import key_name, keyed
from routing.audit.ledgers import Ledger, ledgers
from routing.audit.models import Seal, SealedRow, SealSweep
from routing.kernel.canonical import PINNED, digest_sql, link
from routing.kernel.sql import run
from routing.kernel.tables import insert_into

ONE_SEALER = 7_203_001  # key of the advisory lock: two sealers would fork the chain
BATCH = 5_000
SWEEP_EVERY = timedelta(hours=1)

Types: TypeAlias = Mapping[str, Mapping[str, str]]

# The id up to which all rows of a ledger are sealed, so that a batch need not compare all rows. The
# last 50 seals are enough to find it, and two of them are needed: see Seal.
FLOOR = """SELECT coalesce(max(least(one.floor, later.floor)), 0) AS id
    FROM (SELECT * FROM routing_seal WHERE ledger = %(ledger)s ORDER BY id DESC LIMIT 50) one
    JOIN (SELECT * FROM routing_seal WHERE ledger = %(ledger)s ORDER BY id DESC LIMIT 50) later
      ON later.id > one.id AND later.oldest >= one.horizon"""
SEALED = insert_into(
    SealedRow,
    "unnest(%(rows)s::bigint[], %(digests)s::text[], %(texts)s::text[]) AS new(id, facts, texts)",
    seal_id="%(seal)s",
    ledger="%(ledger)s",
    row_id="new.id",
    digest="new.facts",
    text_digest="new.texts",
)
NO_FLOOR = "SELECT '-9223372036854775808'::bigint AS id"


def seal(*, at: datetime) -> int:
    """
    Seal all committed rows that are not sealed yet, and return their number.

    It can run twice at once: the second one finds the lock taken and does nothing.
    """
    # Usually only rows above the floor are read. But INSERT … ON CONFLICT may wait between taking
    # an id and starting its transaction, and its row is then committed below the floor. So each
    # ledger is read as a whole every hour.
    types = column_types()
    swept = set(
        SealSweep.objects.filter(at__gt=at - SWEEP_EVERY, at__lte=at).values_list(
            "ledger", flat=True
        )
    )
    total = 0
    for ledger in ledgers():
        total += _drain(ledger, types, at)
        if ledger.table not in swept:
            total += _drain(ledger, types, at, sweep=True)
    return total


def column_types() -> Types:
    """Return the name of PostgreSQL's type for each column of each table."""
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in run(
        "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE "
        "table_schema = 'public'"
    ):
        found.setdefault(table, {})[column] = kind
    return found


def _drain(ledger: Ledger, types: Types, at: datetime, *, sweep: bool = False) -> int:
    total = 0
    # Each batch is a transaction of its own, and its head is published only after the commit.
    while sealed := _seal_batch(ledger, types[ledger.table], at, sweep=sweep):
        publish(sealed)
        total += sealed.row_count
        if sealed.row_count < BATCH:
            break
    return total


def _seal_batch(
    ledger: Ledger, types: Mapping[str, str], at: datetime, *, sweep: bool
) -> Seal | None:
    with transaction.atomic():
        [(mine, *_)] = run(f"SELECT pg_try_advisory_xact_lock(%s), {PINNED}", [ONE_SEALER])
        if not mine:
            return None
        rows = _fresh(ledger, types, sweep=sweep)
        if sweep and len(rows) < BATCH:
            done = SealSweep(ledger=ledger.table, at=at)
            SealSweep.objects.bulk_create(
                [done], update_conflicts=True, unique_fields=["ledger"], update_fields=["at"]
            )
        return _write(ledger, rows, at) if rows else None


def _fresh(
    ledger: Ledger, types: Mapping[str, str], *, sweep: bool
) -> list[tuple[int, str, str, int, int]]:
    """
    Return committed rows without a seal, by id, each with the lower and the upper transaction id of
    the snapshot.
    """
    # EXCEPT with the floor on both sides reads only new rows, whatever the planner's statistics
    # are. An anti-join may be planned to read both tables.
    found = run(
        f"""
        WITH floor AS ({NO_FLOOR if sweep else FLOOR}), fresh AS (
            SELECT "{ledger.key}" AS fresh_id FROM "{ledger.table}"
                WHERE "{ledger.key}" > (SELECT id FROM floor)
            EXCEPT SELECT row_id FROM routing_sealedrow WHERE ledger = %(ledger)s
                AND row_id > (SELECT id FROM floor)
            ORDER BY fresh_id LIMIT {BATCH})
        SELECT fresh_id, {digest_sql(ledger.facts, types, "l")},
            {digest_sql(ledger.free_text, types, "l")},
               pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
                   pg_snapshot_xmax(pg_current_snapshot())::text::bigint
        FROM fresh JOIN "{ledger.table}" l ON l."{ledger.key}" = fresh_id
        ORDER BY fresh_id""",
        {"ledger": ledger.table},
    )
    return [
        (row_id, digest, text, oldest, horizon) for row_id, digest, text, oldest, horizon in found
    ]


def _write(ledger: Ledger, rows: list[tuple[int, str, str, int, int]], at: datetime) -> Seal:
    previous = Seal.objects.order_by("-id").values_list("head", flat=True).first() or ""
    # PostgreSQL never sees the key: it would stand in the server's log of slow statements.
    digests = [
        (row_id, digest, keyed(ledger.table, row_id, text))
        for row_id, digest, text, _oldest, _horizon in rows
    ]
    made = Seal.objects.create(
        ledger=ledger.table,
        previous=previous,
        head=link(previous, digests),
        columns=list(ledger.facts),
        free_text=list(ledger.free_text),
        row_count=len(rows),
        floor=digests[-1][0],
        oldest=rows[0][3],
        horizon=rows[0][4],
        text_key=key_name(),
        sealed_at=at,
    )
    ids, found, texts = zip(*digests, strict=True)
    run(
        SEALED,
        {
            "seal": made.pk,
            "ledger": ledger.table,
            "rows": list(ids),
            "digests": list(found),
            "texts": list(texts),
        },
    )
    return made
