"""
Work that concerns one person: their own, how long it has waited, changes by others, and people they
back up.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from routing.cover.absences import Absence
from routing.kernel.events import Event
from routing.kernel.sql import run
from routing.people.actors import Actor
from routing.work.items import WorkItem, WorkItemQuerySet
from routing.work.visibility import work_seen_by


def mine(user_id: int) -> Q:
    """Work that a person owns, backs up or does."""
    return Q(owner=user_id) | Q(backup=user_id) | Q(doer=user_id)


def my_open_work(by: Actor) -> WorkItemQuerySet:
    return work_seen_by(by).filter(mine(by.user_id), is_open=True)


def changed_by_others(items: QuerySet[WorkItem], by: Actor, since: datetime) -> QuerySet[WorkItem]:
    """
    Those of ``items`` in which somebody else, or the system, changed something after ``since``.
    """
    return items.filter(Exists(_others(by, since)), changed_at__gt=since)


def with_who_changed(items: QuerySet[WorkItem], by: Actor, since: datetime) -> QuerySet[WorkItem]:
    """With ``changed_by``: the name of whoever did it last."""
    return items.annotate(
        changed_by=Subquery(_others(by, since).order_by("-pk").values("actor__full_name")[:1])
    )


def _others(by: Actor, since: datetime) -> QuerySet[Event]:
    return Event.objects.filter(item=OuterRef("pk"), at__gt=since).exclude(actor=by.user_id)


def waiting_since(ids: Sequence[int]) -> dict[int, datetime]:
    """Since when each item waits on whom it waits on now, from its history."""
    found = run(
        """
        SELECT id, max(history_date) FROM (
            SELECT id, history_date, waiting_on IS DISTINCT
                FROM lag(waiting_on) OVER (PARTITION BY id ORDER BY history_id) AS turned
            FROM routing_historicalworkitem WHERE id = ANY(%s)) AS told
        WHERE turned GROUP BY id""",
        [list(ids)],
    )
    return {key: since for key, since in found}  # noqa: C416  # dict() would not know the types


def away(by: Actor, now: datetime, until: datetime) -> QuerySet[Absence]:
    """
    Return people backed up by ``by`` who are or will be absent before ``until``.

    ``items`` counts their open work.
    """
    theirs = my_open_work(by).filter(owner=OuterRef("user")).order_by()
    backed = WorkItem.objects.filter(backup=by.user_id, is_open=True, owner=OuterRef("user"))
    return (
        Absence.objects.filter(Exists(backed), ends_at__gt=now, starts_at__lt=until)
        .select_related("user")
        .annotate(
            items=Subquery(theirs.values("owner").annotate(items=Count("pk")).values("items"))
        )
        .order_by("starts_at", "pk")
    )
