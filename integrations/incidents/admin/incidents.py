"""Incidents at the desk: a list, the page of each, and a form to open one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.incidents.admin.forms import OpenIncidentForm
from integrations.incidents.held import counts_of
from integrations.incidents.models import Incident
from integrations.incidents.operations.opening import OPEN, open_by_hand
from integrations.incidents.radius import blast_radius
from integrations.incidents.runbook import steps_of
from routing.desk import filters
from routing.desk.addresses import address, page_of
from routing.desk.base import actor
from routing.desk.columns import WorkColumns
from routing.desk.form_tokens import claim_form
from routing.desk.found_filters import OfBackup, OfOwner
from routing.desk.offers import PageFacts
from routing.desk.several import several, several_related
from routing.desk.steps import StepsAdmin
from routing.kernel.durations import in_words
from routing.runs.owners import NobodyLeft
from routing.work import display
from routing.work.items import soonest
from routing.work.kinds import state_badge, tone
from routing.work.visibility import work_seen_by

tone(Incident, open="bad", acknowledged="warn", closed="good")
SEVERITY_TONES = {"critical": "bad", "major": "warn", "minor": "plain"}


@admin.register(Incident)
class IncidentAdmin(WorkColumns, StepsAdmin[Incident]):
    list_display = ("what", "severity_name", "state_name", "noticed", "holds", "owner", "waits")
    list_filter = (
        filters.Openness,
        filters.AnybodysFirst,
        filters.WaitsFor,
        several("state"),
        several("severity"),
        several("signal"),
        several_related("connection", name="connection"),
        OfOwner,
        OfBackup,
    )
    search_fields = ("item__ref", "item__title", "cause")
    search_help_text = gettext_lazy("Reference, title or cause")
    ordering = (soonest("item__"), "item_id")
    noun_template = "desk/incident.html"
    onward = ("acknowledge", "test")
    page_related = (*StepsAdmin.page_related, "connection")
    bulk_steps = ("hand_over",)
    empty_title = gettext_lazy("No incident is open")
    empty_text = gettext_lazy(
        "An incident opens by itself when a connection is in trouble. If you see trouble first, "
        "open one. Reset the filters to see closed ones."
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        seen = work_seen_by(actor(request)).order_by()
        rows = super().get_queryset(request).filter(item__in=seen)
        return rows.select_related("item__client", "item__owner", "connection")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return actor(request).may(OPEN)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Open an incident, once however often the form is sent."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = OpenIncidentForm(request.POST or None)
        with claim_form(request, "open-incident") as sent:
            if sent.before:
                return HttpResponseRedirect(sent.before)
            if request.method == "POST" and form.is_valid():
                made = self._opened(request, form)
                if made is not None:
                    sent.leads_to(page_of(made))
                    return HttpResponseRedirect(page_of(made))
        context = {
            "form": form,
            "token": sent.token,
            "back": address(Incident, "changelist"),
            "title": _("Open an incident"),
            "submit": _("Open"),
        }
        return self.render(request, "desk/form.html", context)

    def _opened(self, request: HttpRequest, form: OpenIncidentForm) -> Incident | None:
        given = form.cleaned_data
        try:
            found = open_by_hand(
                given["what"],
                connection=given["connection"],
                severity=given["severity"],
                by=actor(request),
                at=timezone.now(),
            )
        except NobodyLeft as error:
            form.add_error(None, str(error))
            return None
        words = _("Opened. %(who)s leads it.")
        if found.joined:
            words = _("This incident is open already, and %(who)s leads it. Yours was counted.")
        messages.success(request, words % {"who": found.incident.item.owner})
        return found.incident

    def beside(self, request: HttpRequest, row: Incident, known: PageFacts) -> dict[str, Any]:
        radius = blast_radius(row, known.by)
        return {
            "radius": radius,
            "mine": radius.mine(known.by.user_id),
            "runbook": [(words, key in row.ticked) for key, words in steps_of(row).items()],
            "pauses": list(row.pauses.select_related("switch_off__flow").order_by("pk")),
        }

    def facts(self, request: HttpRequest, row: Incident) -> Sequence[tuple[Any, Any]]:
        item, now = row.item, timezone.now()
        state = format_html("{} {}", state_badge(item.kind, row.state), display.hold(item))
        found: list[tuple[Any, Any]] = [
            (_("State"), state),
            (_("Severity"), self.severity_name(row)),
            (_("Owner"), item.owner),
            (_("Backup"), item.backup),
            (_("Connection"), _page_link(row.connection)),
            (_("Noticed by"), _signals(row)),
            (_("Trouble began"), display.when(row.began_at, now)),
            (_("Noticed"), _after(row.noticed_at, row.began_at, now)),
            (_("Acknowledged"), _after(row.acknowledged_at, row.noticed_at, now)),
            (_("Recovered"), _after(row.recovered_at, row.noticed_at, now)),
            (_("More of the same"), row.joined),
        ]
        if row.canary_at is not None:
            result = _("Passed") if row.canary_passed else _("Failed")
            tone_of = "good" if row.canary_passed else "bad"
            tested = format_html(
                "{} {} {}",
                display.badge(result, tone_of),
                row.canary_said,
                display.when(row.canary_at, now),
            )
            found.append((_("Last test"), tested))
        return found

    def texts(self, row: Incident) -> Sequence[tuple[Any, str]]:
        texts = [(_("What caused it"), row.found), (_("Measure against it"), row.measure)]
        return [(heading, text) for heading, text in texts if text]

    @admin.display(description=gettext_lazy("severity"), ordering="severity")
    def severity_name(self, row: Incident) -> SafeString:
        return display.badge(row.get_severity_display(), SEVERITY_TONES[row.severity])

    @admin.display(description=gettext_lazy("noticed"), ordering="noticed_at")
    def noticed(self, row: Incident) -> SafeString | str:
        return display.when(row.noticed_at)

    @admin.display(description=gettext_lazy("released"))
    def holds(self, row: Incident) -> str:
        counts = counts_of(row)
        return _("%(released)s of %(held)s") % {"released": counts.released, "held": counts.held}


def _page_link(row: Any) -> SafeString | str:
    if row is None:
        return display.NOTHING
    return format_html('<a class="tl-link" href="{}">{}</a>', page_of(row), row)


def _signals(row: Incident) -> str:
    names = [str(Incident.Signal(each).label) for each in (row.signal, *row.signals)]
    return ", ".join(names)


def _after(at: Any, since: Any, now: Any) -> SafeString | str:
    """Return an instant with the time that it took, or nothing."""
    if at is None:
        return display.NOTHING
    took = _("after %(time)s") % {"time": in_words(at - since)}
    return format_html('{} <span class="tl-meta">{}</span>', display.when(at, now), took)
