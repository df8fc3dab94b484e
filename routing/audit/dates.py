"""
Dates of history against the order in which its rows were recorded and sealed.

A history row has the date that the product gave it, and since ``recorded_at`` exists the instant at
which the database wrote it. Neither may contradict the chain: a row that claims to be older than a
seal without it was put there later.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from routing.audit.ledgers import RECORDED, history_models
from routing.audit.models import Seal
from routing.kernel.sql import run

# A row may be committed long after it was dated, and the hourly sweep finds what sealing passed
# over, so a row may be sealed that much later than others of its time.
LATE = timedelta(hours=2)
# Two steps that wait for one row are dated before they wait, and two servers differ a little.
SKEW = timedelta(minutes=15)

_OF_SEAL = """
    SELECT min(l."{recorded}"), max(l."{recorded}"),
        min(s.row_id) FILTER (WHERE l."{recorded}" IS NULL),
        min(s.row_id) FILTER (WHERE l."{recorded}" < %(recorded)s),
        min(s.row_id) FILTER (WHERE l."{recorded}" IS NOT NULL AND l.history_date < %(earliest)s),
        min(s.row_id) FILTER (WHERE l."{recorded}" IS NOT NULL AND l.history_date > %(latest)s)
    FROM routing_sealedrow s JOIN "{table}" l ON l.history_id = s.row_id
    WHERE s.seal_id = %(seal)s"""
_UNSEALED = """
    SELECT min(l.history_id) FROM "{table}" l
    WHERE l."{recorded}" IS NOT NULL AND l.history_date < %(earliest)s AND NOT EXISTS (
        SELECT FROM routing_sealedrow s WHERE s.ledger = %(ledger)s AND s.row_id = l.history_id)"""
# Older rows have no instant of recording, and older releases may have dated them otherwise.
_OF_ONE_ROW = """
    SELECT min(history_id) FROM (
        SELECT history_id, history_date, "{recorded}", max(history_date) OVER (
            PARTITION BY id ORDER BY history_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
        FROM "{table}") h
    WHERE "{recorded}" IS NOT NULL AND history_date < before - %(skew)s"""


@dataclass
class SealedDates:
    """What the seals so far say about the dates of those that follow. Give it seals in order."""

    _at: datetime | None = None  # of the newest call of ``seal`` so far
    _earlier: datetime | None = None  # of the call before
    _recorded: dict[str, datetime] = field(default_factory=dict)  # newest, by ledger, of _earlier
    _pending: dict[str, datetime] = field(default_factory=dict)  # of the call of _at

    def fault(self, sealed: Seal) -> str:
        """Return what does not fit in the dates of a seal's rows, or an empty string."""
        if sealed.sealed_at != self._at:
            # All seals of one call have its instant. Only those of earlier calls say that a row was
            # not there yet.
            self._earlier, self._at = self._at, sealed.sealed_at
            self._recorded.update(self._pending)
            self._pending = {}
        if RECORDED not in sealed.columns:
            return ""
        newest = self._recorded.get(sealed.ledger)
        [(_first, last, empty, recorded_early, early, late)] = run(
            _OF_SEAL.format(recorded=RECORDED, table=sealed.ledger),
            {
                "seal": sealed.pk,
                "recorded": newest - LATE if newest else None,
                "earliest": self._earlier - LATE if self._earlier else None,
                "latest": sealed.sealed_at + SKEW,
            },
        )
        if last is not None:
            self._pending[sealed.ledger] = max(last, self._pending.get(sealed.ledger, last))
        if newest is not None and empty is not None:
            return f"row {empty} does not say when it was recorded"
        if recorded_early is not None:
            return f"row {recorded_early} was recorded before rows that were sealed earlier"
        if early is not None:
            return f"row {early} is dated before a seal that does not have it"
        if late is not None:
            return f"row {late} is dated after it was sealed"
        return ""

    def unsealed_fault(self) -> str:
        """Return the first row that is not sealed yet although it is dated before the last seal."""
        if self._at is None:
            return ""
        for table in history_tables():
            values = {"ledger": table, "earliest": self._at - LATE}
            [(row,)] = run(_UNSEALED.format(recorded=RECORDED, table=table), values)
            if row is not None:
                return f"{table}: row {row} is dated before a seal that does not have it"
        return ""


def history_tables() -> list[str]:
    return sorted(model._meta.db_table for model in history_models())


def order_faults() -> Iterator[str]:
    """Yield the first history row of each table that is dated before older history of its row."""
    for table in history_tables():
        [(row,)] = run(_OF_ONE_ROW.format(recorded=RECORDED, table=table), {"skew": SKEW})
        if row is not None:
            yield f"{table}: row {row} is dated before older history of the same row"
