"""
Exceptions at the desk, the reader's own first, with a form that resolves most of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.desk import filters
from routing.desk.addresses import address, page_of
from routing.desk.base import actor
from routing.desk.columns import WorkColumns
from routing.desk.day_filters import WhenDue
from routing.desk.export_columns import ExportColumn
from routing.desk.export_work import work_columns, work_related
from routing.desk.found_filters import OfBackup, OfClient, OfOwner, OfTeam
from routing.desk.offers import PageFacts, panel
from routing.desk.several import several, several_related
from routing.desk.steps import StepsAdmin
from routing.desk.timeline import timeline_of
from routing.flows.models import Flow
from routing.kernel.reasons import Reason
from routing.people.actors import Actor
from routing.runs.admin.client_hints import known_facts, near_matches, new_client_url
from routing.runs.admin.fill_in import CLIENT_IS_OPEN, FillInForm, form_for
from routing.runs.evidence_words import evidence_names, in_short, in_words
from routing.runs.exceptions import ExceptionCase
from routing.runs.failures import failures_behind
from routing.runs.models import Run, RunStep
from routing.runs.operations.runs import WrongValues, fill_in
from routing.runs.owners import reasons_of
from routing.runs.snapshots import field_problems, run_snapshots, unread_facts
from routing.work import display
from routing.work.door import OperationResult
from routing.work.gates import GateResult
from routing.work.items import soonest
from routing.work.kinds import state_badge, tone
from routing.work.visibility import clients_seen_by, work_seen_by

tone(ExceptionCase, open="warn", claimed="info", escalated="bad", resolved="good")


@admin.register(ExceptionCase)
class ExceptionAdmin(WorkColumns, StepsAdmin[ExceptionCase]):
    noun_template = "desk/exception.html"
    list_name = "exceptions"
    export_columns = (
        *work_columns(),
        ExportColumn("reason", gettext_lazy("reason, code"), "reason"),
        ExportColumn("reason_words", gettext_lazy("reason"), lambda row: row.get_reason_display()),
        ExportColumn("step", gettext_lazy("stopped at"), "step"),
        ExportColumn("run", gettext_lazy("run"), "run.item.ref"),
        ExportColumn("flow", gettext_lazy("flow"), "run.flow.name"),
        ExportColumn("problem", gettext_lazy("problem"), lambda row: in_short(row.evidence)),
    )
    export_related = (*work_related(), "run__item", "run__flow")
    list_display = (
        "reason_name",
        "stopped_at",
        "evidence_short",
        "client",
        "state_name",
        "owner",
        "waits",
        "due_at",
        "age",
    )
    list_filter = (
        filters.Whose,
        filters.Openness,
        filters.WaitsFor,
        several("reason"),
        several("state"),
        OfClient,
        several_related("run__flow", name="flow"),
        WhenDue,
        OfOwner,
        OfBackup,
        OfTeam,
    )
    search_fields = (
        "item__ref",
        "item__title",
        "run__item__ref",
        "item__client__code",
        "item__client__name",
    )
    search_help_text = gettext_lazy("Reference of the exception or of its run, or client")
    ordering = (soonest("item__"), "item_id")
    page_related = (*StepsAdmin.page_related, "run__version__flow")
    bulk_steps = ("claim", "resolve", "cover", "dismiss", "hand_over")
    empty_title = gettext_lazy("No exceptions")
    empty_text = gettext_lazy(
        "Nothing is waiting for you. Use the filters to see everyone's exceptions or resolved ones."
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        seen = work_seen_by(actor(request)).order_by()
        return (
            super()
            .get_queryset(request)
            .filter(item__in=seen)
            .select_related("item__client", "item__owner", "run__item")
        )

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.fill_in_view)
        return [
            path("<path:object_id>/fill-in/", page, name="routing_exceptioncase_fill_in"),
            *super().get_urls(),
        ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # only the system raises exceptions

    def list_title(self, request: HttpRequest) -> str:
        titles = {"all": _("All exceptions"), "team": _("My teams' exceptions")}
        return titles.get(request.GET.get("whose", ""), _("My exceptions"))

    def fill_in_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Store what the person filled in, and say if the run continued or what is missing."""
        case, by, at = self.seen(request, object_id), actor(request), timezone.now()
        if request.method != "POST":
            return HttpResponseRedirect(page_of(case))
        by.require("routing.fill_in_run", to="fill in runs")
        form = form_for(case, by, at, request.POST)
        if form is None or case.run_id is None:
            raise PermissionDenied(_("Nothing is left to fill in."))
        if form.is_valid():
            try:
                reason = form.cleaned_data["reason"]
                results = fill_in(
                    case.run_id, form.values, client_id=form.client_id, by=by, at=at, reason=reason
                )
            except WrongValues as wrong:
                form.refuse(wrong)
            except Run.DoesNotExist:
                raise Http404 from None
            else:
                self.show_result(request, case, results)
                return HttpResponseRedirect(page_of(case))
        offered = panel(case, PageFacts(by, at))
        context = {
            "form": form,
            "panel": offered,
            "facts": self.facts(request, case),
            "entries": timeline_of(case),
        }
        return self.page(request, self.noun_template, case, context)

    def show_result(
        self, request: HttpRequest, case: ExceptionCase, results: Sequence[OperationResult]
    ) -> None:
        run, step = case.run, RunStep.Name(case.step).label
        assert run is not None
        missing: list[str] = []
        if case.step == RunStep.Name.VALIDATE:
            [snapshot] = run_snapshots([run.pk])
            missing = [fault.label for fault in field_problems(snapshot)]
        refusals: list[GateResult] = []
        for result in results:
            refusals += result.refusals
        if missing:
            messages.warning(
                request, _("Saved. Still missing: %(what)s.") % {"what": ", ".join(missing)}
            )
        elif refusals:
            why = " ".join(f"{refusal.message} {refusal.evidence}".strip() for refusal in refusals)
            messages.warning(
                request, _("Saved, but the exception stays open: %(why)s") % {"why": why}
            )
        elif results:
            said = _("Saved. The exception is resolved and %(run)s continues at “%(step)s”.")
            messages.success(request, said % {"run": run.item.ref, "step": step})
        else:
            messages.success(
                request, _("Saved. Resolve the exception to retry “%(step)s”.") % {"step": step}
            )

    def page(
        self,
        request: HttpRequest,
        template: str,
        row: Any,
        context: dict[str, Any],
        status: int = 200,
    ) -> TemplateResponse:
        # The pages of steps have forms of their own.
        if template == self.noun_template:
            by = actor(request)
            form: FillInForm | None = context.get("form") or form_for(
                row, by, timezone.now(), client=request.GET.get("client", "")
            )
            names = evidence_names([row.evidence], clients_seen_by(by))
            context = context | {
                "form": form,
                "action": address(ExceptionCase, "fill_in", row.pk),
                "evidence": in_words(row.evidence, names),
                **self.hints(row, by),
                "failure": failures_behind([row], timezone.now()).get(row.pk),
                "clients": names.clients,
                "about": work_seen_by(by).filter(pk=row.item.parent_id).first(),
            }
        return super().page(request, template, row, context, status)

    def hints(self, row: ExceptionCase, by: Actor) -> dict[str, Any]:
        """Return what is known about a run and, if its client is unclear, who it could be."""
        kind = row.evidence.get("event_kind") if row.reason == Reason.UNCLAIMED_EVENTS else ""
        if kind and by.may("routing.view_flow"):
            return {"kind_url": address(Flow, "event_kind", kind)}
        if row.run_id is None or not row.is_open:
            return {}
        [snapshot] = run_snapshots([row.run_id])
        hints: dict[str, Any] = {
            "known": known_facts(snapshot, by),
            "unread": unread_facts(snapshot) if by.may("routing.view_contact") else [],
        }
        if row.reason in CLIENT_IS_OPEN:
            hints["near"] = near_matches(row, snapshot, by)
            hints["new_client"] = new_client_url(row, snapshot, by)
        return hints

    def facts(self, request: HttpRequest, row: ExceptionCase) -> Sequence[tuple[Any, Any]]:
        item, now = row.item, timezone.now()
        return [
            (
                _("State"),
                format_html("{} {}", state_badge(item.kind, row.state), display.hold(item)),
            ),
            (_("Run"), link_to(row.run)),
            (_("Flow"), row.run.version if row.run else display.NOTHING),
            (_("Stopped at"), self.stopped_at(row)),
            (_("Client"), item.client or _("Unknown")),
            (_("Owner"), item.owner),
            (_("Backup"), item.backup),
            (_("Assigned because"), reasons_of([row]).get(row.pk) or display.NOTHING),
            (_("Resolve by"), display.due(item, now)),
            (_("Raised"), display.when(item.created_at, now)),
            (_("Blocks the run"), _("Yes") if row.blocking else _("No")),
        ]

    @admin.display(description=gettext_lazy("exception"), ordering="reason")
    def reason_name(self, row: ExceptionCase) -> SafeString:
        return display.named(row.item)

    @admin.display(description=gettext_lazy("stopped at"), ordering="step")
    def stopped_at(self, row: ExceptionCase) -> str:
        label = row.step
        if row.step in RunStep.Name.values:
            label = str(RunStep.Name(row.step).label)
        # An exception that stops nothing has no step.
        said = [label, row.run.item.ref if row.run and label else ""]
        return ", ".join(part for part in said if part) or display.NOTHING

    @admin.display(description=gettext_lazy("problem"))
    def evidence_short(self, row: ExceptionCase) -> str:
        return in_short(row.evidence) or display.NOTHING


def link_to(run: Run | None) -> SafeString | str:
    if run is None:
        return display.NOTHING
    return format_html('<a class="tl-link" href="{}">{}</a>', page_of(run), run.item.ref)
