"""Approvals at the desk, with their versions, deadlines and answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from delivery.approvals.admin.review_results import approvals_of
from delivery.approvals.models import Approval
from delivery.campaigns.admin.filters import OF_REQUEST
from delivery.deliverables.models import Deliverable
from routing.desk import filters
from routing.desk.addresses import address, page_of
from routing.desk.base import actor
from routing.desk.columns import WorkColumns
from routing.desk.day_filters import WhenDue
from routing.desk.export_columns import ColumnType, ExportColumn
from routing.desk.export_work import work_columns, work_related
from routing.desk.found_filters import OfBackup, OfClient, OfOwner, OfTeam
from routing.desk.offers import PageFacts
from routing.desk.several import several
from routing.desk.steps import StepsAdmin
from routing.work import display
from routing.work.kinds import state_badge, tone
from routing.work.visibility import work_seen_by

tone(
    Approval,
    pending="info",
    approved="good",
    changes_requested="warn",
    rejected="bad",
    expired="bad",
)


@admin.register(Approval)
class ApprovalAdmin(WorkColumns, StepsAdmin[Approval]):
    list_name = "approvals"
    export_columns = (
        *work_columns(),
        ExportColumn("audience", gettext_lazy("audience"), "audience"),
        ExportColumn("stage", gettext_lazy("stage"), lambda row: row.stage + 1, ColumnType.NUMBER),
        ExportColumn("version", gettext_lazy("version"), "version.number", ColumnType.NUMBER),
        ExportColumn("digest", gettext_lazy("digest of the version"), "digest"),
        ExportColumn("expires_at", gettext_lazy("expires"), "expires_at", ColumnType.INSTANT),
    )
    export_related = work_related()
    list_display = (
        "what",
        "client",
        "state_name",
        "audience",
        "of_version",
        "owner",
        "waits",
        "expires",
        "age",
    )
    list_filter = (
        filters.Openness,
        filters.AnybodysFirst,
        filters.WaitsFor,
        several("audience"),
        several("state"),
        OfClient,
        WhenDue,
        OfOwner,
        OfBackup,
        OfTeam,
        *OF_REQUEST,
    )
    search_fields = ("item__ref", "item__title", "item__client__code", "item__client__name")
    search_help_text = gettext_lazy("Reference, title or client")
    ordering = ("expires_at", "-pk")
    noun_template = "desk/approval.html"
    onward = ("approve", "record")
    page_related = (*StepsAdmin.page_related, "version__deliverable__item", "version__author")
    empty_title = gettext_lazy("No approvals")
    empty_text = gettext_lazy(
        "Approvals are requested once a version has passed its checks. Reset the filters to see "
        "answered ones."
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        seen = work_seen_by(actor(request)).order_by()
        related = ("item__client", "item__owner", "version")
        return super().get_queryset(request).filter(item__in=seen).select_related(*related)

    def has_add_permission(self, request: HttpRequest) -> bool:
        # Deliverables request their approvals themselves, for the stage that is due.
        return False

    def beside(self, request: HttpRequest, row: Approval, known: PageFacts) -> dict[str, Any]:
        return {
            "frame": frame_of(row),
            "version": row.version,
            "approvals": approvals_of(row.version.deliverable, row.version),
        }

    def page(
        self,
        request: HttpRequest,
        template: str,
        row: Approval,
        context: dict[str, Any],
        status: int = 200,
    ) -> Any:
        """Show the version that is being decided, on the form as well."""
        return super().page(
            request,
            template,
            row,
            {"frame": frame_of(row), "version": row.version} | context,
            status,
        )

    def after(self, row: Approval) -> str:
        # The reader came to decide about the deliverable, not to manage the approval.
        return address(Deliverable, "change", row.version.deliverable_id)

    def facts(self, request: HttpRequest, row: Approval) -> Sequence[tuple[Any, Any]]:
        item, now, about = row.item, timezone.now(), row.version.deliverable
        version = address(Deliverable, "version", about.pk, row.version.number)
        expires = display.when(row.expires_at, now)
        if row.is_open:
            expires = display.due_time(row.expires_at, now)
        return [
            (
                _("State"),
                format_html("{} {}", state_badge(item.kind, row.state), display.hold(item)),
            ),
            (
                _("Deliverable"),
                format_html('<a class="tl-link" href="{}">{}</a>', page_of(about), about),
            ),
            (
                _("Version"),
                format_html(
                    '<a class="tl-link" href="{}">v{}</a> <code>{}</code>',
                    version,
                    row.version.number,
                    row.digest[:12],
                ),
            ),
            (_("Client"), item.client or display.NOTHING),
            (_("Stage"), row.stage + 1),
            (_("Audience"), row.get_audience_display()),
            *([(_("Team"), row.team)] if row.team_id else []),
            (_("Required answers"), row.get_quorum_display()),
            (_("Owner"), item.owner),
            (_("Backup"), item.backup),
            (_("Requested"), display.when(item.created_at, now)),
            (_("Seen"), display.when(row.seen_at, now) if row.seen_at else _("Not yet")),
            (_("Expires"), expires),
        ]

    @admin.display(description=gettext_lazy("version"))
    def of_version(self, row: Approval) -> str:
        return f"v{row.version.number}"

    @admin.display(description=gettext_lazy("expires"), ordering="expires_at")
    def expires(self, row: Approval) -> Any:
        return display.due_time(row.expires_at, timezone.now()) if row.is_open else display.NOTHING


def frame_of(row: Approval) -> str:
    return address(Deliverable, "preview", row.version.deliverable_id, row.version.number)
