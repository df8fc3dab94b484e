"""
Clocks at the desk, each with an explanation of its due time, segment by segment.
"""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.desk.addresses import work_page
from routing.desk.base import actor
from routing.desk.filters import WithDefault
from routing.figures.admin.pages import figures_view, rows_view
from routing.runs.admin.events import ReadOnly
from routing.sla.admin.compliance import (
    CountedApart,
    HowItEnded,
    KindOfWork,
    PromisedTime,
    StartedWithin,
    table,
)
from routing.sla.clock_words import clock_status, purpose_of
from routing.sla.clocks import Clock
from routing.sla.escalation_entries import SHORT, escalation_entries
from routing.sla.explain_due import (
    CAUSES,
    CLOSED,
    explain,
    held_sentence,
    length,
    party_label,
    span,
    states_of,
)
from routing.sla.explain_due import status_sentence as in_a_sentence
from routing.sla.hours import Segment
from routing.sla.ladder import level_of
from routing.sla.revisions import revision_sentence, revisions_of
from routing.sla.timing import Stretch
from routing.work import display
from routing.work.items import WorkItem
from routing.work.kinds import state_label
from routing.work.visibility import work_seen_by


class NotNotified(WithDefault):
    title = gettext_lazy("notified")
    parameter_name = "told"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (("all", _("All")), ("nobody", _("Nobody could be notified")))

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.exclude(trouble="") if self.value() == "nobody" else queryset


@admin.register(Clock)
class ClockAdmin(ReadOnly[Clock]):
    list_display = (
        "of_work",
        "what_for",
        "policy",
        "state_name",
        "due_at_time",
        "notified_level",
        "since",
    )
    list_select_related = ("item", "policy")
    list_filter = (
        HowItEnded,
        StartedWithin,
        "policy",
        KindOfWork,
        "purpose",
        PromisedTime,
        CountedApart,
        NotNotified,
    )
    search_fields = ("=item__ref",)
    search_help_text = gettext_lazy("Reference, such as ACM-142")
    ordering = ("-pk",)
    empty_title = gettext_lazy("No clocks")
    empty_text = gettext_lazy("Clocks start with work that has an SLA target.")

    def get_queryset(self, request: HttpRequest) -> Any:
        return (
            super().get_queryset(request).filter(item__in=work_seen_by(actor(request)).order_by())
        )

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        rows = "figures/rows/<slug:name>/<str:since>/<str:until>/<str:where>/"
        return [
            path("kept/", view(self.compliance_view), name="routing_clock_kept"),
            path("figures/", view(self.figures_view), name="routing_clock_figures"),
            path(rows, view(self.figure_rows_view), name="routing_clock_figure_rows"),
            *super().get_urls(),
        ]

    def figures_view(self, request: HttpRequest) -> HttpResponse:
        """Show figures of the catalogue, for the work that one may see."""
        return figures_view(self, request)

    def figure_rows_view(
        self, request: HttpRequest, name: str, since: str, until: str, where: str
    ) -> HttpResponse:
        """Show the rows behind one number."""
        return rows_view(self, request, name, since, until, where)

    def compliance_view(self, request: HttpRequest) -> HttpResponse:
        """Show the share of SLA targets that were met on time, and the median working time."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self.render(
            request,
            "desk/kept.html",
            {
                "title": _("SLA compliance"),
                **table(request, reverse("admin:routing_clock_changelist")),
            },
        )

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Explain the due date. Times are in the reader's time zone."""
        if request.method not in {"GET", "HEAD"}:
            raise PermissionDenied
        clock = self.seen(request, object_id)
        at, zone = timezone.now(), ZoneInfo(timezone.get_current_timezone_name())
        # A clock may have started a moment in the future, on a server whose time is ahead.
        until = max(at, clock.started_at)
        found = explain(clock, until, states_of(clock.item, until))
        context = {
            "title": _("Why %(ref)s is due: %(purpose)s")
            % {"ref": clock.item.ref, "purpose": purpose_of(clock)},
            "clock": clock,
            "found": found,
            "target": length(found.target),
            "sentence": in_a_sentence(found.reading, zone),
            "revised": [
                revision_sentence(each, zone) for each in revisions_of([clock]).get(clock.pk, ())
            ],
            "held": held_sentence(found.held, zone) if found.held else "",
            "whose": [
                (party_label(party), length(time)) for party, time in found.reading.whose.items()
            ],
            "stretches": [_stretch(each, found.kind, zone) for each in found.reading.stretches],
            "notified": escalation_entries([clock]).get(clock.pk, ()),
            "now": at,
            "zone": zone.key,
            "back": work_page(clock.item_id),
        }
        return self.render(request, "desk/why_due.html", context)

    @admin.display(description=gettext_lazy("work"), ordering="item")
    def of_work(self, clock: Clock) -> SafeString:
        return format_html('<span class="tl-ref">{}</span> {}', clock.item.ref, clock.item.title)

    @admin.display(description=gettext_lazy("target"), ordering="purpose")
    def what_for(self, clock: Clock) -> str:
        return purpose_of(clock).capitalize()

    @admin.display(description=gettext_lazy("state"))
    def state_name(self, clock: Clock) -> str:
        return clock_status(clock)

    @admin.display(description=gettext_lazy("due"), ordering="due_at")
    def due_at_time(self, clock: Clock) -> SafeString | str:
        if clock.due_at is None or clock.stopped_at:
            return display.NOTHING
        return display.due_time(clock.due_at, timezone.now())

    @admin.display(description=gettext_lazy("notified"), ordering="next_level")
    def notified_level(self, clock: Clock) -> SafeString | str:
        if clock.trouble:
            return display.badge(_("Nobody could be notified"), "bad")
        if not clock.next_level:
            return display.NOTHING
        return display.badge(*SHORT[level_of(clock.next_level - 1)])

    @admin.display(description=gettext_lazy("started"), ordering="started_at")
    def since(self, clock: Clock) -> SafeString | str:
        return display.when(clock.started_at)


def _stretch(stretch: Stretch, kind: str, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "span": span(stretch.start, stretch.end, zone),
        "worktime": length(stretch.worktime),
        "runs": stretch.runs,
        "expected": stretch.expected,
        "party": WorkItem.WaitingOn(stretch.turn.party).label,
        "cause": CAUSES[stretch.turn.cause],
        "state": state_label(kind, stretch.state),
        "segments": [_segment(segment, zone) for segment in stretch.segments],
    }


def _segment(segment: Segment, zone: ZoneInfo) -> dict[str, Any]:
    why = "" if segment.closed is None else str(CLOSED[segment.closed])
    return {
        "span": span(segment.start, segment.end, zone),
        "length": length(segment.length) if segment.counted else "",
        "why": " · ".join(part for part in (why, segment.note) if part),
    }
