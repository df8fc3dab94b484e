"""Value streams at the desk: what is done by hand so far, and starting a flow from it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.desk.addresses import address, page_of
from routing.desk.base import actor
from routing.desk.filters import WithDefault
from routing.desk.forms import long_text
from routing.desk.lists import LineList
from routing.desk.saved import SavedAdmin, SavedForm
from routing.flows.admin.copying import ADD, FlowCopyForm
from routing.flows.stream_flows import FlowStart, NotStarted, start_flow
from routing.flows.value_streams import ValueStream
from routing.work import display

WAITING, AUTOMATED, MANUAL, ALL = "waiting", "automated", "manual", "all"
MOST = 4000  # characters of a text


class ValueStreamForm(SavedForm):
    decision_points = LineList(
        label=gettext_lazy("Decision points"),
        help_text=ValueStream._meta.get_field("decision_points").help_text,
        required=True,
    )
    known_failures = LineList(
        label=gettext_lazy("Known failures"),
        help_text=ValueStream._meta.get_field("known_failures").help_text,
    )


class FlowStartForm(FlowCopyForm):
    """What the flow needs at first, with the known text filled in."""

    purpose = long_text(
        gettext_lazy("Purpose"),
        error=gettext_lazy("Enter the purpose."),
        rows=3,
        max_length=MOST,
        help_text=gettext_lazy("The decision this flow makes for the business."),
    )
    outcome = long_text(
        gettext_lazy("Outcome"),
        error=gettext_lazy("Enter the outcome."),
        rows=3,
        max_length=MOST,
        help_text=gettext_lazy("The proof that the work was done."),
    )
    field_order = ("name", "purpose", "outcome", "owner", "backup", "reason")


class Automation(WithDefault):
    title = gettext_lazy("automation")
    parameter_name = "automation"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (
            (WAITING, _("Not automated yet")),
            (AUTOMATED, _("Automated")),
            (MANUAL, _("Stays manual")),
            (ALL, _("All")),
        )

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        chosen = self.value() or WAITING
        if chosen == AUTOMATED:
            return queryset.filter(flow__isnull=False)
        if chosen == MANUAL:
            return queryset.filter(flow=None, stays_manual=True)
        return queryset if chosen == ALL else queryset.not_automated()


@admin.register(ValueStream)
class ValueStreamAdmin(SavedAdmin[ValueStream]):
    form = ValueStreamForm
    list_display = ("name", "purpose", "how_often", "owner", "decisions", "failures", "became")
    list_select_related = ("owner", "flow")
    list_filter = (Automation,)
    search_fields = ("name", "purpose")
    search_help_text = gettext_lazy("Name or purpose")
    people_fields = ("owner",)
    fields = (
        "name",
        "purpose",
        "begins_with",
        "outcome",
        "decision_points",
        "known_failures",
        "how_often",
        "owner",
        "stays_manual",
        "reason",
    )
    change_form_outer_before_template = "desk/value_stream.html"
    empty_title = gettext_lazy("No value streams")
    empty_text = gettext_lazy(
        "Add what is done by hand, with its decisions and failures. Then start a flow from it."
    )

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.start_view)
        return [
            path("<path:object_id>/start/", page, name="routing_valuestream_start"),
            *super().get_urls(),
        ]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name in {"purpose", "outcome"}:
            field.widget.attrs["rows"] = 3
        return field

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        may = row is not None and row.flow is None and actor(request).may(ADD)
        more = {
            "flow": row.flow if row else None,
            "flow_url": page_of(row.flow) if row and row.flow else "",
            "start_url": address(ValueStream, "start", object_id) if may else "",
        }
        page: HttpResponse = super().change_view(
            request, object_id, form_url, more | (extra_context or {})
        )
        return page

    def start_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for the people of the new flow, then create its first draft by POST."""
        stream = self.seen(request, object_id)
        actor(request).require(ADD, to="add flows")
        known = {
            "name": stream.name,
            "purpose": stream.purpose,
            "outcome": stream.outcome,
            "owner": stream.owner_id,
        }
        form = FlowStartForm(request.POST or None, initial=known)
        wrong: list[str] = []
        if request.method == "POST" and form.is_valid():
            try:
                return self._started(request, stream, form)
            except NotStarted as refusal:
                wrong = [str(refusal)]
        context = {
            "title": _("Start a flow from %(stream)s") % {"stream": stream},
            "question": _(
                "The flow gets a first draft, and what is known goes into its runbook. "
                "Nothing starts it until you publish it."
            ),
            "form": form,
            "submit": _("Start the flow"),
            "back": page_of(stream),
            "faults": wrong,
        }
        return self.render(request, "desk/version_step.html", context, status=409 if wrong else 200)

    def _started(self, request: HttpRequest, stream: ValueStream, form: forms.Form) -> HttpResponse:
        """:raises NotStarted: with the reason, if the flow cannot be started"""
        values = dict(form.cleaned_data)
        reason = values.pop("reason")
        draft = start_flow(
            stream.pk, FlowStart(**values), by=actor(request), at=timezone.now(), reason=reason
        )
        words = _("Made %(flow)s with its first draft. Add triggers, fields and rules now.")
        messages.success(request, words % {"flow": draft.flow})
        return HttpResponseRedirect(page_of(draft))

    @admin.display(description=gettext_lazy("decision points"))
    def decisions(self, row: ValueStream) -> str:
        return "; ".join(row.decision_points)

    @admin.display(description=gettext_lazy("known failures"))
    def failures(self, row: ValueStream) -> str:
        return "; ".join(row.known_failures) or display.NOTHING

    @admin.display(description=gettext_lazy("automation"))
    def became(self, row: ValueStream) -> SafeString | str:
        if row.flow is not None:
            return format_html('<a class="tl-link" href="{}">{}</a>', page_of(row.flow), row.flow)
        if row.stays_manual:
            return display.badge(_("Stays manual"), "info")
        return display.badge(_("Not automated yet"), "warn")
