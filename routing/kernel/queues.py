"""
Two ways to take work from a table that is a queue; its model says which rows, in which states and
order.

``claim_batch`` is for work that asks nobody outside: many rows in one transaction, whose commit is
the acknowledgement. A worker that dies leaves them as they were.

``lease`` is for a call that takes its time, outside any transaction: one row, a token, and an
instant at which the lease ends. ``finish`` admits a result under the newest token alone, so a
worker that was overtaken writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, TypeVar

from django.db import models, transaction

Row = TypeVar("Row", bound=models.Model)

FIRST_S, CAP_S, JITTER = 5.0, 1800.0, 0.2


# -- Failing ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Patience:
    """
    How many attempts a row gets before it is quarantined or a person must look.

    ``invited`` counts where the other side says when to come back: it is not broken, only busy.
    """

    attempts: int
    invited: int = 0

    def is_spent(self, attempts: int, after_s: float = 0) -> bool:
        """:param after_s: when the other side wants to be asked again, 0 if it did not say"""
        return attempts >= (self.invited if after_s and self.invited else self.attempts)


def backoff_s(attempts: int, *, key: int, first_s: float = FIRST_S, cap_s: float = CAP_S) -> float:
    """
    Seconds before the next attempt: doubled each time from ``first_s``, at most ``cap_s``, spread
    by a fifth either way.

    The spread comes from ``key`` and the attempt, so that many failing rows do not come back
    together.
    """
    # In [0, 1].
    spread = int.from_bytes(sha256(f"{key}:{attempts}".encode()).digest()[:4]) / 0xFFFFFFFF
    wait = min(cap_s, first_s * 2 ** min(attempts - 1, 16))
    return float(wait * (1 - JITTER + 2 * JITTER * spread))


def put_off(
    rows: models.QuerySet[Any],
    *,
    tried: int,
    key: int,
    at: datetime,
    after_s: float = 0,
    **values: Any,
) -> bool:
    """
    Let a row wait that failed; False if it is no longer as ``rows`` says: another worker has dealt
    with it.

    :param rows: the row, on condition that nobody else has taken it meanwhile
    :param tried: attempts so far
    :param values: what else is written, by column
    """
    due_at = at + timedelta(seconds=max(after_s, backoff_s(tried, key=key)))
    return bool(rows.update(due_at=due_at, **values))


# -- Batches: the commit is the acknowledgement ----------------------------------------------------


def claim_batch(rows: models.QuerySet[Any], *, key: str = "pk", no_key: bool = False) -> list[int]:
    """
    Lock those rows that no other worker is at, in the order of their keys, and return the keys.

    Call it in the transaction that deals with them.

    :param no_key: let others go on referring to the rows, as the order of locks asks for work items
    """
    free = rows.order_by(key).select_for_update(skip_locked=True, no_key=no_key)
    return list(free.values_list(key, flat=True))


def batches(due: Iterable[tuple[int, int]]) -> list[list[int]]:
    """
    Divide due rows, given as id and attempts: what was never tried goes together, the rest one by
    one, so that a row that failed takes no others with it again.
    """
    fresh, tried = [], []
    for row_id, attempts in due:
        if attempts:
            tried.append([row_id])
        else:
            fresh.append(row_id)
    return [fresh, *tried]


# -- Leases: a token, until an instant, and a fenced result ----------------------------------------


@dataclass(frozen=True, slots=True)
class Lease:
    """
    The right to write the result of one attempt.

    ``token`` fences: it is another one with every lease of the row. ``column`` holds it; where that
    is the due time itself, the end of the lease is the token, and whoever plans another time ends
    the lease.
    """

    row_id: int
    token: Any
    column: str = "lease"

    def of(self, rows: models.QuerySet[Row]) -> models.QuerySet[Row]:
        """Filter for the row, on condition that this lease is still its newest."""
        return rows.filter(**{"pk": self.row_id, self.column: self.token})


def lease(
    free: models.QuerySet[Row], take: Callable[[Row], bool], *, column: str = "lease"
) -> tuple[Row, Lease] | None:
    """
    Lease the row of ``free``, in a short transaction; None if another worker is at it, or it is no
    longer free.

    :param free: one row, on condition that it may be taken; the lock looks at it anew
    :param take: gives the row, which is locked, a new token and an end, and writes it; False leaves
        it as it is
    """
    with transaction.atomic(savepoint=False):  # a caller's transaction may hold locks of its own
        row = free.select_for_update(skip_locked=True, of=("self",)).first()
        if row is None or not take(row):
            return None
    return row, Lease(row.pk, getattr(row, column), column)


def finish(rows: models.QuerySet[Row], held: Lease) -> Row | None:
    """
    Lock the row for the transaction that writes its result; None if the lease was lost: then
    nothing may be written.

    :param rows: the rows a result may be written to, with what is read along with them
    """
    return held.of(rows).select_for_update(of=("self",)).first()
