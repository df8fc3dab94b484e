"""
Read the facts about subjects by calls to their systems, in workers of their own.

Events and clocks never wait for these calls, and a slow system is called in the slow queue.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from integrations.adapters.registry import adapter_of, kinds
from integrations.base import doorbell
from integrations.base.connections import Connection
from integrations.outbox.heads import SLOW
from integrations.outbox.rows import lock_connection
from integrations.outbox.take import has_room
from routing.models import RunStep
from routing.runs.operations.enrich import LeasedStep, lease_next, run_leased
from routing.runs.registry import outside_reading

READING = "reading"  # the queue of quick systems
# A task reads for this long, then it queues up again behind the tasks of other systems.
STRETCH = timedelta(seconds=2)


def lane(connection: Connection) -> str:
    """Return the queue for reading from this connection."""
    return SLOW if connection.is_slow else READING


class ReadingWorkers:
    """Workers that read from the connections that are called."""

    def sources(self, named: Collection[str]) -> Collection[str]:
        asked = Connection.objects.filter(slug__in=named, kind__in=_kinds())
        return set(asked.order_by().values_list("slug", flat=True))

    def call(self, sources: Collection[str]) -> None:
        # The steps of a paused connection wait for its end, and use up no attempts meanwhile.
        at = timezone.now()
        awake = Q(paused_until=None) | Q(paused_until__lte=at)
        rows = Connection.objects.filter(awake, slug__in=sources).order_by()
        doorbell.reading.ring({row.slug: lane(row) for row in rows})


def _kinds() -> list[str]:
    """Return the kinds whose events say only that something changed, so that more must be read."""
    found = []
    for kind in kinds():
        adapter = adapter_of(kind)
        if adapter is not None and adapter.receives and adapter.calls_out:
            found.append(kind)
    return found


outside_reading(ReadingWorkers())


def call_due(*, at: datetime) -> None:
    """Call workers for all connections with steps that are due."""
    due = RunStep.objects.due(at).reading().order_by()
    named = set(due.values_list("run__source", flat=True).distinct())
    workers = ReadingWorkers()
    if outside := workers.sources(named):
        workers.call(outside)


def read_due(
    source: str,
    *,
    clock: Callable[[], datetime],
    worker: UUID | None = None,
    queue: str = "",
) -> int:
    """
    Read the due steps of one connection for a while, and return how many were tried.

    It may run twice, or in several workers at once, and it may be killed at any time.

    :param clock: returns the current time, aware; it is read for each step, because calls take time
    :param worker: the id of a process with a heartbeat
    :param queue: the queue of the call. If the connection has become slow since, it is called in
        the slow queue instead.
    """
    tried, until = 0, clock() + STRETCH
    while (connection := Connection.objects.filter(slug=source).first()) is not None:
        if queue == READING and connection.is_slow:
            doorbell.reading.ring({source: SLOW})
            break
        leased = _take(connection, clock(), worker)
        if leased is None:
            break
        if not tried and connection.takes_many and _waiting(source, clock()):
            doorbell.reading.ring({source: lane(connection)})  # another child helps
        tried += run_leased(leased, clock=clock)
        doorbell.process.ring()  # what was read can be routed
        if clock() >= until:
            doorbell.reading.ring({source: lane(connection)})
            break
    return tried


def _take(connection: Connection, at: datetime, worker: UUID | None) -> LeasedStep | None:
    with transaction.atomic():
        # Against other workers of this connection: without the lock, two would count no running
        # call and both start one.
        lock_connection(connection.pk)
        if connection.is_paused(at) or not has_room(connection, at):
            return None
        return lease_next(connection.slug, at=at, worker=worker)


def _waiting(source: str, at: datetime) -> bool:
    return RunStep.objects.due(at).reading().filter(run__source=source).exists()
