"""Take what is due under a lease: of each remote object only what must come first, and nothing of a system that rests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from integrations.base.connections import Connection
from integrations.outbox.models import Attempt, Outbound
from integrations.outbox.rows import write

BASE, PER_FILE = timedelta(minutes=3), timedelta(minutes=1)  # longer than the deadlines of all the calls an attempt makes
A_CONNECTION = 5  # taken at once of one connection, so that a slow one leaves time for the others
DIED = _("Started, but the worker never reported back.")


@dataclass(frozen=True, slots=True)
class Lease:
    """``token`` fences: a result is written only while it is still the newest one."""

    outbound_id: int
    token: int


def lease_of(row: Outbound) -> timedelta:
    return BASE + PER_FILE * len(row.assets)


def claim(*, at: datetime, each: int = A_CONNECTION) -> list[Lease]:
    """
    Lease up to ``each`` of every connection that may be called, what waits longest first; two workers never get the same object.

    What an earlier worker left behind when it died is taken again once its lease is over, and that attempt is written down.
    """
    awake = Connection.objects.active().filter(Q(paused_until=None) | Q(paused_until__lte=at))
    return [lease for connection in awake.order_by("pk").values_list("pk", flat=True) for lease in _claim(connection, each, at)]


def _claim(connection: int, limit: int, at: datetime) -> list[Lease]:
    older = Outbound.objects.unfinished().filter(
        connection=OuterRef("connection"), object_key=OuterRef("object_key"), pk__lt=OuterRef("pk")
    )
    ready = Outbound.objects.due(at).filter(~Exists(older), connection=connection, item__held_at=None, run__item__held_at=None)
    with transaction.atomic():
        rows = list(ready.order_by("due_at", "pk").select_for_update(skip_locked=True, of=("self",))[:limit])
        left = [row for row in rows if row.state == Outbound.State.LEASED]
        Attempt.objects.bulk_create([_died(row, row.started_at, at) for row in left if row.started_at], ignore_conflicts=True)
        for row in rows:
            row.take(at=at, until=at + lease_of(row))
        write(rows)
    return [Lease(row.pk, row.lease) for row in rows]


def _died(row: Outbound, began: datetime, at: datetime) -> Attempt:
    return Attempt(outbound=row, number=row.lease, started_at=began, ended_at=at, outcome=Attempt.Outcome.LOST, error=str(DIED))
