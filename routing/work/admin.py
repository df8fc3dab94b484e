"""The work queue: every kind of work in one list, ordered by what is due."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from routing.desk import filters
from routing.desk.addresses import page_of, work_page
from routing.desk.base import actor
from routing.desk.bulk import BulkSteps
from routing.desk.columns import MoreWorkColumns
from routing.desk.day_filters import ChangedSince, WhenDue
from routing.desk.export_work import work_columns, work_related
from routing.desk.forms import long_text
from routing.desk.found_filters import OfBackup, OfClient, OfOwner, OfTeam
from routing.desk.waits import in_list, with_waits
from routing.runs.operations.outcomes import may_waive, probe_now, waive
from routing.runs.questions.ask import as_json, ask
from routing.runs.questions.asked import AskedWork
from routing.work import display
from routing.work.gates import Words
from routing.work.items import WorkItem, soonest
from routing.work.kinds import kind_label, models_by_kind, state_badge
from routing.work.visibility import work_seen_by


class Waiver(forms.Form):
    reason = long_text(_("Reason"), error=_("Enter a reason."), rows=3, max_length=500)


@admin.register(WorkItem)
class WorkItemAdmin(MoreWorkColumns, BulkSteps[WorkItem]):
    list_name = "work"
    export_columns = work_columns("")
    export_related = work_related("")
    list_display = (
        "what",
        "client",
        "kind_name",
        "state_name",
        "owner",
        "waits",
        "urgency",
        "due_at",
    )
    list_filter = (
        filters.Whose,
        filters.Openness,
        OfClient,
        filters.OfKind,
        filters.OfState,
        filters.WaitsFor,
        filters.WaitingOn,
        filters.Urgency,
        WhenDue,
        OfOwner,
        OfBackup,
        OfTeam,
        ChangedSince,
    )
    list_select_related = ("client", "owner", "doer")
    search_fields = ("ref", "title", "client__code", "client__name")
    search_help_text = _("Reference, title or client")
    ordering = (soonest(), "id")
    bulk_steps = ("hold", "resume", "hand_over")
    empty_title = _("No work here")
    empty_text = _("No work matches. Show everyone's work or reset the filters.")

    def get_queryset(self, request: HttpRequest) -> Any:
        return work_seen_by(actor(request)).order_by(*self.ordering)

    def for_page(self, request: HttpRequest, rows: QuerySet[WorkItem]) -> QuerySet[WorkItem]:
        return with_waits(rows, actor(request))

    def list_title(self, request: HttpRequest) -> str:
        if request.GET.get("waits") == "decision":
            return str(_("Waiting for my decision"))
        titles = {"all": _("All work"), "team": _("My teams' work")}
        return str(titles.get(request.GET.get("whose", ""), _("My work")))

    def get_list_filter(self, request: HttpRequest) -> Any:
        return (*self.list_filter, *filters.work_filters())

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # work items are created with what they are for, such as a request

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Redirect from the lasting address of a work item to the page of its request, run etc."""
        item = self.seen(request, object_id)
        model = models_by_kind().get(item.kind)
        if request.method not in {"GET", "HEAD"}:
            raise PermissionDenied
        if model is None or not self.admin_site.is_registered(model):
            raise Http404
        return HttpResponseRedirect(page_of(model._base_manager.get(item=item)))

    def get_urls(self) -> list[URLPattern]:
        look = self.admin_site.admin_view(self.look_view)
        questions = self.admin_site.admin_view(self.questions_view)
        waive = self.admin_site.admin_view(self.waive_view)
        return [
            path("<path:object_id>/questions/", questions, name="routing_workitem_questions"),
            path(
                "<path:object_id>/outcomes/<int:outcome>/look/", look, name="routing_outcome_look"
            ),
            path(
                "<path:object_id>/outcomes/<int:outcome>/waive/",
                waive,
                name="routing_outcome_waive",
            ),
            *super().get_urls(),
        ]

    def questions_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Answer the ten questions about a piece of work, on a page or as JSON."""
        seen, by = self.seen(request, object_id), actor(request)
        item = AskedWork.items().get(pk=seen.pk)
        answers = ask(item, timezone.now(), by)
        if request.GET.get("format") == "json":
            return JsonResponse(
                as_json(item.ref, answers),
                json_dumps_params={"indent": 2, "ensure_ascii": False},
            )
        context = {
            "title": _("Ten questions: %(work)s") % {"work": item},
            "item": item,
            "answers": answers,
            "back": work_page(item.pk),
            "zone": timezone.get_current_timezone_name(),
        }
        return self.render(request, "desk/questions.html", context)

    def look_view(self, request: HttpRequest, object_id: str, outcome: int) -> HttpResponse:
        """
        Have the proof of an outcome checked now, not when it is next due. Return to the page.
        """
        item = self.seen(request, object_id)
        if request.method != "POST" or not item.outcomes.filter(pk=outcome).exists():
            raise PermissionDenied
        [result] = probe_now([outcome], by=actor(request), at=timezone.now())
        if result.done:
            messages.success(
                request, _("The check runs within seconds. Reload the page to see the result.")
            )
        else:
            messages.error(request, " ".join(str(refusal.message) for refusal in result.refusals))
        return HttpResponseRedirect(work_page(item.run.item_id if item.run else item.pk))

    def waive_view(self, request: HttpRequest, object_id: str, outcome: int) -> HttpResponse:
        """Ask for a reason, then waive the proof of an outcome."""
        item, by = self.seen(request, object_id), actor(request)
        row = item.outcomes.select_related("item").filter(pk=outcome).first()
        if row is None:
            raise Http404
        if not may_waive(row, by):
            by.require("routing.waive_any_outcome", to="waive this outcome")
        back = work_page(item.run.item_id if item.run else item.pk)
        form = Waiver(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            [result] = waive(
                [outcome], by=by, at=timezone.now(), reason=form.cleaned_data["reason"]
            )
            if result.done:
                messages.success(request, _("%(ref)s: proof waived.") % {"ref": item.ref})
                return HttpResponseRedirect(back)
            form.add_error(None, " ".join(str(refusal.message) for refusal in result.refusals))
        title = _("Waive proof: %(what)s") % {"what": row}
        context = {
            "title": title,
            "form": form,
            "submit": _("Waive proof"),
            "danger": True,
            "back": back,
        }
        return self.render(
            request, "desk/form.html", context, status=409 if form.non_field_errors() else 200
        )

    @admin.display(description=_("work"), ordering="id")
    def what(self, item: WorkItem) -> SafeString:
        return display.named(item)

    @admin.display(description=_("kind"), ordering="kind")
    def kind_name(self, item: WorkItem) -> str:
        return kind_label(item)

    @admin.display(description=_("state"), ordering="state")
    def state_name(self, item: WorkItem) -> SafeString:
        return format_html("{} {}", state_badge(item.kind, item.state), display.hold(item))

    @admin.display(description=_("waits for"))
    def waits(self, item: WorkItem) -> Words:
        return in_list(item)

    @admin.display(description=_("priority"), ordering="priority")
    def urgency(self, item: WorkItem) -> SafeString | str:
        return display.priority(item)

    @admin.display(description=_("due"), ordering=soonest())
    def due_at(self, item: WorkItem) -> SafeString | str:
        return display.due(item)
