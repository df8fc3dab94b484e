"""Leases of checks of outcomes, so that several workers share them and none counts twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from routing.kernel.queues import Lease, backoff_s, finish, lease
from routing.models import Outcome
from routing.runs.operations import outcomes

# Longer than any check. If a worker dies over one, the next worker checks after this.
LEASE = timedelta(minutes=5)
SOON_S, LATEST_S = 5, 3600  # between checks that fail
WATCH = timedelta(hours=6)  # between checks of a proven outcome
REST = timedelta(minutes=10)  # after a check of a proven outcome without an answer
DECAYS_AFTER = 2  # failed checks in a row: a single one may have met a deployment


def take(pk: int, at: datetime, worker: UUID | None) -> Lease | None:
    """
    Lease the check of an outcome.

    The end of the lease is its token. Whoever asks for another check, or ends the watch, moves it,
    and then the result of this check does not count.

    :param worker: the id of a process with a heartbeat. Without one, a lease ends by time alone.
    """

    def mark(row: Outcome) -> bool:
        row.probed_at, row.next_probe_at = at, at + LEASE
        marks = {"probed_at": at, "next_probe_at": row.next_probe_at, "worker": worker}
        Outcome.objects.filter(pk=pk).update(**marks)  # checks are not in history
        return True

    found = lease(Outcome.objects.due(at).filter(pk=pk), mark, column="next_probe_at")
    return found[1] if found else None


@contextmanager
def mine(held: Lease) -> Iterator[Outcome | None]:
    """Open a transaction with the outcome locked, or with None if the lease was lost."""
    with transaction.atomic():
        # Work items before other rows: the order of locks everywhere.
        outcomes.lock_work(held.row_id)
        yield finish(Outcome.objects.all(), held)


def again(held: Lease, failures: int, at: datetime) -> None:
    """Plan another check, later after each one that failed."""
    wait_s = backoff_s(failures + 1, key=held.row_id, first_s=SOON_S, cap_s=LATEST_S)
    plan(held, at + timedelta(seconds=wait_s))


def plan(held: Lease, next_at: datetime, **values: Any) -> None:
    """Set the time of the next check, unless this check's result has ended the watch."""
    held.of(Outcome.objects.all()).update(next_probe_at=next_at, worker=None, **values)
