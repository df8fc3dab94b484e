"""
Work that concerns one person: their own items, changes by others, and absences of people they back
up.
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
    """Return a condition for work that a person owns, backs up or does."""
    return Q(owner=user_id) | Q(backup=user_id) | Q(doer=user_id)


def my_open_work(by: Actor) -> WorkItemQuerySet:
    return work_seen_by(by).filter(mine(by.user_id), is_open=True)


def changed_by_others(items: QuerySet[WorkItem], by: Actor, since: datetime) -> QuerySet[WorkItem]:
    """
    Filter for items that somebody else, or the system, changed after ``since``.
    """
    # ``changed_at`` repeats part of the condition, and keeps the subquery to a few items.
    return items.filter(Exists(_others(by, since)), changed_at__gt=since)


def with_who_changed(items: QuerySet[WorkItem], by: Actor, since: datetime) -> QuerySet[WorkItem]:
    """Annotate items with ``changed_by``, the name of the person who changed them last."""
    return items.annotate(
        changed_by=Subquery(_others(by, since).order_by("-pk").values("actor__full_name")[:1])
    )


def _others(by: Actor, since: datetime) -> QuerySet[Event]:
    return Event.objects.filter(item=OuterRef("pk"), at__gt=since).exclude(actor=by.user_id)


def waiting_since(ids: Sequence[int]) -> dict[int, datetime]:
    """Return the time since which each item has waited on its current party, from its history."""
    # A window function finds the changes of the column in one pass over the history.
    found = run(
        """
        SELECT id, max(history_date) FROM (
            SELECT id, history_date, waiting_on IS DISTINCT
                FROM lag(waiting_on) OVER (PARTITION BY id ORDER BY history_id) AS turned
            FROM routing_historicalworkitem WHERE id = ANY(%s)) AS records
        WHERE turned GROUP BY id""",
        [list(ids)],
    )
    return {key: since for key, since in found}  # noqa: C416  # dict() would not know the types


def away(by: Actor, now: datetime, until: datetime) -> QuerySet[Absence]:
    """
    Return absences before ``until`` of people whose work ``by`` backs up or stands in for.

    ``items`` is the number of their open items.
    """
    theirs = my_open_work(by).filter(owner=OuterRef("user")).order_by()
    backed = WorkItem.objects.filter(backup=by.user_id, is_open=True, owner=OuterRef("user"))
    return (
        Absence.objects.filter(ends_at__gt=now, starts_at__lt=until)
        .filter(Exists(backed) | Q(substitute=by.user_id))
        .select_related("user")
        .annotate(
            items=Subquery(theirs.values("owner").annotate(items=Count("pk")).values("items"))
        )
        .order_by("starts_at", "pk")
    )
