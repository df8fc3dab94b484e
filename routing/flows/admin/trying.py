"""The page that tries a version on a past event or on a body that somebody pastes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget

from routing.desk.addresses import address, page_of
from routing.desk.base import DeskAdmin, actor
from routing.desk.forms import choice, picked
from routing.flows.editors import edit_scope
from routing.flows.event_catalogue import kind_words
from routing.flows.files.tried import TriedVersion, tried_row
from routing.flows.models import FlowVersion
from routing.flows.registry import event_kinds
from routing.kernel.events import Event
from routing.people.actors import Actor
from routing.people.clients import Client
from routing.runs.admin.trace_page import rule_on_page
from routing.runs.evidence_words import event_name
from routing.runs.models import Run, RunEvent
from routing.runs.trial import FlowTrial, try_version
from routing.runs.trial_input import ErasedEvent, TrialInput, input_of_body, input_of_event
from routing.runs.trial_words import (
    candidates_of,
    clock_words,
    fact_lines,
    start_words,
    stop_words,
)
from routing.sla.calendars import agency_zone
from routing.work.search_terms import asked, words_in
from routing.work.visibility import clients_seen_by, visible_work, work_seen_by

SHOWN = 20  # events to choose from, the newest
RECENT = 10_000  # events among which those without a run are looked for; kinds have no index
LONGEST = 100_000  # characters of a pasted body
FOUND_BY = ("item__ref", "item__title", "item__client__name", "=subject_id")


class PayloadForm(forms.Form):
    """Asks for the body of an event. What cannot be read stays in the form."""

    kind = choice(gettext_lazy("Kind of event"), ())
    client = picked(
        gettext_lazy("Client"),
        Client.objects.none(),
        required=False,
        help_text=gettext_lazy("Leave empty if a domain in the body says whose it is."),
    )
    payload = forms.CharField(
        label=gettext_lazy("Body"),
        max_length=LONGEST,
        widget=UnfoldAdminTextareaWidget({"rows": 10, "spellcheck": "false"}),
        help_text=gettext_lazy(
            "A JSON object, such as {“deal”: {“amount”: 12000}} with straight quotes. It is not "
            "stored."
        ),
        error_messages={"required": gettext_lazy("Paste the body of an event.")},
    )

    def __init__(self, tried: TriedVersion, by: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = [each.kind for each in tried.triggers]
        kinds = dict.fromkeys([*own, *sorted(event_kinds(), key=kind_words)])
        self.fields["kind"].choices = [(each, kind_words(each)) for each in kinds]  # type: ignore[attr-defined]
        self.fields["client"].queryset = clients_seen_by(by)  # type: ignore[attr-defined]

    def clean_payload(self) -> dict[str, Any]:
        try:
            body = json.loads(self.cleaned_data["payload"])
        except json.JSONDecodeError as error:
            words = _("Line %(line)s, column %(column)s: this is not JSON. %(why)s.")
            said = {"line": error.lineno, "column": error.colno, "why": error.msg}
            raise forms.ValidationError(words % said) from None
        except (RecursionError, ValueError):
            message = _("This is nested too deep, or has a number that is too long.")
            raise forms.ValidationError(message) from None
        if not isinstance(body, dict):
            raise forms.ValidationError(_("Line 1: this is no JSON object. Begin with a brace."))
        return body


@dataclass(frozen=True, slots=True)
class EventLine:
    """A past event to choose: what it is, the work that it started, and when it came."""

    event: Event
    name: str
    run: Run | None
    url: str
    chosen: bool


class Trying(DeskAdmin[FlowVersion]):
    """The page “Try it” of a version."""

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.try_view)
        return [
            path("<path:object_id>/try/", page, name="routing_flowversion_try"),
            *super().get_urls(),
        ]

    def try_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what the version would do. Nothing is written, also by POST."""
        version, by = self.seen(request, object_id), actor(request)
        if not edit_scope(by, version.flow_id):
            raise PermissionDenied(f"{by.name} may not try {version}.")
        tried, search = tried_row(version), request.GET.get("q", "").strip()
        form = PayloadForm(tried, by, request.POST or None)
        given, wrong = None, ""
        try:
            given = self._given(request, form, version, by)
        except ErasedEvent as error:
            wrong = str(error)
        trial = try_version(tried, given, timezone.now()) if given else None
        chosen = given.event.pk if given else None
        context = {
            "title": _("Try it: %(version)s") % {"version": version},
            "version": version,
            "back": page_of(version),
            "form": form,
            "search": search,
            "events": _lines(version, _choices(version, by, search), chosen, search),
            "wrong": wrong,
            **(_trial_context(trial) if trial else {}),
        }
        return self.render(request, "desk/try.html", context)

    def _given(
        self, request: HttpRequest, form: PayloadForm, version: FlowVersion, by: Actor
    ) -> TrialInput | None:
        if request.method == "POST":
            return _pasted(form, by) if form.is_valid() else None
        number = request.GET.get("event", "")
        if not number:
            return None
        if not number.isdecimal() or len(number) > len(str(2**62)):
            raise Http404
        event = _seen_event(version, int(number), by)
        if event is None:
            raise Http404
        return input_of_event(event)


