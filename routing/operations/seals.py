"""Seal evidence into the hash chain, behind the writers."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import structlog
from django.conf import settings
from django.db import connection, transaction

from routing.engine.canonical import digest_sql, link
from routing.evidence import Ledger, ledgers
from routing.models.seals import Seal
from routing.statements import run

log = structlog.get_logger(__name__)
ONE_SEALER = 7_203_001  # key of the advisory lock: two sealers would fork the chain
BATCH = 5_000


def seal(*, at: datetime) -> int:
    """
    Seal everything that is committed and not sealed yet; the number of rows sealed.

    Safe to run twice at once: the second one finds the lock taken and does nothing.
    """
    total = 0
    for ledger in ledgers():
        while sealed := _seal_batch(ledger, at):
            _publish(sealed)
            total += sealed.row_count
            if sealed.row_count < BATCH:
                break
    return total


def column_types(table: str) -> dict[str, str]:
    return dict(
        run("SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s AND table_schema = 'public'", [table])
    )


def _seal_batch(ledger: Ledger, at: datetime) -> Seal | None:
    with transaction.atomic():
        [(mine,)] = run("SELECT pg_try_advisory_xact_lock(%s)", [ONE_SEALER])
        if not mine:
            return None
        rows = _fresh(ledger)
        if not rows:
            return None
        previous = Seal.objects.order_by("-id").values_list("head", flat=True).first() or ""
        digests = [(row_id, digest, text) for row_id, digest, text, _oldest, _horizon in rows]
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
            sealed_at=at,
        )
        run(
            "INSERT INTO routing_sealedrow (seal_id, ledger, row_id, digest, text_digest)"
            " SELECT %s, %s, * FROM unnest(%s::bigint[], %s::text[], %s::text[])",
            [made.pk, ledger.table, *(list(column) for column in zip(*digests, strict=True))],
        )
    return made


def _fresh(ledger: Ledger) -> list[tuple[int, str, str, int, int]]:
    """Committed rows that no seal holds, by id, each with the snapshot's lower and upper transaction id."""
    types = column_types(ledger.table)
    found = run(
        f"""
        SELECT l."{ledger.key}", {digest_sql(ledger.facts, types, "l")}, {digest_sql(ledger.free_text, types, "l")},
               pg_snapshot_xmin(pg_current_snapshot())::text::bigint, pg_snapshot_xmax(pg_current_snapshot())::text::bigint
        FROM "{ledger.table}" l
        WHERE l."{ledger.key}" > coalesce((
                WITH recent AS (SELECT * FROM routing_seal WHERE ledger = %s ORDER BY id DESC LIMIT 50)
                SELECT max(least(one.floor, later.floor)) FROM recent one
                JOIN recent later ON later.id > one.id AND later.oldest >= one.horizon), 0)
          AND NOT EXISTS (SELECT 1 FROM routing_sealedrow s WHERE s.ledger = %s AND s.row_id = l."{ledger.key}")
        ORDER BY l."{ledger.key}" LIMIT {BATCH}""",
        [ledger.table, ledger.table],
    )
    return [(row_id, digest, text, oldest, horizon) for row_id, digest, text, oldest, horizon in found]


def _publish(sealed: Seal) -> None:
    """Put the head where a database owner cannot reach it: a file, and the log."""
    head = {"seal": sealed.pk, "ledger": sealed.ledger, "rows": sealed.row_count, "head": sealed.head, "at": sealed.sealed_at.isoformat()}
    log.info("sealed", database=connection.settings_dict["NAME"], **head)
    if settings.SEAL_HEADS_FILE:
        with Path(settings.SEAL_HEADS_FILE).open("a", encoding="utf-8") as file:
            file.write(json.dumps(head) + "\n")
