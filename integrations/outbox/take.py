"""Take one message under a lease, in one short transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from integrations.base.connections import Connection
from integrations.base.doorbell import Call
from integrations.outbox.heads import BULK, QUICK, SLOW, heads
from integrations.outbox.models import Attempt, Outbound, WorkerBeat
from integrations.outbox.rows import lock_connection_of, write
from routing.kernel.queues import Lease, lease
from routing.models import RunStep

BASE, PER_FILE = timedelta(minutes=3), timedelta(minutes=1)  # of a lease
SPARE_S = 30.0  # between the end of an attempt and the end of its lease, to record the result
LONGEST_ATTEMPT_S = 240.0
SLOW_CALL = timedelta(seconds=Connection.SLOW_S)
# Calls of one connection at once. The quick workers have one child more, so a connection that stops
# answering from one moment to the next does not hold all of them.
AT_ONCE = 3
DIED = _("Started, but the worker never reported back.")


@dataclass(frozen=True, slots=True)
class LeasedMessage:
    """A message that is ours until its lease ends, with its connection as it was then."""

    lease: Lease
    row: Outbound
    died_at: datetime | None = None  # the last heartbeat of a worker that died over it


def lease_of(row: Outbound) -> timedelta:
    return BASE + PER_FILE * len(row.assets)


def attempt_s(row: Outbound) -> float:
    """Return how long all calls of one attempt may take together."""
    return min(lease_of(row).total_seconds() - SPARE_S, LONGEST_ATTEMPT_S)


def take(
    outbound_id: int, *, at: datetime, worker: UUID | None = None, queue: str = ""
) -> LeasedMessage | Call | None:
    """
    Lease the message if it may be sent now, or return None. Then it is called again later.

    It must be a head of the outbox, and its connection must have room for one more. If an earlier
    worker died over it, that attempt is recorded as lost.

    :param worker: the id of a process with a heartbeat. Without one, the lease ends by time alone.
    :param queue: the queue of the call. If the connection has become slow since the call was sent
        to a quick queue, a call for the slow queue is returned.
    """
    elsewhere: Call | None = None
    died_at: datetime | None = None

    def lease_row(row: Outbound) -> bool:
        nonlocal elsewhere, died_at
        if queue in {QUICK, BULK} and row.connection.is_slow:
            elsewhere = Call(outbound_id, SLOW)
            return False
        if not has_room(row.connection, at):
            return False
        if row.state == Outbound.State.LEASED and row.started_at:
            died = Attempt(outbound=row, number=row.lease, started_at=row.started_at, ended_at=at)
            died.outcome, died.error = Attempt.Outcome.LOST, str(DIED)
            # A conflict means that the worker was only slow, and recorded the attempt itself.
            Attempt.objects.bulk_create([died], ignore_conflicts=True)
        # Read before the row gets the new worker, whose heartbeat says nothing about the old one.
        died_at = _last_seen(row)
        row.take(at=at, until=at + lease_of(row))
        row.worker = worker
        write([row], "begun_at", "worker")
        return True

    with transaction.atomic():
        # Against other workers of this connection: without the lock, two would count no running
        # call and both start one.
        if not lock_connection_of(outbound_id, at=at):
            return None
        free = heads(at).filter(pk=outbound_id).select_related("connection")
        found = lease(free, lease_row)
    return LeasedMessage(found[1], found[0], died_at) if found else elsewhere


def _last_seen(row: Outbound) -> datetime | None:
    if row.state != Outbound.State.LEASED or row.worker is None:
        return None
    return WorkerBeat.objects.filter(pk=row.worker).values_list("seen_at", flat=True).first()


def has_room(connection: Connection, at: datetime) -> bool:
    """
    Return whether this connection may be called once more now, to write or to read.

    A quick connection may be called by several worker children. One that is slow, new or just
    paused is called by one child at a time. A call that has been running for a second makes its
    connection slow.
    """
    leased = Outbound.objects.filter(
        connection=connection, state=Outbound.State.LEASED, leased_until__gt=at
    ).order_by()
    read = RunStep.objects.being_read(at).filter(run__source=connection.slug).order_by()
    began = leased.values_list("started_at", flat=True)
    running = list(began.union(read.values_list("started_at", flat=True), all=True))
    if not running:
        return True
    return (
        connection.takes_many
        and len(running) < AT_ONCE
        and all(began is None or at - began <= SLOW_CALL for began in running)
    )
