"""Verify the hash chain over all evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from routing.audit.dates import SealedDates, order_faults
from routing.audit.heads import missing_heads
from routing.audit.keys import key_name, keyed
from routing.audit.ledgers import ledgers
from routing.audit.models import Redaction, Seal
from routing.audit.operations.seals import FLOOR, column_types
from routing.audit.present import present_faults
from routing.kernel.canonical import PINNED, digest_sql, link
from routing.kernel.sql import run


@dataclass(frozen=True, slots=True)
class Verification:
    """
    Result of verifying the audit trail.

    ``first_break`` is empty if the chain is intact. ``unsealed`` rows are committed but not sealed
    yet. ``passed_over`` of them are below the floor, where only the hourly sweep finds them, so a
    number that stays for more than an hour is a fault. ``guessable`` of the redacted rows were
    sealed before digests of text had a key: a short text could be guessed back from its digest.
    """

    seals: int
    sealed: int
    unsealed: int
    redacted: int
    sealed_up_to: datetime | None
    first_break: str
    passed_over: int = 0
    guessable: int = 0

    @property
    def whole(self) -> bool:
        return not self.first_break


@dataclass(frozen=True, slots=True)
class _Schema:
    """Current shape of the database: the key of each ledger and the column types of each table."""

    keys: Mapping[str, str]
    types: Mapping[str, Mapping[str, str]]
    redactions: Mapping[tuple[str, int], tuple[str, str]]  # the digests of the newest of each row

    def lacks(self, sealed: Seal) -> str:
        """Return the first missing prerequisite for checking a seal, or an empty string."""
        if sealed.ledger not in self.keys:
            return f"table {sealed.ledger} is no evidence any more"
        known = self.types.get(sealed.ledger, {})
        for column in (*sealed.columns, *sealed.free_text):
            if column not in known:
                return f"column {column} is gone"
        return ""


def verify() -> Verification:
    """
    Recompute every digest and the whole chain, and compare dates and present rows with it.

    It only reads, some seconds a million rows, and holds no more than one seal in memory.
    """
    first_break, last, count, rows = "", None, 0, 0
    dates = SealedDates()
    head = ""
    with transaction.atomic():
        run(f"SELECT {PINNED}")
        keys = {ledger.table: ledger.key for ledger in ledgers()}
        schema = _Schema(keys, column_types(), _redactions())
        for sealed in Seal.objects.order_by("id").iterator(chunk_size=500):
            # One break is enough. All later seals are still counted, but not compared.
            first_break = first_break or next(_breaks(sealed, head, schema, dates), "")
            head, last = sealed.head, sealed.sealed_at
            count, rows = count + 1, rows + sealed.row_count
        first_break = first_break or missing_heads() or dates.unsealed_fault()
        first_break = first_break or next(order_faults(), "") or next(present_faults(), "")
        unsealed, passed_over = _unsealed()
        [(guessable,)] = run(GUESSABLE)
        return Verification(
            count, rows, unsealed, len(schema.redactions), last, first_break, passed_over, guessable
        )


GUESSABLE = """SELECT count(DISTINCT (r.ledger, r.row_id)) FROM routing_redaction r
    JOIN routing_sealedrow s ON s.ledger = r.ledger AND s.row_id = r.row_id
    JOIN routing_seal each ON each.id = s.seal_id WHERE each.text_key = ''"""


def _redactions() -> dict[tuple[str, int], tuple[str, str]]:
    rows = Redaction.objects.order_by("id")
    return {
        (ledger, row_id): (digest, facts)
        for ledger, row_id, digest, facts in rows.values_list(
            "ledger", "row_id", "digest", "facts_digest"
        )
    }


def _breaks(sealed: Seal, previous: str, schema: _Schema, dates: SealedDates) -> Iterator[str]:
    where = f"seal {sealed.pk} of {sealed.ledger}"
    if sealed.previous != previous:
        yield f"{where}: does not follow the seal before it"
    digests = run(
        "SELECT row_id, digest, text_digest FROM routing_sealedrow WHERE seal_id = %s ORDER BY "
        "row_id",
        [sealed.pk],
    )
    if (
        link(sealed.previous, [(row_id, digest, text) for row_id, digest, text in digests])
        != sealed.head
    ):
        yield f"{where}: its head does not match its rows"
    if sealed.text_key not in {"", key_name()}:
        yield f"{where}: cannot be checked: it was made under another ERASURE_KEY"
    elif lacking := schema.lacks(sealed):
        yield f"{where}: cannot be checked: {lacking}"
    else:
        yield from (f"{where}: row {row_id} {what}" for row_id, what in _changed(sealed, schema))
        if fault := dates.fault(sealed):
            yield f"{where}: {fault}"


def _changed(sealed: Seal, schema: _Schema) -> list[tuple[int, str]]:
    """
    Return the first row of the batch that is gone or differs from its seal. Redacted text may
    differ, if it is as the redaction left it.
    """
    # PostgreSQL computes the digests, so that the rows need not leave it. It compares what it can:
    # keyed digests are compared here, because it never sees the key.
    key, types, ledger = schema.keys[sealed.ledger], schema.types[sealed.ledger], sealed.ledger
    differs = "text_digest <> ''" if sealed.text_key else "text_digest <> texts"
    found = run(
        f"""
        SELECT row_id, gone, facts = digest, facts, text_digest, texts FROM (
            SELECT s.row_id, s.digest, s.text_digest, l."{key}" IS NULL AS gone,
                {digest_sql(sealed.columns, types, "l")} AS facts,
                {digest_sql(sealed.free_text, types, "l")} AS texts
            FROM routing_sealedrow s LEFT JOIN "{ledger}" l ON l."{key}" = s.row_id
            WHERE s.seal_id = %s OFFSET 0) one
        WHERE gone OR digest <> facts OR {differs}
        ORDER BY row_id""",
        [sealed.pk],
    )
    for row_id, gone, same_facts, facts, sealed_text, texts in found:
        if gone:
            return [(row_id, "is gone")]
        redaction = schema.redactions.get((ledger, row_id))
        text = keyed(ledger, row_id, texts)
        whole = same_facts, sealed_text == (text if sealed.text_key else texts)
        if redaction is not None:
            # A record of an earlier version has no digests: it excuses any text and no other fact.
            now = keyed(ledger, row_id, facts)
            whole = whole[0] or redaction[1] == now, whole[1] or redaction[0] in {"", text}
        if not all(whole):
            return [(row_id, "was changed")]
    return []


def _unsealed() -> tuple[int, int]:
    """Return the number of rows without a seal, and how many of them are below the floor."""
    counts = [
        run(
            f'SELECT count(*), count(*) FILTER (WHERE l."{ledger.key}" <= ({FLOOR})) FROM '
            f'"{ledger.table}" l'
            f" WHERE NOT EXISTS (SELECT FROM routing_sealedrow s WHERE s.ledger = %(ledger)s AND "
            f's.row_id = l."{ledger.key}")',
            {"ledger": ledger.table},
        )[0]
        for ledger in ledgers()
    ]
    return sum(every for every, _below in counts), sum(below for _every, below in counts)