def _pasted(form: PayloadForm, by: Actor) -> TrialInput:
    values = form.cleaned_data
    client = values["client"]
    given = input_of_body(values["kind"], values["payload"], client_id=client and client.pk)
    known = given.found.client_id
    # A domain in the body may be of a client that this person may not see.
    if known and not clients_seen_by(by).filter(pk=known).exists():
        return input_of_body(values["kind"], values["payload"], by_domain=False)
    return given


# -- Past events -----------------------------------------------------------------------------------


def _choices(version: FlowVersion, by: Actor, search: str) -> list[tuple[Event, Run | None]]:
    """Return the newest events that started runs of the flow, or that no flow took."""
    runs = Run.objects.filter(flow=version.flow_id, item__in=work_seen_by(by).order_by())
    if words_in(search):
        runs = runs.filter(asked(search, FOUND_BY))
    some = {run.pk: run for run in runs.select_related("item__client").order_by("-pk")[:SHOWN]}
    parts = RunEvent.objects.filter(run__in=some, part=RunEvent.Part.STARTED)
    found: list[tuple[Event, Run | None]] = [
        (part.event, some[part.run_id or 0]) for part in parts.select_related("event")
    ]
    found += [(event, None) for event in _unclaimed(version, by, search)]
    return sorted(found, key=lambda each: -each[0].pk)[:SHOWN]


def _unclaimed(version: FlowVersion, by: Actor, search: str) -> Sequence[Event]:
    """Return the newest events of the kinds of its triggers that started nothing."""
    if visible_work(by) is not None:  # whose they are is not known
        return ()
    kinds = set(version.triggers.values_list("kind", flat=True))
    newest = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    rows = Event.objects.filter(
        pk__gt=newest - RECENT, kind__in=kinds, parts__part=RunEvent.Part.UNCLAIMED
    )
    if search:
        rows = rows.filter(subject_id=search)
    return list(rows.order_by("-pk")[:SHOWN])


def _seen_event(version: FlowVersion, number: int, by: Actor) -> Event | None:
    """Return an event of another system that this person may see: of visible work, or all."""
    events = Event.objects.select_related("payload").filter(pk=number)
    if visible_work(by) is not None:
        seen = Run.objects.filter(item__in=work_seen_by(by).order_by())
        events = events.filter(parts__run__in=seen.order_by())
    return events.exclude(source=Event.OWN, parts__isnull=True).distinct().first()


def _lines(
    version: FlowVersion,
    found: Sequence[tuple[Event, Run | None]],
    chosen: int | None,
    search: str,
) -> list[EventLine]:
    page, found_by = address(FlowVersion, "try", version.pk), {"q": search} if search else {}
    lines = []
    for event, run in found:
        query = urlencode({"event": event.pk, **found_by})
        lines.append(
            EventLine(event, event_name(event), run, f"{page}?{query}#result", event.pk == chosen)
        )
    return lines


# -- The result ------------------------------------------------------------------------------------


def _trial_context(trial: FlowTrial) -> Mapping[str, Any]:
    specs = {spec.name: spec for spec in trial.tried.plan.rule_fields}
    rules = []
    for each in trial.rules:
        clauses = [asdict(answer) for _clause, answer in each.answers]
        said = {"name": each.rule.name, "held": each.matched, "clauses": clauses}
        rules.append(rule_on_page(said, specs))
    candidates = candidates_of(trial)
    roles = {each.role: each.name for each in candidates if each.role}
    zone = agency_zone()
    return {
        "trial": trial,
        "origin": trial.given.origin,
        "starts": bool(trial.starts),
        "start_words": start_words(trial),
        "stop_words": stop_words(trial),
        "facts": fact_lines(trial),
        "rules": rules,
        "decides": trial.decides,
        "owner": roles.get("owner"),
        "backup": roles.get("backup"),
        "candidates": candidates,
        "tie_break": trial.choice.tie_break if trial.choice else "",
        "clocks": [clock_words(kind, clock, zone) for kind, clock in trial.clocks],
        "zone": zone.key,
    }
