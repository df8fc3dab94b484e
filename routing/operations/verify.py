"""Verify the hash chain over all evidence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings

from routing.engine.canonical import digest_sql, link
from routing.evidence import ledgers
from routing.models.seals import Redaction, Seal
from routing.operations.seals import column_types
from routing.statements import run


@dataclass(frozen=True, slots=True)
class Verification:
    """
    How far the evidence holds.

    ``first_break`` is empty when the chain is whole; ``unsealed`` rows are committed but not sealed yet.
    """

    seals: int
    sealed: int
    unsealed: int
    redacted: int
    sealed_up_to: datetime | None
    first_break: str

    @property
    def whole(self) -> bool:
        return not self.first_break


def verify() -> Verification:
    """Recompute every digest and the whole chain. Reads only; takes seconds a million rows."""
    first_break, last, count, rows = "", None, 0, 0
    head = ""
    for sealed in Seal.objects.order_by("id").iterator(chunk_size=500):
        first_break = first_break or next(_breaks(sealed, head), "")
        head, last, count, rows = sealed.head, sealed.sealed_at, count + 1, rows + sealed.row_count
    first_break = first_break or _missing_heads()
    return Verification(count, rows, _unsealed(), Redaction.objects.count(), last, first_break)


def _breaks(sealed: Seal, previous: str) -> Iterator[str]:
    where = f"seal {sealed.pk} of {sealed.ledger}"
    if sealed.previous != previous:
        yield f"{where}: does not follow the seal before it"
    digests = run("SELECT row_id, digest, text_digest FROM routing_sealedrow WHERE seal_id = %s ORDER BY row_id", [sealed.pk])
    if link(sealed.previous, [(row_id, digest, text) for row_id, digest, text in digests]) != sealed.head:
        yield f"{where}: its head does not match its rows"
    yield from (f"{where}: row {row_id} {what}" for row_id, what in _changed(sealed))


def _changed(sealed: Seal) -> list[tuple[int, str]]:
    """Rows of the batch that are gone, or differ from what was sealed; redacted text is allowed to differ."""
    key = next(ledger.key for ledger in ledgers() if ledger.table == sealed.ledger)
    types = column_types(sealed.ledger)
    lost = [column for column in (*sealed.columns, *sealed.free_text) if column not in types]
    if lost:
        return [(0, f"cannot be checked: column {lost[0]} is gone")]
    found = run(
        f"""
        SELECT s.row_id, CASE WHEN l."{key}" IS NULL THEN 'is gone' ELSE 'was changed' END
        FROM routing_sealedrow s LEFT JOIN "{sealed.ledger}" l ON l."{key}" = s.row_id
        WHERE s.seal_id = %s AND (
            l."{key}" IS NULL OR s.digest <> {digest_sql(sealed.columns, types, "l")}
            OR s.text_digest <> {digest_sql(sealed.free_text, types, "l")}
               AND NOT EXISTS (SELECT 1 FROM routing_redaction r WHERE r.ledger = s.ledger AND r.row_id = s.row_id))
        ORDER BY s.row_id LIMIT 1""",
        [sealed.pk],
    )
    return [(row_id, what) for row_id, what in found]


def _unsealed() -> int:
    counts = (
        run(
            f'SELECT count(*) FROM "{ledger.table}" l'
            f' WHERE NOT EXISTS (SELECT 1 FROM routing_sealedrow s WHERE s.ledger = %s AND s.row_id = l."{ledger.key}")',
            [ledger.table],
        )
        for ledger in ledgers()
    )
    return sum(found[0][0] for found in counts)


def _missing_heads() -> str:
    """Heads that were published and are no longer in the chain: its end was cut off."""
    if not settings.SEAL_HEADS_FILE or not Path(settings.SEAL_HEADS_FILE).exists():
        return ""
    lines = Path(settings.SEAL_HEADS_FILE).read_text(encoding="utf-8").splitlines()
    published = {head["head"]: head["seal"] for line in lines if (head := json.loads(line))}
    known = set(Seal.objects.filter(head__in=published).values_list("head", flat=True))
    gone = sorted(number for head, number in published.items() if head not in known)
    return f"seal {gone[0]}: published, but no longer in the chain" if gone else ""
