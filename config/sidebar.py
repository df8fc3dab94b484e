"""The sidebar: what waits for whom, every number a link to its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from config.mail_page import may_read_mail
from routing.admin.base import actor
from routing.models.work import WorkItem

QUEUE = "admin:routing_workitem_changelist"


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many open items a person has a place in, and how many of them are late, held, or wait on the client."""

    mine: int
    late: int
    held: int
    client: int
    exceptions: int  # that this person owns or backs up


def waiting_for(request: HttpRequest) -> Waiting:
    """Counted once a request, in one query over a person's own open items."""
    found: Waiting | None = getattr(request, "waiting", None)
    if found is None:
        me = actor(request).user_id
        mine = WorkItem.objects.filter(Q(owner=me) | Q(backup=me) | Q(doer=me), is_open=True)
        exceptions = Q(kind="exceptioncase")
        late, held, client = Q(next_due_at__lt=timezone.now()), Q(held_at__isnull=False), Q(waiting_on=WorkItem.WaitingOn.CLIENT)
        found = Waiting(
            **mine.aggregate(
                mine=Count("pk"), late=Count("pk", filter=late), held=Count("pk", filter=held), client=Count("pk", filter=client), exceptions=Count("pk", filter=exceptions)
            )
        )
        request.waiting = found  # type: ignore[attr-defined]
    return found


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    found, queue = waiting_for(request), reverse(QUEUE)
    mine = request.GET.get("whose", "mine") == "mine"
    late = request.GET.get("open") == "late"
    work = [
        _item(request, _("Today"), "today", "admin:index", may="routing.view_workitem"),
        _item(request, _("My work"), "checklist", QUEUE, badge=found.mine, active=request.path == queue and mine and not late),
        _item(
            request, _("Late, mine"), "alarm", QUEUE, "?whose=mine&open=late", found.late, "danger", request.path == queue and mine and late
        ),
        _item(request, _("All work"), "stacks", QUEUE, "?whose=all", active=request.path == queue and not mine),
        _item(request, _("Requests"), "inbox", "admin:delivery_request_changelist", may="delivery.view_request"),
        _item(
            request,
            _("Exceptions"),
            "error",
            "admin:routing_exceptioncase_changelist",
            badge=found.exceptions,
            variant="danger",
            may="routing.view_exceptioncase",
        ),
        _item(request, _("Runs"), "route", "admin:routing_run_changelist", may="routing.view_run"),
    ]
    rules = [
        _item(request, _("Flows"), "account_tree", "admin:routing_flow_changelist", may="routing.view_flow"),
    ]
    clients = [
        _item(request, _("Clients"), "storefront", "admin:routing_client_changelist", may="routing.view_client"),
        _item(request, _("Contacts"), "contacts", "admin:routing_contact_changelist", may="routing.view_contact"),
    ]
    agency = [
        _item(request, _("People"), "badge", "admin:routing_user_changelist", may="routing.view_user"),
        _item(request, _("Teams"), "groups", "admin:routing_team_changelist", may="routing.view_team"),
        _item(request, _("Mail"), "mail", "mail") if may_read_mail(request) else None,
    ]
    evidence = [
        _item(request, _("Events"), "history", "admin:routing_event_changelist", may="routing.view_event"),
        _item(request, _("Seals"), "verified", "admin:routing_seal_changelist", may="routing.view_seal"),
    ]
    groups = ((_("Work"), work), (_("Clients"), clients), (_("How work flows"), rules), (_("Agency"), agency), (_("Evidence"), evidence))
    allowed = ((title, [item for item in items if item]) for title, items in groups)
    return [{"title": title, "items": items} for title, items in allowed if items]


def _item(
    request: HttpRequest,
    title: str,
    icon: str,
    page: str,
    query: str = "",
    badge: int = 0,
    variant: str = "primary",
    active: bool | None = None,
    *,
    may: str = "routing.view_workitem",
) -> dict[str, Any] | None:
    if not actor(request).may(may):
        return None
    url = reverse(page)
    here = request.path == url if page == "admin:index" else request.path.startswith(url)
    shown = {"title": title, "icon": icon, "link": url + query, "active": here if active is None else active}
    return shown | ({"badge": badge, "badge_variant": variant} if badge else {})
