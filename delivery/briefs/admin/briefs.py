"""Briefs at the desk, with their plan, budget and deliverables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from delivery.briefs.admin.plans import budget_of, plan_of, strays_of
from delivery.briefs.models import Brief
from delivery.briefs.operations.briefs import brief_facts
from delivery.campaigns.admin.campaigns import campaign_link
from delivery.campaigns.admin.filters import OF_REQUEST
from delivery.checks.admin.brief_checks import checks_of_brief
from routing.desk import filters
from routing.desk.addresses import page_of
from routing.desk.base import actor
from routing.desk.columns import WorkColumns
from routing.desk.day_filters import WhenDue
from routing.desk.found_filters import OfBackup, OfClient, OfOwner, OfTeam
from routing.desk.offers import PageFacts
from routing.desk.several import several
from routing.desk.steps import StepsAdmin
from routing.work import display
from routing.work.items import soonest
from routing.work.kinds import state_badge, tone
from routing.work.visibility import work_seen_by

tone(Brief, draft="info", in_review="info", changes_requested="warn", approved="good")


@admin.register(Brief)
class BriefAdmin(WorkColumns, StepsAdmin[Brief]):
    list_display = ("what", "client", "state_name", "of_request", "owner", "waits", "due_at", "age")
    list_filter = (
        filters.Openness,
        filters.AnybodysFirst,
        filters.WaitsFor,
        several("state"),
        OfClient,
        WhenDue,
        OfOwner,
        OfBackup,
        OfTeam,
        *OF_REQUEST,
    )
    search_fields = (
        "item__ref",
        "item__title",
        "request__item__ref",
        "item__client__code",
        "item__client__name",
    )
    search_help_text = gettext_lazy("Reference of the brief or its request, title or client")
    ordering = (soonest("item__"), "item_id")
    noun_template = "desk/brief.html"
    onward = ("submit", "approve", "approve_first", "edit")
    page_related = (
        *StepsAdmin.page_related,
        *("request__item", "engagement__client", "submitted_by", "first_approver", "approved_by"),
        "template__template",
    )
    bulk_steps = ("cancel", "hold", "resume", "hand_over")
    empty_title = gettext_lazy("No briefs")
    empty_text = gettext_lazy(
        "A flow writes a brief when it opens a request. Reset the filters to see ended briefs."
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        seen = work_seen_by(actor(request)).order_by()
        return (
            super()
            .get_queryset(request)
            .filter(item__in=seen)
            .select_related("item__client", "item__owner", "request__item")
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        # Briefs are written from their requests only.
        return False

    def beside(self, request: HttpRequest, row: Brief, known: PageFacts) -> dict[str, Any]:
        # Someone who sees the brief may not see all work of its request.
        seen = work_seen_by(known.by).order_by()
        return {
            "plan": (plan := plan_of(row)),
            "checks": (checks := checks_of_brief(row, known.of(brief_facts, [row])[row.pk])),
            "blocked": row.is_open and any(each.blocks for each in checks),
            "no_launch": row.launch_date is None and any(each.follows for each in plan),
            "budget": budget_of(row, known),
            "money": known.by.may("delivery.view_engagement"),
            "made": row.deliverables.filter(item__in=seen)
            .select_related("item__owner", "item__doer", "version")
            .order_by("pk"),
            "strays": strays_of(row).filter(item__in=seen),
            "others": row.request.briefs.exclude(pk=row.pk)
            .filter(item__in=seen)
            .select_related("item__owner")
            .order_by("-number"),
        }

    def facts(self, request: HttpRequest, row: Brief) -> Sequence[tuple[Any, Any]]:
        item, now = row.item, timezone.now()
        number: Any = row.number
        if not row.is_current:
            number = _("%(number)s (not current)") % {"number": row.number}
        planned = self.template_facts(request, row)
        return [
            (
                _("State"),
                format_html("{} {}", state_badge(item.kind, row.state), display.hold(item)),
            ),
            (_("Client"), item.client or display.NOTHING),
            (_("Request"), self.of_request(row)),
            *campaign_link(row.request),
            (_("Engagement"), self.of_engagement(request, row)),
            (_("Number"), number),
            (_("Owner"), item.owner),
            (_("Backup"), item.backup),
            (_("Assignee"), item.doer or display.NOTHING),
            (_("Due"), display.due(item, now)),
            *planned,
            (_("Created"), display.when(item.created_at, now)),
            *self.signatures(row),
        ]

    def template_facts(self, request: HttpRequest, row: Brief) -> Sequence[tuple[Any, Any]]:
        """Return the template that filled the plan, and the launch date that its dates follow."""
        found: list[tuple[Any, Any]] = []
        if row.template is not None:
            name: Any = str(row.template)
            if actor(request).may("delivery.view_plantemplate"):
                page = page_of(row.template.template)
                name = format_html('<a class="tl-link" href="{}">{}</a>', page, name)
            found.append((_("Template"), name))
        if row.launch_date is not None:
            found.append((_("Launch or due date (D)"), date_format(row.launch_date, "D j M Y")))
        return found

    def signatures(self, row: Brief) -> Sequence[tuple[Any, Any]]:
        """Return the people who requested and gave approval."""
        lines = [
            (_("Approval requested by"), row.submitted_by),
            (_("First approval by"), row.first_approver),
            (_("Approved by"), row.approved_by),
        ]
        at = [(_("Approved"), display.when(row.approved_at))] if row.approved_at else []
        return [*((label, who) for label, who in lines if who), *at]

    def texts(self, row: Brief) -> Sequence[tuple[Any, str]]:
        held = [(_("Hold reason"), row.item.hold_reason)] if row.item.held_at else []
        return [*held, (_("Brief"), row.body or _("The brief is empty. Edit it to add text."))]

    def of_engagement(self, request: HttpRequest, row: Brief) -> SafeString | str:
        if row.engagement is None:
            return _("None. Nothing has been sold yet")
        if not actor(request).may("delivery.view_engagement"):
            return str(row.engagement.name)
        return format_html(
            '<a class="tl-link" href="{}">{}</a>', page_of(row.engagement), row.engagement.name
        )

    @admin.display(description=gettext_lazy("request"))
    def of_request(self, row: Brief) -> SafeString:
        return format_html(
            '<a class="tl-link" href="{}">{}</a>', page_of(row.request), row.request.item.ref
        )
