"""Campaigns at the desk: a list, and a page with all parts of each."""

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
from django.utils.translation import gettext_lazy, ngettext

from delivery.briefs.models import Brief
from delivery.campaigns.models import Campaign
from delivery.campaigns.parts import parts_of, with_counts
from delivery.deliverables.models import Deliverable
from delivery.requests.models import Request
from routing.desk import filters
from routing.desk.addresses import address, page_of
from routing.desk.base import actor
from routing.desk.columns import WorkColumns
from routing.desk.day_filters import WhenDue
from routing.desk.found_filters import OfBackup, OfClient, OfOwner, OfTeam
from routing.desk.offers import PageFacts
from routing.desk.several import several
from routing.desk.steps import StepsAdmin
from routing.desk.waits import in_list, with_waits
from routing.kernel.roles import holders
from routing.runs.models import Run
from routing.work import display
from routing.work.items import WorkItem, soonest
from routing.work.kinds import state_badge, tone
from routing.work.operations.items import resume
from routing.work.visibility import work_seen_by

tone(Campaign, planning="info", launching="info", live="good", proven="good")


@admin.register(Campaign)
class CampaignAdmin(WorkColumns, StepsAdmin[Campaign]):
    list_display = ("what", "client", "state_name", "launches", "ready", "owner", "waits", "took")
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
    )
    search_fields = (
        "item__ref",
        "item__title",
        "request__item__ref",
        "item__client__code",
        "item__client__name",
    )
    search_help_text = gettext_lazy("Reference of the campaign or its request, title or client")
    ordering = (soonest("item__"), "item_id")
    noun_template = "desk/campaign.html"
    onward = ("move_launch",)
    page_related = (*StepsAdmin.page_related, "request__item")
    bulk_steps = ("hand_over",)
    empty_title = gettext_lazy("No campaigns")
    empty_text = gettext_lazy(
        "A campaign is made when a request of the kind campaign is accepted, or by “Make it a "
        "campaign” on the page of an accepted request. Reset the filters to see ended ones."
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        seen = work_seen_by(actor(request)).order_by()
        rows = super().get_queryset(request).filter(item__in=seen)
        return with_counts(rows).select_related("item__client", "item__owner", "request__item")

    def has_add_permission(self, request: HttpRequest) -> bool:
        # A campaign is made of its request only.
        return False

    def beside(self, request: HttpRequest, row: Campaign, known: PageFacts) -> dict[str, Any]:
        # Someone who sees the campaign may not see all of its parts.
        seen = work_seen_by(known.by).order_by()
        made = row.request.deliverables.filter(item__in=seen).order_by("due_date", "pk")
        made = made.select_related("item__owner", "item__doer", "item__client", "destination")
        rows = list(with_waits(made.select_related("version"), known.by))
        found = row.request.briefs.filter(item__in=seen, is_current=True)
        briefs = list(found.select_related("item"))
        return {
            "parts": [(part, in_list(part.row)) for part in parts_of(rows)],
            "briefs": briefs,
            # What is on hold together with the campaign is said of the campaign.
            "paused": [] if row.item.held_at else _paused([*briefs, *rows]),
            "resumed_by": holders(resume.permission),
            "report": address(Run, "report", row.item.run_id) if row.item.run_id else "",
        }

    def facts(self, request: HttpRequest, row: Campaign) -> Sequence[tuple[Any, Any]]:
        item, now = row.item, timezone.now()
        found = [
            (
                _("State"),
                format_html("{} {}", state_badge(item.kind, row.state), display.hold(item)),
            ),
            (_("Client"), item.client or display.NOTHING),
            (_("Launch date"), self.launches(row)),
            (_("Parts live"), self.ready(row)),
            (_("Request"), _link(row.request)),
            (_("Owner"), item.owner),
            (_("Backup"), item.backup),
            (_("Created"), display.when(item.created_at, now)),
        ]
        if row.live_at is not None:
            found.append((_("Live since"), display.when(row.live_at, now)))
            found.append((_("Delivery time"), self.took(row)))
        return found

    def texts(self, row: Campaign) -> Sequence[tuple[Any, str]]:
        return [(_("Hold reason"), row.item.hold_reason)] if row.item.held_at else []

    @admin.display(description=gettext_lazy("launch date"), ordering="launch_date")
    def launches(self, row: Campaign) -> str:
        return date_format(row.launch_date, "D j M Y") if row.launch_date else str(display.NOTHING)

    @admin.display(description=gettext_lazy("parts live"))
    def ready(self, row: Any) -> str:
        words = _("%(live)s of %(parts)s") % {"live": row.finished, "parts": row.parts}
        if row.paused:
            words += _(", %(count)s on hold") % {"count": row.paused}
        return words

    @admin.display(description=gettext_lazy("delivery time"))
    def took(self, row: Campaign) -> str:
        """Return the days from the request until all parts were live."""
        if row.live_at is None:
            return str(display.NOTHING)
        days = (row.live_at - row.request.item.created_at).days
        return ngettext("%(count)s day", "%(count)s days", days) % {"count": days}


def _paused(rows: Sequence[Brief | Deliverable]) -> list[WorkItem]:
    """Return the work items of those that are on hold."""
    return [row.item for row in rows if row.item.held_at is not None]


def _link(row: Any) -> SafeString:
    return format_html('<a class="tl-link" href="{}">{}</a>', page_of(row), row)


def campaign_link(row: Request) -> list[tuple[Any, Any]]:
    """Return the campaign of a request as a fact of a page, if it has one."""
    if row.kind != Request.Kind.CAMPAIGN:
        return []
    found = Campaign.objects.filter(request=row).select_related("item").first()
    return [(_("Campaign"), _link(found))] if found else []
