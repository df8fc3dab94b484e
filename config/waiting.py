"""How much waits for a person: asked once a request, for the sidebar and for Today."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, Subquery, Value
from django.db.models.functions import Coalesce, JSONObject
from django.http import HttpRequest
from django.utils import timezone

from routing.admin.base import actor
from routing.days import Days, Due
from routing.mine import mine
from routing.models.messages import Notification
from routing.models.people import User
from routing.models.work import WorkItem

QUEUE = "admin:routing_workitem_changelist"


@dataclass(frozen=True, slots=True)
class Waiting:
    """
    How many open items a person has a place in, and how many of them are late, held, wait on the client or are exceptions.

    ``late``, ``today``, ``week`` and ``later`` are all of them by the reader's days. ``unread`` counts messages.
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


def waiting_for(request: HttpRequest) -> Waiting:
    """Counted once a request, in one statement over a person's own open items and their messages."""
    found: Waiting | None = getattr(request, "waiting", None)
    if found is None:
        found = _asked(actor(request).user_id, Days.around(timezone.now()))
        request.waiting = found  # type: ignore[attr-defined]
    return found


def _asked(me: int, days: Days) -> Waiting:
    counted = {
        "mine": Count("pk"),
        **{due.value: Count("pk", filter=days.when(due)) for due in Due},
        "held": Count("pk", filter=Q(held_at__isnull=False)),
        "client": Count("pk", filter=Q(waiting_on=WorkItem.WaitingOn.CLIENT)),
        "exceptions": Count("pk", filter=Q(kind="exceptioncase")),
    }
    work = WorkItem.objects.filter(mine(me), is_open=True).order_by().values(all=Value(1)).annotate(counts=JSONObject(**counted))
    unread = Notification.objects.filter(recipient=me, read_at=None).order_by().values("recipient").values(count=Count("pk"))
    counts, messages = User.objects.filter(pk=me).values_list(Subquery(work.values("counts")), Coalesce(Subquery(unread), 0)).get()
    return Waiting(**(counts or dict.fromkeys(counted, 0)), unread=messages)
