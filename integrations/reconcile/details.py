"""Details of the operation that decides about discrepancies."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SettleDetails:
    """``discrepancies`` are ids, and ``choice`` is what is to be done about each of them."""

    discrepancies: tuple[int, ...]
    choice: str
