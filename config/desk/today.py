"""
The first page of the desk: decisions, due work, waiting work, changes and absences.

Every number is a link to its rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count, Value, Window
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from config.desk.waiting import QUEUE, WaitingCounts, waiting_for
from delivery.approvals.operations.approvals import nudge
from integrations.incidents.models import Incident
from routing.desk.addresses import address, page_of
from routing.desk.base import actor
from routing.desk.days import Days, Due
from routing.desk.my_work import (
    away,
    changed_by_others,
    my_open_work,
    waiting_since,
    with_who_changed,
)
from routing.desk.operations.visits import look_in
from routing.desk.waits import turns_in_words
from routing.flows.models import Flow
from routing.flows.my_flows import my_flows
from routing.people.actors import Actor
from routing.runs.operations.switching import switched_off_for, waiting_words
from routing.work.items import WorkItem, WorkItemQuerySet
from routing.work.turns import decisions_of, with_turns
from routing.work.visibility import work_seen_by

SHOWN, BESIDE = 8, 5  # rows of a group of due work, and of a list beside them
AHEAD = timedelta(days=7)  # absences are announced this long before
# Deliberately an order without an index. With the index of due times, PostgreSQL would walk through
# everybody's work to find a few items of one person.
BY_DUE = Coalesce("next_due_at", Value(datetime.max.replace(tzinfo=UTC)))
CASES = "admin:routing_exceptioncase_changelist"


@dataclass(frozen=True, slots=True)
class TodayGroup:
    """
    The first rows of a list, with the count and address of all.

    The count is 0 and the address empty if each row has its own address.
    """

    name: str
    title: str
    rows: list[Any]
    count: int
    url: str


def today(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    by, found, days = actor(request), waiting_for(request), Days.around(timezone.now())
    items = my_open_work(by).select_related("client", "owner").order_by(BY_DUE, "id")
    since = look_in(by.user_id, days.now)
    beside = (
        waiting_on_clients(items, found),
        exceptions(items, found),
        switched_off_flows(by),
        changed(items, by, since),
        absent(by, days),
    )
    return {
        **context,
        "title": _("Today"),
        "now": days.now,
        "decisions": decisions(by, days.now),
        "due": list(due(items, found, days)),
        "beside": [group for group in beside if group],
        "flows": flows_of_mine(by),
        "incidents": incidents(by),
        "since": since,
        "me": by.user_id,
        "found": found,
        "queue": reverse(QUEUE),
        "may_add": by.may("delivery.add_request"),
        "may_remind": by.may(nudge.permission),
    }


def incidents(by: Actor) -> list[tuple[Incident, str]]:
    """
    Return the open incidents with the address of their pages, for everybody of the agency.

    Everybody reads what is wrong, which names no client. The page is for those who see the work.
    """
    if not by.may("integrations.view_incident"):
        return []
    rows = Incident.objects.filter(state__in=Incident.open_states).select_related("item__owner")
    found = list(rows.order_by("pk"))
    if not found:
        return []
    seen = set(
        work_seen_by(by).filter(pk__in=[row.item_id for row in found]).values_list("pk", flat=True)
    )
    return [(row, page_of(row) if row.item_id in seen else "") for row in found]


def decisions(by: Actor, now: datetime) -> TodayGroup | None:
    """Return everything that waits for a decision of the reader, the earliest due first."""
    waiting = with_turns(decisions_of(work_seen_by(by), by, now)).select_related("client")
    found = waiting.annotate(total=Window(Count("pk"))).order_by(BY_DUE, "id")
    rows: list[Any] = list(found[:SHOWN])
    if not rows:
        return None
    return TodayGroup(
        "decisions",
        _("Waiting for my decision"),
        list(turns_in_words(rows)),
        int(rows[0].total),
        f"{reverse(QUEUE)}?{urlencode({'whose': 'all', 'waits': 'decision'})}",
    )


def due(items: WorkItemQuerySet, found: WaitingCounts, days: Days) -> Iterator[TodayGroup]:
    """Return due work by group. Empty groups are left out and cost no query."""
    for when in Due:
        if count := getattr(found, when.value):
            rows = list(items.filter(days.when(when))[:SHOWN])
            yield TodayGroup(when.value, str(when.label), rows, count, queue(due=when.value))


def waiting_on_clients(items: WorkItemQuerySet, found: WaitingCounts) -> TodayGroup | None:
    if not found.client:
        return None
    rows = list(items.filter(waiting_on=WorkItem.WaitingOn.CLIENT)[:BESIDE])
    since = waiting_since([row.pk for row in rows])
    waiting = [(row, since.get(row.pk)) for row in rows]
    return TodayGroup(
        "client", _("Waiting on the client"), waiting, found.client, queue(waiting_on="client")
    )


def exceptions(items: WorkItemQuerySet, found: WaitingCounts) -> TodayGroup | None:
    if not found.exceptions:
        return None
    rows = list(items.filter(kind="exceptioncase")[:BESIDE])
    return TodayGroup(
        "exceptions", _("My exceptions"), rows, found.exceptions, f"{reverse(CASES)}?whose=mine"
    )


def switched_off_flows(by: Actor) -> TodayGroup | None:
    """Return the flows that are switched off and concern the reader, with what waits for them."""
    rows = [
        (waiting_words(each, each.count), page_of(each.flow), each.since)
        for each in switched_off_for(by)
    ]
    if not rows:
        return None
    return TodayGroup("switched_off", _("Switched-off flows"), rows, 0, "")


def flows_of_mine(by: Actor) -> TodayGroup | None:
    """Return the flows whose drafts the reader may edit because they answer for them."""
    rows = my_flows(by)
    if not rows:
        return None
    url = f"{address(Flow, 'changelist')}?whose=mine"
    return TodayGroup("flows", _("My flows"), list(rows[:BESIDE]), len(rows), url)


def changed(items: WorkItemQuerySet, by: Actor, since: datetime | None) -> TodayGroup | None:
    """
    Return changes by others since the previous visit.

    The first visit has none, because everything would be new.
    """
    if since is None:
        return None
    found = (
        changed_by_others(items, by, since)
        .order_by("-changed_at", "-id")
        .annotate(total=Window(Count("pk")))
    )
    rows: list[Any] = list(with_who_changed(found, by, since)[:BESIDE])
    count = int(rows[0].total) if rows else 0
    return TodayGroup(
        "changed", _("Changed since your last visit"), rows, count, queue(changed=since.isoformat())
    )


def absent(by: Actor, days: Days) -> TodayGroup | None:
    """Return absent people whose work the reader covers, each with a link to it."""
    found = away(by, days.now, days.now + AHEAD)
    rows = [(absence, queue(of=absence.user_id)) for absence in found]
    if not rows:
        return None
    return TodayGroup("away", _("Absent people you back up or stand in for"), rows, 0, "")


def queue(**filters: Any) -> str:
    return f"{reverse(QUEUE)}?{urlencode({'whose': 'mine', **filters})}"
