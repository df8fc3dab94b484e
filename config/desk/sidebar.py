"""The sidebar of the desk, with counts of waiting work."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.desk.waiting import QUEUE, waiting_for
from config.mail.page import may_read_mail
from routing.desk.base import actor
from routing.desk.dashboards.declared import dashboards_for

NOTIFICATIONS = "admin:routing_notification_changelist"
RUNS, MONDAY = "admin:routing_run_changelist", "admin:routing_run_monday"

# For each heading, its entries: title, icon, page, and the permission to see it.
PLACES = (
    (
        gettext_lazy("Clients"),
        (
            (
                gettext_lazy("Clients"),
                "storefront",
                "admin:routing_client_changelist",
                "routing.view_client",
            ),
            (
                gettext_lazy("Contacts"),
                "contacts",
                "admin:routing_contact_changelist",
                "routing.view_contact",
            ),
            (
                gettext_lazy("Destinations"),
                "publish",
                "admin:routing_destination_changelist",
                "routing.view_destination",
            ),
            (
                gettext_lazy("Engagements"),
                "handshake",
                "admin:delivery_engagement_changelist",
                "delivery.view_engagement",
            ),
            (
                gettext_lazy("Reports"),
                "summarize",
                "admin:delivery_report_changelist",
                "delivery.view_report",
            ),
            (
                gettext_lazy("Report schedules"),
                "schedule_send",
                "admin:delivery_reportschedule_changelist",
                "delivery.view_reportschedule",
            ),
        ),
    ),
    (
        gettext_lazy("Workflow"),
        (
            (
                gettext_lazy("Flows"),
                "account_tree",
                "admin:routing_flow_changelist",
                "routing.view_flow",
            ),
            (
                gettext_lazy("Value streams"),
                "linear_scale",
                "admin:routing_valuestream_changelist",
                "routing.view_valuestream",
            ),
            (
                gettext_lazy("Publishing approvals"),
                "how_to_vote",
                "admin:routing_publishapproval_changelist",
                "routing.view_publishapproval",
            ),
            (
                gettext_lazy("Flow proposals"),
                "rule",
                "admin:routing_flowproposal_changelist",
                "routing.view_flowproposal",
            ),
            (
                gettext_lazy("Flow reviews"),
                "rate_review",
                "admin:routing_flowreview_changelist",
                "routing.view_flowreview",
            ),
            (
                gettext_lazy("Exception routing"),
                "signpost",
                "admin:routing_exceptionroute_changelist",
                "routing.view_exceptionroute",
            ),
            (
                gettext_lazy("SLA policies"),
                "timer",
                "admin:routing_slapolicy_changelist",
                "routing.view_slapolicy",
            ),
            (
                gettext_lazy("Checks"),
                "fact_check",
                "admin:delivery_check_changelist",
                "delivery.view_check",
            ),
            (
                gettext_lazy("Brief templates"),
                "event_note",
                "admin:delivery_plantemplate_changelist",
                "delivery.view_plantemplate",
            ),
            (
                gettext_lazy("Request rules"),
                "sell",
                "admin:delivery_requestrule_changelist",
                "delivery.view_requestrule",
            ),
            (
                gettext_lazy("Calendars"),
                "calendar_month",
                "admin:routing_calendar_changelist",
                "routing.view_calendar",
            ),
        ),
    ),
    (
        gettext_lazy("Agency"),
        (
            (gettext_lazy("People"), "badge", "admin:routing_user_changelist", "routing.view_user"),
            (gettext_lazy("Teams"), "groups", "admin:routing_team_changelist", "routing.view_team"),
            (
                gettext_lazy("Absences"),
                "event_busy",
                "admin:routing_absence_changelist",
                "routing.view_absence",
            ),
            (
                gettext_lazy("Default owner and backup"),
                "apartment",
                "admin:routing_agency_changelist",
                "routing.view_agency",
            ),
        ),
    ),
    (
        gettext_lazy("Integrations"),
        (
            (
                gettext_lazy("Connections"),
                "cable",
                "admin:integrations_connection_changelist",
                "integrations.view_connection",
            ),
            (
                gettext_lazy("Inbound webhooks"),
                "move_to_inbox",
                "admin:integrations_inbound_changelist",
                "integrations.view_inbound",
            ),
            (
                gettext_lazy("Outbox"),
                "outbox",
                "admin:integrations_outbound_changelist",
                "integrations.view_outbound",
            ),
            (
                gettext_lazy("Failed events"),
                "pending",
                "admin:routing_dispatch_changelist",
                "routing.view_dispatch",
            ),
            (
                gettext_lazy("Held events"),
                "pause_circle",
                "admin:routing_heldevent_changelist",
                "routing.view_heldevent",
            ),
            (
                gettext_lazy("External links"),
                "link",
                "admin:integrations_externallink_changelist",
                "integrations.view_externallink",
            ),
        ),
    ),
    (
        gettext_lazy("Audit"),
        (
            (
                gettext_lazy("Figures"),
                "monitoring",
                "admin:routing_clock_figures",
                "routing.view_clock",
            ),
            (
                gettext_lazy("SLA compliance"),
                "timelapse",
                "admin:routing_clock_kept",
                "routing.view_clock",
            ),
            (
                gettext_lazy("Audit"),
                "policy",
                "admin:routing_auditentry_changelist",
                "routing.view_auditentry",
            ),
            (
                gettext_lazy("Events"),
                "history",
                "admin:routing_event_changelist",
                "routing.view_event",
            ),
            (
                gettext_lazy("Security events"),
                "shield_person",
                "admin:routing_securityevent_changelist",
                "routing.view_securityevent",
            ),
            (
                gettext_lazy("Export log"),
                "file_export",
                "admin:routing_exportrecord_changelist",
                "routing.view_exportrecord",
            ),
            (
                gettext_lazy("Audit seals"),
                "verified",
                "admin:routing_seal_changelist",
                "routing.view_seal",
            ),
            (
                gettext_lazy("Erasures"),
                "person_off",
                "admin:routing_erasure_changelist",
                "routing.view_erasure",
            ),
        ),
    ),
)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    groups = [
        (_("Work"), _work(request)),
        (_("Dashboards"), _dashboards(request)),
        (_("Views"), _views(request)),
    ]
    for heading, places in PLACES:
        items = [_item(request, str(name), icon, page, may=may) for name, icon, page, may in places]
        groups.append((str(heading), items))
    if may_read_mail(request):
        groups.append((_("Installation"), [_item(request, _("E-mail"), "mail", "mail")]))
    shown = []
    for title, items in groups:
        allowed = [item for item in items if item]
        if allowed:
            shown.append({"title": title, "items": allowed})
    return shown


def _work(request: HttpRequest) -> list[dict[str, Any] | None]:
    found, here = waiting_for(request), request.path == reverse(QUEUE)
    mine = here and request.GET.get("whose", "mine") == "mine"
    late = mine and request.GET.get("open") == "late"
    return [
        _item(request, _("Today"), "today", "admin:index"),
        _item(
            request,
            _("Notifications"),
            "notifications",
            NOTIFICATIONS,
            badge=found.unread,
            may="routing.view_notification",
        ),
        _item(
            request, _("My work"), "checklist", QUEUE, badge=found.mine, active=mine and not late
        ),
        _item(
            request,
            _("My overdue"),
            "alarm",
            QUEUE,
            "?whose=mine&open=late",
            found.late,
            "danger",
            late,
        ),
        _item(request, _("All work"), "stacks", QUEUE, "?whose=all", active=here and not mine),
        _item(request, _("Monday list"), "event_repeat", MONDAY, may="routing.view_run"),
        *_work_by_kind(request, found.exceptions),
        _item(
            request,
            _("My exports"),
            "download",
            "admin:routing_export_changelist",
            badge=found.exports,
            may="routing.view_export",
        ),
    ]


def _dashboards(request: HttpRequest) -> list[dict[str, Any] | None]:
    found = []
    for each in dashboards_for(actor(request)):
        url = reverse("dashboard", args=[each.name])
        active = request.path == url
        found.append({"title": str(each.title), "icon": each.icon, "link": url, "active": active})
    return [*found]


def _views(request: HttpRequest) -> list[dict[str, Any] | None]:
    """
    Return the views that the person or their teams pinned. Their numbers are asked for by the page
    once it is shown, because each needs a query of its own.
    """
    by, shown = actor(request), request.GET.get("view", "")
    if not by.may("routing.view_view"):
        return []
    counts = reverse("admin:routing_view_counts")
    items: list[dict[str, Any] | None] = [
        {
            "title": name,
            "icon": "bookmark",
            "link": reverse("admin:routing_view_open", args=[slug]),
            "active": slug == shown,
            "counted": slug,
            "counts": counts,
        }
        for slug, name in waiting_for(request).views
    ]
    return [*items, _item(request, _("All views"), "bookmarks", "admin:routing_view_changelist")]


def _work_by_kind(request: HttpRequest, exceptions: int) -> list[dict[str, Any] | None]:
    return [*_work_that_comes_in(request, exceptions), *_work_that_is_made(request)]


def _work_that_comes_in(request: HttpRequest, exceptions: int) -> list[dict[str, Any] | None]:
    return [
        _item(
            request,
            _("Requests"),
            "inbox",
            "admin:delivery_request_changelist",
            may="delivery.view_request",
        ),
        _item(
            request,
            _("Exceptions"),
            "error",
            "admin:routing_exceptioncase_changelist",
            badge=exceptions,
            variant="danger",
            may="routing.view_exceptioncase",
        ),
        _item(
            request,
            _("Incidents"),
            "emergency_home",
            "admin:integrations_incident_changelist",
            may="integrations.view_incident",
        ),
    ]


def _work_that_is_made(request: HttpRequest) -> list[dict[str, Any] | None]:
    here = request.path
    return [
        _item(
            request,
            _("Briefs"),
            "description",
            "admin:delivery_brief_changelist",
            may="delivery.view_brief",
        ),
        _item(
            request,
            _("Campaigns"),
            "campaign",
            "admin:delivery_campaign_changelist",
            may="delivery.view_campaign",
        ),
        _item(
            request,
            _("Deliverables"),
            "deployed_code",
            "admin:delivery_deliverable_changelist",
            may="delivery.view_deliverable",
        ),
        _item(
            request,
            _("Approvals"),
            "approval",
            "admin:delivery_approval_changelist",
            may="delivery.view_approval",
        ),
        _item(
            request,
            _("Runs"),
            "route",
            RUNS,
            # The Monday list is below the list of runs, and has an entry of its own.
            active=here.startswith(reverse(RUNS)) and here != reverse(MONDAY),
            may="routing.view_run",
        ),
    ]


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
    if active is None:
        # Every page of the desk is below the index, so that one must match exactly.
        active = request.path == url if page == "admin:index" else request.path.startswith(url)
    item = {"title": title, "icon": icon, "link": url + query, "active": active}
    if badge:
        item |= {"badge": badge, "badge_variant": variant}
    return item
