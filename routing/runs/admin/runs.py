"""Runs at the desk: the list, and each run with its trace on one page."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from routing.desk import filters
from routing.desk.addresses import address
from routing.desk.base import actor
from routing.desk.columns import WorkColumns
from routing.desk.day_filters import WhenDue
from routing.desk.found_filters import OfBackup, OfClient, OfOwner, OfTeam
from routing.desk.several import several, several_related
from routing.desk.steps import StepsAdmin
from routing.flows.event_catalogue import kind_words
from routing.runs.admin.monday import monday_view
from routing.runs.admin.trace_page import page_entries, started_by
from routing.runs.blocking import holds, next_step, with_holds
from routing.runs.models import Run
from routing.runs.registry import RunPage, run_pages
from routing.runs.trace import trace
from routing.work import display
from routing.work.kinds import tone
from routing.work.visibility import clients_seen_by, work_seen_by

tone(
    Run,
    received="info",
    enriching="info",
    waiting="warn",
    routed="info",
    in_delivery="good",
    awaiting_outcome="info",
    complete="good",
    closed_unproven="bad",
)


@admin.register(Run)
class RunAdmin(WorkColumns, StepsAdmin[Run]):
    noun_template = "desk/run.html"
    list_display = (
        "what",
        "flow_name",
        "about",
        "client",
        "state_name",
        "owner",
        "waits",
        "held_by",
        "age",
    )
    list_filter = (
        filters.Openness,
        filters.AnybodysFirst,
        filters.WaitsFor,
        several("state"),
        several_related("flow", name="flow"),
        OfClient,
        WhenDue,
        OfOwner,
        OfBackup,
        OfTeam,
    )
    search_fields = (
        "item__ref",
        "item__title",
        "=subject_id",
        "item__client__code",
        "item__client__name",
        "=item__run__work__ref",
    )
    search_help_text = _("Reference, client or the id in the other system")
    ordering = ("-pk",)
    page_related = (
        *StepsAdmin.page_related,
        "version__flow",
        "flow__owner",
        "flow__backup",
        "follows__item",
    )
    linked_lookups = ("version__id__exact",)  # from the page of a flow
    bulk_steps = ("hold", "resume", "hand_over", "cancel")
    empty_title = _("No runs")
    empty_text = _(
        "A run starts when an event matches a published flow. Reset the filters to see ended runs."
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        seen = (
            super().get_queryset(request).filter(item__in=work_seen_by(actor(request)).order_by())
        )
        return with_holds(
            seen.select_related("item__client", "item__owner", "flow", "version__flow")
        )

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.json_view)
        monday = self.admin_site.admin_view(self.monday_view)
        return [
            path("monday/", monday, name="routing_run_monday"),
            path("<path:object_id>/trace.json", page, name="routing_run_json"),
            *map(self.address_of, run_pages()),
            *super().get_urls(),
        ]

    def address_of(self, page: RunPage) -> URLPattern:
        view = self.admin_site.admin_view(partial(self.further_view, page=page))
        name = f"routing_run_{page.name}"
        found: URLPattern = path(f"<path:object_id>/{page.path}", view, name=name)
        return found

    def further_view(self, request: HttpRequest, object_id: str, page: RunPage) -> HttpResponse:
        answer: HttpResponse = page.view(self, request, self.seen(request, object_id))
        return answer

    def monday_view(self, request: HttpRequest) -> HttpResponse:
        return monday_view(self, request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # only events start runs

    def json_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        run = self.seen(request, object_id)
        answer = JsonResponse(
            trace(run).as_json(), json_dumps_params={"indent": 2, "ensure_ascii": False}
        )
        answer["Content-Disposition"] = f'attachment; filename="{run.item.ref}.json"'
        return answer

    def page(
        self,
        request: HttpRequest,
        template: str,
        row: Any,
        context: dict[str, Any],
        status: int = 200,
    ) -> TemplateResponse:
        more = self.everything(request, row) if template == self.noun_template else {}
        return super().page(request, template, row, more | context, status)

    def everything(self, request: HttpRequest, run: Run) -> dict[str, Any]:
        by = actor(request)
        parts = list(
            work_seen_by(by)
            .filter(run=run)
            .exclude(pk=run.item_id)
            .select_related("owner")
            .order_by("pk")
        )
        work = [part for part in parts if part.kind != "exceptioncase"]
        event, joined = started_by(run)
        told = trace(run)
        again = "again" in request.GET
        may_see_flow = by.may("routing.view_flowversion")
        version_url = address(type(run.version), "change", run.version_id)
        return {
            "started": event,
            "started_as": kind_words(event.kind) if event else "",
            "joined": joined,
            "holds": holds(run),
            "next": next_step(run, work),
            "parts": work,
            "nothing_yet": told.nothing_yet,
            "trace": page_entries(told, seen=clients_seen_by(by), by=by, again=again),
            "again": again,
            "json": address(Run, "json", run.pk),
            "pages": [
                (page.label, address(Run, page.name, run.pk)) for page in run_pages() if page.label
            ],
            "flow_url": version_url if may_see_flow else "",
            "event_page": by.may("routing.view_event"),
        }

    @admin.display(description=_("flow"), ordering="flow__name")
    def flow_name(self, run: Run) -> str:
        return str(run.version)

    @admin.display(description=_("about"))
    def about(self, run: Run) -> SafeString:
        return format_html(
            '{} <span class="tl-ref">{}</span> <span class="tl-meta">{}</span>',
            run.subject_type,
            run.subject_id,
            run.source,
        )

    @admin.display(description=_("blocked by"))
    def held_by(self, run: Run) -> str:
        found = holds(run)
        if not found:
            return display.NOTHING
        return f"{found[0].message} · {found[0].clears_by}"
