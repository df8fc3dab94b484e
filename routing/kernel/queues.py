"""
Two ways to take work from a table that is a queue. The model says which rows, in which states and
order.

``claim_batch`` is for work without calls to other systems. It takes many rows in one transaction,
and the commit is the acknowledgement. If a worker dies, its rows stay as they were.

``lease`` is for a slow call outside any transaction. It takes one row and gives it a token and an
end. ``finish`` accepts a result only under the newest token, so a worker that was overtaken writes
nothing.
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
    Number of attempts before a row is quarantined or a person must look at it.

    ``invited`` applies when the other system says when to come back. It is busy, not broken, so it
    gets more attempts.
    """

    attempts: int
    invited: int = 0

    def is_spent(self, attempts: int, after_s: float = 0) -> bool:
        """:param after_s: the wait that the other system asked for, 0 if it named none"""
        most = self.attempts
        if after_s and self.invited:
            most = self.invited
        return attempts >= most


def backoff_s(attempts: int, *, key: int, first_s: float = FIRST_S, cap_s: float = CAP_S) -> float:
    """
    Return the seconds before the next attempt: doubled each time from ``first_s``, at most
    ``cap_s``, with a jitter of a fifth either way.
    """
    # The jitter (in [0, 1]) is computed from the key and the attempt. Rows that failed together do
    # not come back together, and a test still knows the wait.
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
    Delay a row that failed. Return False if another worker has taken it meanwhile.

    :param rows: the row, filtered by the state in which this worker took it
    :param tried: attempts so far
    :param values: further columns to write
    """
    due_at = at + timedelta(seconds=max(after_s, backoff_s(tried, key=key)))
    return bool(rows.update(due_at=due_at, **values))


# -- Batches: the commit is the acknowledgement ----------------------------------------------------


def claim_batch(rows: models.QuerySet[Any], *, key: str = "pk", no_key: bool = False) -> list[int]:
    """
    Lock the rows that no other worker has locked, in the order of their keys, and return the keys.

    Call it in the transaction that does the work.

    :param no_key: let other transactions insert rows that refer to these, as for work items
    """
    # SKIP LOCKED lets workers pass each other. The order of keys is the one in which the door locks
    # work, so a worker and a person never wait for each other in a circle.
    free = rows.order_by(key).select_for_update(skip_locked=True, no_key=no_key)
    return list(free.values_list(key, flat=True))


def claim_first(rows: models.QuerySet[Any], most: int) -> list[int]:
    """
    Lock the first ``most`` rows that no other worker has locked, and return their keys in order.

    Unlike ``claim_batch``, it lets the second of two workers take the rows that come next, where
    rows are many and a batch of keys read before would be the batch of the other.

    :param rows: ordered, and locked by nobody who waits for others of them meanwhile
    """
    free = rows.select_for_update(skip_locked=True, of=("self",))
    return list(free.values_list("pk", flat=True)[:most])


def batches(due: Iterable[tuple[int, int]]) -> list[list[int]]:
    """
    Divide due rows, given as id and attempts, into batches.

    Rows that were never tried go together. A row that failed goes alone, so that it cannot take
    others down with it again.
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

    ``token`` changes with every lease of the row, which fences off older leases. ``column`` is
    where the row stores it. If that is the due time, the end of the lease is the token, and anybody
    who plans another time ends the lease.
    """

    row_id: int
    token: Any
    column: str = "lease"

    def of(self, rows: models.QuerySet[Row]) -> models.QuerySet[Row]:
        """Filter for the row, if this lease is still its newest."""
        return rows.filter(**{"pk": self.row_id, self.column: self.token})


def lease(
    free: models.QuerySet[Row], take: Callable[[Row], bool], *, column: str = "lease"
) -> tuple[Row, Lease] | None:
    """
    Lease the row of ``free`` in a short transaction. Return None if another worker has it, or if it
    is no longer free.

    :param free: one row, filtered by the condition under which it may be taken
    :param take: gives the locked row a new token and an end, and writes it. If it returns False,
        the row stays as it is.
    """
    # A caller's transaction may hold locks of its own, such as the advisory lock on a connection.
    with transaction.atomic(savepoint=False):
        # The lock reads the row again, so a condition that failed meanwhile leaves nothing to take.
        row = free.select_for_update(skip_locked=True, of=("self",)).first()
        if row is None or not take(row):
            return None
    return row, Lease(row.pk, getattr(row, column), column)


def finish(rows: models.QuerySet[Row], held: Lease) -> Row | None:
    """
    Lock the row for the transaction that writes its result. Return None if the lease was lost; the
    caller then writes nothing.

    :param rows: the rows that may get a result, with the relations to load
    """
    return held.of(rows).select_for_update(of=("self",)).first()
