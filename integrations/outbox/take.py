"""
Take one change under a lease, in one short transaction: only on its turn, and only while its system
may be called.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from integrations.base.connections import Connection
from integrations.base.doorbell import Call
from integrations.outbox.heads import QUICK, SLOW, heads
from integrations.outbox.models import Attempt, Outbound, WorkerBeat
from integrations.outbox.rows import lock_connection_of, write
from routing.kernel.queues import Lease, lease

BASE, PER_FILE = timedelta(minutes=3), timedelta(minutes=1)  # longer than an attempt may take
SPARE_S = 30.0  # between the end of an attempt and the end of its lease, to write the result
LONGEST_ATTEMPT_S = 240.0
SLOW_CALL = timedelta(seconds=Connection.SLOW_S)
DIED = _("Started, but the worker never reported back.")


@dataclass(frozen=True, slots=True)
class LeasedChange:
    """A change that is ours until its lease ends, with its connection as it was when we took it."""

    lease: Lease
    row: Outbound
    died_at: datetime | None = None  # when a worker that died over it was last seen


def lease_of(row: Outbound) -> timedelta:
    return BASE + PER_FILE * len(row.assets)


def attempt_s(row: Outbound) -> float:
    """Return how long all calls of one attempt may take together."""
    return min(lease_of(row).total_seconds() - SPARE_S, LONGEST_ATTEMPT_S)


def take(
    outbound_id: int, *, at: datetime, worker: UUID | None = None, queue: str = ""
) -> LeasedChange | Call | None:
    """
    Lease the change if it may be sent now; None if not, and then somebody else sends it later.

    It must be due and the lowest unfinished change of its object, its work not on hold, its
    connection not paused and with room for one more. If an earlier worker died over it, that
    attempt is written down.

    :param worker: a process that gives signs of life; None if it does not, and then its lease ends
        by time alone
    :param queue: where its message came from. A message for the slow queue is returned instead if
        the connection has become slow since this one was sent to the quick queue.
    """
    elsewhere: Call | None = None
    died_at: datetime | None = None

    def lease_it(row: Outbound) -> bool:
        nonlocal elsewhere, died_at
        if queue == QUICK and row.connection.is_slow:
            elsewhere = Call(outbound_id, SLOW)
            return False
        if not has_room(row.connection, at):
            return False
        if row.state == Outbound.State.LEASED and row.started_at:
            died = Attempt(outbound=row, number=row.lease, started_at=row.started_at, ended_at=at)
            died.outcome, died.error = Attempt.Outcome.LOST, str(DIED)
            Attempt.objects.bulk_create([died], ignore_conflicts=True)
        died_at = _last_seen(row)
        row.take(at=at, until=at + lease_of(row))
        row.worker = worker
        write([row], "begun_at", "worker")
        return True

    with transaction.atomic():
        # Or two workers would both count themselves as the only one.
        if not lock_connection_of(outbound_id, at=at):
            return None
        free = heads(at).filter(pk=outbound_id).select_related("connection")
        found = lease(free, lease_it)
    return LeasedChange(found[1], found[0], died_at) if found else elsewhere


def _last_seen(row: Outbound) -> datetime | None:
    if row.state != Outbound.State.LEASED or row.worker is None:
        return None
    return WorkerBeat.objects.filter(pk=row.worker).values_list("seen_at", flat=True).first()


def has_room(connection: Connection, at: datetime) -> bool:
    """
    Say whether one more change of this connection may be sent now.

    A quick connection may use every child of the workers. One that is slow, was never called, or
    has just had a pause is called by one child at a time; a running call that has taken a second
    already makes a connection slow.
    """
    leased = Outbound.objects.filter(
        connection=connection, state=Outbound.State.LEASED, leased_until__gt=at
    )
    running = list(leased.values_list("started_at", flat=True))
    if not running:
        return True
    return connection.takes_many and all(
        began is None or at - began <= SLOW_CALL for began in running
    )
