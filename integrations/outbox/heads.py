"""
The changes that may be sent: of each remote object the lowest unfinished one, and which of them to
send to a worker now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import BigIntegerField, Case, Exists, Func, OuterRef, Q, When

from integrations.base.connections import Connection
from integrations.base.doorbell import Call
from integrations.outbox.models import Outbound, OutboundQuerySet
from integrations.outbox.rows import lock_connection
from routing.kernel.sql import run
from routing.kernel.transitions import literals, verb_of

# Queues: what is slow must not hold the children that serve the others.
QUICK, SLOW = ("outbound", "outbound-slow")
OVERDUE = timedelta(seconds=10)  # then nobody is coming: its message was lost, or refused
UNANSWERED = timedelta(seconds=2)  # then the message of a head may have been refused
AT_ONCE = 8  # sent by one sweep for a quick connection; each that is done sends the next
A_SECOND = 5  # sent to a connection that has just had a pause
SOON = timedelta(seconds=60)  # the longest that a message may wait; beyond that the row waits
CHOICE = 4  # heads among which two workers that end at once choose their next

# Those that no worker is at.
RESTING = verb_of(Outbound, "take").sources - {Outbound.State.LEASED}

SPREAD = f"""
    WITH locked AS (
        SELECT id, due_at FROM integrations_outbound
        WHERE connection_id = %(connection)s AND state IN ({literals(RESTING)})
            AND due_at <= %(at)s
        FOR NO KEY UPDATE SKIP LOCKED
    ), placed AS (SELECT id, row_number() OVER (ORDER BY due_at, id) - 1 AS place FROM locked)
    UPDATE integrations_outbound o SET due_at = %(at)s + (place / %(rate)s) * interval '1 second'
    FROM placed WHERE placed.id = o.id AND place >= %(rate)s"""  # noqa: S608  # the states are the model's


def heads(at: datetime, *, until: datetime | None = None) -> OutboundQuerySet:
    """
    Return what may be sent at ``at``: due, first of its object, not held by a person, and of a
    connection that is not paused.

    :param until: what becomes due by then is returned too
    """
    older = Outbound.objects.unfinished().filter(
        connection=OuterRef("connection"), object_key=OuterRef("object_key"), pk__lt=OuterRef("pk")
    )
    awake = Q(connection__paused_until=None) | Q(connection__paused_until__lte=at)
    due = Outbound.objects.due(until or at).filter(
        ~Exists(older), awake, connection__is_active=True
    )
    return due.filter(item__held_at=None, run__item__held_at=None)


def lane(connection: Connection) -> str:
    """Return the queue for the changes of this connection."""
    return SLOW if connection.is_slow else QUICK


def calls_for(rows: Iterable[Outbound], at: datetime) -> list[Call]:
    """
    Return the messages for these heads; a connection that is called once at a time gets one, and
    its end sends the next.
    """
    calls, alone = [], set()
    for row in rows:
        if row.connection_id in alone:
            continue
        if not row.connection.takes_many:
            alone.add(row.connection_id)
        calls.append(Call(row.pk, lane(row.connection), max((row.due_at - at).total_seconds(), 0)))
    return calls


def calls_about(objects: Iterable[tuple[int, str]], at: datetime) -> list[Call]:
    """Return the messages for the heads of these objects."""
    wanted = set(objects)
    keys = {key for _, key in wanted}
    found = heads(at).filter(connection__in={pk for pk, _ in wanted}, object_key__in=keys)
    rows = found.select_related("connection").order_by("pk")
    return calls_for([row for row in rows if (row.connection_id, row.object_key) in wanted], at)


def calls_of(ids: Sequence[int], at: datetime) -> list[Call]:
    """Return the messages for those of these changes that are heads."""
    return (
        calls_for(heads(at).filter(pk__in=ids).select_related("connection").order_by("pk"), at)
        if ids
        else []
    )


def calls_after(row: Outbound, at: datetime) -> list[Call]:
    """
    Return what follows an attempt: the next change of the same object, and the next of the same
    connection.

    A connection that is called once at a time refused the messages of its other changes, so the
    next one is always sent. A quick one takes each by its own message: only those that have waited
    for a moment may have been refused, while a call was slow.
    """
    connection = row.connection
    waiting_since = at - UNANSWERED if connection.takes_many else at
    same = Q(object_key=row.object_key)
    ready = heads(at, until=at + SOON).filter(connection=connection).exclude(pk=row.pk)
    follows = same & ~Q(state=Outbound.State.LEASED)
    found = ready.filter(follows | ~same & Q(due_at__lte=waiting_since))
    # The one of the same object first; there is one at most.
    ordered = found.order_by(Case(When(same, then=0), default=1), "due_at", "pk")
    rows = list(ordered.select_related("connection")[: CHOICE + 1])
    chosen = [each for each in rows if each.object_key == row.object_key]
    choice = rows[len(chosen) :][:CHOICE]
    if choice:  # each child by its own number, so that two that end at once rarely choose the same
        chosen.append(choice[row.pk % len(choice)] if connection.takes_many else choice[0])
    return [call for each in chosen for call in calls_for([each], at)]


def release(connection: Connection, at: datetime) -> list[Call]:
    """
    Let go what waited for a connection that answers again: five a second, in the order in which it
    waited.

    The rows hold the plan, so that neither beat nor a worker that comes early can overrun the other
    side.
    """
    with transaction.atomic():
        lock_connection(connection.pk)
        run(SPREAD, {"connection": connection.pk, "at": at, "rate": A_SECOND})
    waiting = (
        heads(at, until=at + SOON)
        .filter(connection=connection)
        .exclude(state=Outbound.State.LEASED)
    )
    rows = waiting.select_related("connection").order_by("due_at", "pk")
    return calls_for(rows[: A_SECOND * int(SOON.total_seconds())], at)


def overdue(at: datetime) -> list[Call]:
    """
    Return the messages that beat sends: for heads that nobody took for ten seconds, no more than
    may be sent at once.
    """
    late = heads(at).filter(connection=OuterRef("pk"), due_at__lte=at - OVERDUE)
    first = ArraySubquery(late.order_by("due_at", "pk").values("pk")[:AT_ONCE])
    # For each connection apart, so that an index finds its first ones however many wait.
    found = (
        Connection.objects.active()
        .order_by()
        .values(head=Func(first, function="unnest", output_field=BigIntegerField()))
    )
    rows = Outbound.objects.filter(pk__in=found).select_related("connection")
    return calls_for(rows.order_by("connection_id", "due_at", "pk"), at)
