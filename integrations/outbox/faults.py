"""
Faults of one object, told from faults of the whole system.

A disk that is full answers the same as a text that the database refuses. The difference is whether
other objects pass meanwhile.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Subquery

from integrations.base.adapter import Permanent, Temporary
from integrations.base.doorbell import Call
from integrations.outbox.heads import calls_of
from integrations.outbox.models import Attempt, Outbound

TRIES = 3  # that an object has, if others pass meanwhile
MARK = "of_object"  # in what an attempt found


def own_fault(row: Outbound, error: Temporary) -> Permanent | None:
    """
    Return a permanent error if the fault is the object's own, or None if a retry may help.

    It is if this is its third try and another object was written since its first. A system that was
    fixed after the last try is given another: only failing again after the others passed counts.

    :param row: after an attempt that failed with ``error`` and is not recorded yet
    """
    if not error.of_object:
        return None
    # A retry by a person sets ``attempts`` to 0, so older tries no longer count.
    earlier = row.tries.order_by("-number")[: max(row.attempts - 1, 0)]
    tries = [pk for pk, found in earlier.values_list("pk", "found") if found.get(MARK)]
    if len(tries) + 1 < TRIES or not _passed_since(tries[-1], row):
        return None
    return Permanent(str(error), error.status)


def _passed_since(attempt: int, row: Outbound) -> bool:
    """Return whether another object of the connection was written after an attempt."""
    written = Attempt.objects.filter(
        pk__gt=attempt,
        outcome=Attempt.Outcome.DELIVERED,
        outbound__connection=row.connection_id,
    )
    return written.exclude(outbound__object_key=row.object_key).exists()


def hasten(row: Outbound, *, at: datetime) -> list[Call]:
    """
    Have objects that failed three times tried now, because another one was written.

    Their next try tells whose fault it was.
    """
    last = Attempt.objects.filter(outbound=OuterRef("pk")).order_by("-number").values("found")[:1]
    waiting = Outbound.objects.filter(
        connection=row.connection_id,
        state__in=Outbound.tried_again,
        attempts__gte=TRIES,
        due_at__gt=at,
    )
    found: Any = waiting.exclude(object_key=row.object_key).annotate(last=Subquery(last))
    ids = list(found.filter(**{f"last__{MARK}": True}).values_list("pk", flat=True))
    if not ids:
        return []
    Outbound.objects.filter(pk__in=ids, state__in=Outbound.tried_again).update(due_at=at)
    return calls_of(ids, at)
