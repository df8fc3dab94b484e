"""Details of the operations on a run that this room adds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class InvoiceDetails:
    """The number and the date of an invoice, and the id of the stored file with it."""

    number: str
    day: date
    document: int
