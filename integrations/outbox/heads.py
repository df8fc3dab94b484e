"""
Heads of the outbox: the messages that may be sent next.

The head of an external object is its lowest unfinished message. This module finds heads and decides
which of them a worker is called for now.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import BigIntegerField, Case, Exists, Func, OuterRef, Q, Subquery, When

from integrations.base.connections import Connection
from integrations.base.doorbell import Call
from integrations.outbox.models import Outbound, OutboundQuerySet
from integrations.outbox.rows import lock_connection
from routing.kernel.sql import run
from routing.kernel.transitions import literals, verb_of

# A slow connection must not occupy the worker children that serve the others. A quick one with a
# backlog has a queue beside the quick one, and workers take from both in turn: two hundred messages
# for one system are not in front of the next message for another.
QUICK, BULK, SLOW = ("outbound", "outbound-bulk", "outbound-slow")
BACKLOG = 8  # due messages of one connection, before it uses the queue of backlogs
OVERDUE = timedelta(seconds=10)  # after this, the call for a head was lost or refused
UNANSWERED = timedelta(seconds=2)  # after this, the call for a head may have been refused
AT_ONCE = 8  # calls of one sweep for a quick connection; each finished message calls the next
A_SECOND = 5  # messages per second to a connection that was paused until now
SOON = timedelta(seconds=60)  # the longest countdown of a call; a longer wait stays in the row
CHOICE = 4  # heads among which two workers that finish together choose their next

# The workable states without a worker.
RESTING = verb_of(Outbound, "take").sources - {Outbound.State.LEASED}
_RETRYING, _UNKNOWN = (literals([verb_of(Outbound, verb).target]) for verb in ("retry", "lose"))
SETTLED = timedelta(seconds=60)  # after a lost answer, unless the connection names a longer time

# SKIP LOCKED: a row that a worker is just taking is sent anyway, and its due time is not moved.
# What failed while the system was in trouble does not wait for the end of its own backoff. A row
# whose answer was lost waits until a look-up surely sees what the write did.
SPREAD = f"""
    WITH locked AS (
        SELECT id, due_at FROM integrations_outbound o
        WHERE connection_id = %(connection)s AND state IN ({literals(RESTING)}) AND (
            due_at <= %(at)s OR state = {_RETRYING} OR state = {_UNKNOWN} AND NOT EXISTS (
                SELECT 1 FROM integrations_attempt a
                WHERE a.outbound_id = o.id AND a.ended_at > %(at)s - %(settle)s))
        FOR NO KEY UPDATE SKIP LOCKED
    ), placed AS (SELECT id, row_number() OVER (ORDER BY due_at, id) - 1 AS place FROM locked)
    UPDATE integrations_outbound o SET due_at = %(at)s + (place / %(rate)s) * interval '1 second'
    FROM placed WHERE placed.id = o.id AND (place >= %(rate)s OR o.due_at > %(at)s)"""  # noqa: S608  # the states are the model's


def heads(at: datetime, *, until: datetime | None = None) -> OutboundQuerySet:
    """
    Return the messages that may be sent at ``at``.

    A head is due, the lowest unfinished message of its object, and not on hold. Its connection is
    active and not paused.

    :param until: also return messages that become due by then
    """
    # A subquery for each row, with its index. PostgreSQL made a join of NOT EXISTS that compared
    # each message with all of its connection, until it had counted them.
    lowest = (
        Outbound.objects.unfinished()
        .filter(connection=OuterRef("connection"), object_key=OuterRef("object_key"))
        .order_by("pk")
        .values("pk")[:1]
    )
    awake = Q(connection__paused_until=None) | Q(connection__paused_until__lte=at)
    due = Outbound.objects.due(until or at).filter(
        awake, pk=Subquery(lowest), connection__is_active=True
    )
    return due.filter(item__held_at=None, run__item__held_at=None)


def lane(connection: Connection) -> str:
    """Return the queue for messages of this connection."""
    return SLOW if connection.is_slow else QUICK


def calls_for(
    rows: Iterable[Outbound], at: datetime, *, backlogs: Collection[int] = ()
) -> list[Call]:
    """
    Return the calls for these heads.

    A connection that takes one message at a time gets one call. When that ends, it calls the next.

    :param backlogs: ids of connections with a backlog
    """
    calls, alone = [], set()
    for row in rows:
        if row.connection_id in alone:
            continue
        if not row.connection.takes_many:
            alone.add(row.connection_id)
        queue = lane(row.connection)
        if queue == QUICK and row.connection_id in backlogs:
            queue = BULK
        calls.append(Call(row.pk, queue, max((row.due_at - at).total_seconds(), 0)))
    return calls


def calls_about(objects: Iterable[tuple[int, str]], at: datetime) -> list[Call]:
    """Return the calls for the heads of these objects."""
    wanted = set(objects)
    keys = {key for _, key in wanted}
    found = heads(at).filter(connection__in={pk for pk, _ in wanted}, object_key__in=keys)
    due = Outbound.objects.due(at).filter(connection=OuterRef("connection")).order_by("due_at")
    annotated: Any = found.annotate(behind=Exists(due.values("pk")[BACKLOG : BACKLOG + 1]))
    rows: list[Outbound] = []
    backlogs: set[int] = set()
    for row in annotated.select_related("connection").order_by("pk"):
        if (row.connection_id, row.object_key) in wanted:
            rows.append(row)
            backlogs.update([row.connection_id] if row.behind else ())
    return calls_for(rows, at, backlogs=backlogs)


def calls_of(ids: Sequence[int], at: datetime) -> list[Call]:
    """Return the calls for those of these messages that are heads."""
    if not ids:
        return []
    rows = heads(at).filter(pk__in=ids).select_related("connection").order_by("pk")
    return calls_for(rows, at)


def calls_after(row: Outbound, at: datetime) -> list[Call]:
    """
    Return the calls after an attempt: for the next message of the object and of the connection.

    A connection that takes one message at a time refused the calls for its other heads, so the next
    one is always called. A quick connection takes each head by its own call. It refuses calls only
    while one is slow, so only heads that have waited for a moment are called again.
    """
    connection = row.connection
    waiting_since = at - UNANSWERED if connection.takes_many else at
    same = Q(object_key=row.object_key)
    ready = heads(at, until=at + SOON).filter(connection=connection).exclude(pk=row.pk)
    follows = same & ~Q(state=Outbound.State.LEASED)
    found = ready.filter(follows | ~same & Q(due_at__lte=waiting_since))
    # The head of the same object comes first; there is at most one.
    ordered = found.order_by(Case(When(same, then=0), default=1), "due_at", "pk")
    rows = list(ordered.select_related("connection")[: CHOICE + 1])
    chosen = [each for each in rows if each.object_key == row.object_key]
    choice = rows[len(chosen) :][:CHOICE]
    # Two workers that finish together should not choose the same head, so each starts from its own
    # message's number.
    if choice and connection.takes_many:
        chosen.append(choice[row.pk % len(choice)])
    elif choice:
        chosen.append(choice[0])
    calls = []
    for each in chosen:  # one by one: also a connection that takes one at a time may get two calls
        # Others that have waited for two seconds are a backlog.
        waited = () if each.object_key == row.object_key else (each.connection_id,)
        calls += calls_for([each], at, backlogs=waited if connection.takes_many else ())
    return calls


def release(connection: Connection, at: datetime) -> list[Call]:
    """
    Release the messages of a connection that answers again: five per second, in their order.

    Their due times are spread in the rows, so that neither beat nor an early worker can flood the
    external system. A rate limit of Celery would count per worker, not per connection.
    """
    with transaction.atomic():
        # Against `take`, which counts leases under this lock.
        lock_connection(connection.pk)
        values = {"connection": connection.pk, "at": at, "rate": A_SECOND}
        run(SPREAD, values | {"settle": settled(connection)})
    waiting = (
        heads(at, until=at + SOON)
        .filter(connection=connection)
        .exclude(state=Outbound.State.LEASED)
    )
    rows = waiting.select_related("connection").order_by("due_at", "pk")
    return calls_for(rows[: A_SECOND * int(SOON.total_seconds())], at)


def settled(connection: Connection) -> timedelta:
    """Return how long after a lost answer a look-up surely sees what the write did."""
    return max(SETTLED, timedelta(seconds=float(connection.setting("settle_s", 0))))


def overdue(at: datetime) -> list[Call]:
    """Return the calls that beat sends: for heads that no worker took for ten seconds."""
    late = heads(at).filter(connection=OuterRef("pk"), due_at__lte=at - OVERDUE)
    first = ArraySubquery(late.order_by("due_at", "pk").values("pk")[:AT_ONCE])
    # A subquery for each connection, so that an index finds its first heads however many wait.
    found = (
        Connection.objects.active()
        .order_by()
        .values(head=Func(first, function="unnest", output_field=BigIntegerField()))
    )
    rows = Outbound.objects.filter(pk__in=found).select_related("connection")
    return calls_for(rows.order_by("connection_id", "due_at", "pk"), at)
