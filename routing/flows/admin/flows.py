"""
The flow catalog at the desk: each flow with its decision, owners, live version and open work.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, OuterRef, Prefetch, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from routing.desk.addresses import address, page_of
from routing.desk.base import actor
from routing.desk.links import LinkListFilter
from routing.desk.lists import LineList
from routing.desk.saved import SavedForm
from routing.flows.admin.catalogue import Printing
from routing.flows.admin.copying import Copying
from routing.flows.admin.event_catalogue import EventCatalogue
from routing.flows.admin.in_flight import InFlight
from routing.flows.admin.proposed import Proposing
from routing.flows.admin.reason_form import ReasonForm
from routing.flows.admin.reviews import reviews_of_flow
from routing.flows.admin.starters import Starters
from routing.flows.admin.switching import FlowState, Switching, state_badge
from routing.flows.admin.workflow_map import MapStop, map_of
from routing.flows.copying import free_slug, is_name_taken, name_taken_words
from routing.flows.editors import edit_scope, own_flows, require_editor
from routing.flows.models import Flow, FlowVersion
from routing.flows.operations import begin
from routing.flows.switch_off import SwitchOff
from routing.runs.exceptions import ExceptionCase
from routing.runs.models import Run
from routing.work import display
from routing.work.visibility import work_seen_by

MINE = "mine"


class FlowForm(SavedForm):
    """The catalogue entry of a flow. Its lists are entered one a line, or ticked."""

    touches = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Touches"),
        choices=Flow.Touches.choices,
        required=False,
        empty_value=[],
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        help_text=Flow._meta.get_field("touches").help_text,
    )
    may_change = LineList(
        label=gettext_lazy("May change"), help_text=Flow._meta.get_field("may_change").help_text
    )
    must_hold = LineList(
        label=gettext_lazy("Must hold"), help_text=Flow._meta.get_field("must_hold").help_text
    )
    stay_stable = forms.MultipleChoiceField(
        label=gettext_lazy("Flows that must stay stable"),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        help_text=Flow._meta.get_field("stay_stable").help_text,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "stay_stable" in self.fields:  # not on a page that only shows the flow
            others = Flow.objects.exclude(pk=self.instance.pk).values_list("slug", "name")
            self.fields["stay_stable"].choices = list(others)  # type: ignore[attr-defined]
        if "slug" in self.fields:
            self.fields["slug"].required = False
            self.fields["slug"].help_text = _(
                "What commands and files call the flow. If it is empty, it is made from the name."
            )

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if self.instance._state.adding and is_name_taken(name):
            raise forms.ValidationError(name_taken_words(name))
        return name

    def clean_slug(self) -> str:
        entered: str = self.cleaned_data["slug"]
        return entered or free_slug(self.cleaned_data.get("name", ""))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        last, following = cleaned.get("last_review"), cleaned.get("next_review")
        if last and following and following <= last:
            self.add_error("next_review", _("The next review comes after the last one."))
        return cleaned


class WhoseFlow(LinkListFilter):
    title = gettext_lazy("person")
    parameter_name = "whose"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return ((MINE, _("Mine")),)

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        mine = self.value() == MINE
        return queryset.filter(own_flows(actor(request))) if mine else queryset


@admin.register(Flow)
class FlowAdmin(Copying, InFlight, Printing, EventCatalogue, Starters, Switching, Proposing):
    list_display = (
        "name",
        "purpose_short",
        "state",
        "live_version",
        "open_runs",
        "open_exceptions",
        "owner",
        "backup",
        "next_review",
    )
    list_select_related = ("owner", "backup")
    list_filter = (WhoseFlow, FlowState, "criticality")
    search_fields = ("name", "slug", "purpose")
    search_help_text = gettext_lazy("Name or purpose")
    form = FlowForm
    fieldsets = (
        (None, {"fields": ("name", "slug", "purpose", "outcome", "metric")}),
        (
            gettext_lazy("People"),
            {"fields": ("owner", "backup", "outcome_owner", "feels_first")},
        ),
        (
            gettext_lazy("Reach"),
            {
                "fields": (
                    "criticality",
                    "touches",
                    "may_change",
                    "system_of_record",
                    "must_hold",
                    "stay_stable",
                    "leads_may_edit",
                )
            },
        ),
        (
            gettext_lazy("Operation"),
            {"fields": ("runbook", "last_review", "next_review", "reason")},
        ),
    )
    owner_fields = ("owner", "backup", "outcome_owner")
    change_form_outer_before_template = "desk/flow.html"
    empty_title = gettext_lazy("No flows")
    empty_text = gettext_lazy(
        "Add a flow with its decision and its policy owner. Then create the first version."
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        seen = work_seen_by(actor(request)).order_by()
        runs = Run.objects.filter(flow=OuterRef("pk"), state__in=Run.open_states, item__in=seen)
        cases = ExceptionCase.objects.filter(
            run__flow=OuterRef("pk"), state__in=ExceptionCase.open_states, item__in=seen
        )
        published = FlowVersion.objects.filter(published_at__isnull=False).order_by("-number")
        return (
            super()
            .get_queryset(request)
            .annotate(runs_open=_count(runs, "flow"), cases_open=_count(cases, "run__flow"))
            .prefetch_related(
                Prefetch("versions", queryset=published, to_attr="published_versions"),
                Prefetch(
                    "switch_offs",
                    queryset=SwitchOff.objects.current().select_related("off_by"),
                    to_attr="switched_off",
                ),
            )
        )

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.draft_view)
        return [
            path("<path:object_id>/draft/", page, name="routing_flow_draft"),
            *super().get_urls(),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("slug",) if obj else ()  # events and commands name it

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name in {"purpose", "outcome", "runbook"}:
            field.widget.attrs["rows"] = 3
        return field

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        by = actor(request)
        seen = work_seen_by(by).order_by()
        flow_id = int(object_id) if object_id.isdecimal() else 0
        versions = FlowVersion.objects.filter(flow__pk=flow_id)
        rows = versions.select_related("published_by", "copied_from__flow").order_by("-number")
        runs = Run.objects.filter(version=OuterRef("pk"), state__in=Run.open_states, item__in=seen)
        may_draft = bool(edit_scope(by, flow_id))
        more = {
            "versions": rows.annotate(runs_open=_count(runs, "version")),
            "drafting": address(Flow, "draft", object_id) if may_draft else "",
            "copying": self.copying(request, rows, object_id),
            "map": _map(rows),
            "runs_url": f"{address(Run, 'changelist')}?version__id__exact=",
            "in_flight_url": address(Flow, "runs", object_id),
            **self.switching(request, flow_id),
            **self.proposing(flow_id),
            "reviews": reviews_of_flow(flow_id, by),
        }
        page: HttpResponse = super().change_view(
            request, object_id, form_url, more | (extra_context or {})
        )
        return page

    def response_add(
        self, request: HttpRequest, obj: Flow, post_url_continue: str | None = None
    ) -> HttpResponse:
        messages.success(
            request, _("Saved %(flow)s. Create the first version now.") % {"flow": obj}
        )
        return HttpResponseRedirect(page_of(obj))

    def draft_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        by, flow = actor(request), self.seen(request, object_id)
        require_editor(by, flow)
        form = ReasonForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            draft = begin(flow, by=by, at=timezone.now(), reason=form.cleaned_data["reason"])
            messages.success(
                request,
                _("Created draft %(draft)s. It is not used until you publish it.")
                % {"draft": draft},
            )
            return HttpResponseRedirect(page_of(draft))
        context = {
            "title": _("New draft: %(flow)s") % {"flow": flow},
            "form": form,
            "submit": _("Create draft"),
            "back": page_of(flow),
        }
        return self.render(request, "desk/form.html", context)

    @admin.display(description=gettext_lazy("decision"))
    def purpose_short(self, flow: Flow) -> str:
        return flow.purpose

    @admin.display(description=gettext_lazy("state"))
    def state(self, flow: Any) -> SafeString:
        return state_badge(flow.switched_off)

    @admin.display(description=gettext_lazy("live"))
    def live_version(self, flow: Any) -> SafeString | str:
        if not flow.published_versions:
            return display.badge(_("Not published"), "warn")
        live = flow.published_versions[0]
        return format_html('<a class="tl-link" href="{}">v{}</a>', page_of(live), live.number)

    @admin.display(description=gettext_lazy("open runs"), ordering="runs_open")
    def open_runs(self, flow: Any) -> SafeString:
        url = f"{address(Run, 'changelist')}?flow__id__exact={flow.pk}"
        return format_html(
            '<a class="tl-link" href="{}">{}<span class="tl-sr"> {}</span></a>',
            url,
            flow.runs_open,
            _("open runs"),
        )

    @admin.display(description=gettext_lazy("exceptions"), ordering="cases_open")
    def open_exceptions(self, flow: Any) -> SafeString:
        url = f"{address(ExceptionCase, 'changelist')}?whose=all&run__flow__id__exact={flow.pk}"
        return format_html(
            '<a class="tl-link" href="{}">{}<span class="tl-sr"> {}</span></a>',
            url,
            flow.cases_open,
            _("open exceptions"),
        )


def _map(versions: Any) -> list[MapStop]:
    """Return the workflow map of the live version, or of the newest draft if nothing is live."""
    live = versions.filter(published_at__isnull=False).first() or versions.first()
    return map_of(live.flow, live) if live else []


def _count(rows: Any, key: str) -> Coalesce:
    """Return the number of related rows as a subquery."""
    # Two counts over joins would multiply each other.
    return Coalesce(
        Subquery(rows.order_by().values(key).annotate(found=Count("pk")).values("found")), 0
    )
