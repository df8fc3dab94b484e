"""Counts of a person's open work, read once per request for the sidebar and Today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.http import HttpRequest
from django.utils import timezone

from routing.desk.base import actor
from routing.desk.days import Days
from routing.desk.pinned import MOST_PINNED
from routing.messages.models import CURRENT
from routing.messages.shown import shown_sql
from routing.people.actors import Actor

QUEUE = "admin:routing_workitem_changelist"

# Hand-written, because every page runs it, and building it from querysets would take longer than
# its execution. The limits are those of ``Days.when``, ``shown`` is from ``shown_sql``, and the
# views are those of ``View.objects.in_sidebar_of``.
COUNTS = f"""
    SELECT count(*),
        count(*) FILTER (WHERE next_due_at < %(now)s),
        count(*) FILTER (WHERE next_due_at >= %(now)s AND next_due_at < %(tomorrow)s),
        count(*) FILTER (WHERE next_due_at >= %(tomorrow)s AND next_due_at < %(later)s),
        count(*) FILTER (WHERE next_due_at >= %(later)s OR next_due_at IS NULL),
        count(*) FILTER (WHERE held_at IS NOT NULL),
        count(*) FILTER (WHERE waiting_on = 'client'),
        count(*) FILTER (WHERE kind = 'exceptioncase'),
        (SELECT count(*) FROM routing_notification n JOIN routing_workitem w ON w.id = n.item_id
            WHERE n.recipient_id = %(me)s AND n.read_at IS NULL AND {CURRENT} AND {{shown}}),
        (SELECT count(*) FROM routing_export WHERE user_id = %(me)s AND storage_key <> ''
            AND fetched_at IS NULL AND expires_at > %(now)s),
        ARRAY(SELECT ARRAY[slug, name] FROM routing_view WHERE is_pinned
            AND (owner_id = %(me)s OR team_id = ANY(%(teams)s))
            ORDER BY name, id LIMIT %(most_views)s)
    FROM routing_workitem WHERE is_open AND (owner_id = %(me)s OR backup_id = %(me)s
        OR doer_id = %(me)s)"""  # noqa: S608  # the condition is ours


@dataclass(frozen=True, slots=True)
class WaitingCounts:
    """
    Counts of a person's open items, in the order of ``COUNTS``.

    ``late``, ``today``, ``week`` and ``later`` divide all items by the days of the reader.
    ``unread`` counts notifications, ``exports`` files that are ready and not downloaded yet.
    ``views`` are the slug and the name of each view in the sidebar.
    """

    mine: int
    late: int
    today: int
    week: int
    later: int
    held: int
    client: int
    exceptions: int
    unread: int
    exports: int
    views: Sequence[tuple[str, str]]


def waiting_for(request: HttpRequest) -> WaitingCounts:
    """Return the counts of the signed-in user, read once per request in one statement."""
    # Kept on the request, because the sidebar and the page both need the counts.
    found: WaitingCounts | None = getattr(request, "waiting", None)
    if found is None:
        found = _counted(actor(request), Days.around(timezone.now()))
        request.waiting = found  # type: ignore[attr-defined]
    return found


def _counted(by: Actor, days: Days) -> WaitingCounts:
    shown, values = shown_sql(by)
    limits = {"now": days.now, "tomorrow": days.tomorrow, "later": days.later}
    known: dict[str, Any] = {"me": by.user_id, **limits, **values}
    known |= {"teams": sorted(by.team_ids), "most_views": MOST_PINNED}
    with connection.cursor() as cursor:
        cursor.execute(COUNTS.format(shown=shown), known)
        return WaitingCounts(*cursor.fetchone())
