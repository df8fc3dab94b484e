"""The page of the starters, and the form that makes a draft of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from routing.cover.agency import Agency
from routing.desk.addresses import address, page_of
from routing.desk.base import DeskAdmin, actor
from routing.flows.copying import NotCopied, is_name_taken, name_taken_words
from routing.flows.files.text import BadFlowFile
from routing.flows.flow_people import pair_fault
from routing.flows.models import Flow, FlowVersion
from routing.flows.starters import NAME, Starter, make_draft, same_events, starter_named, starters
from routing.people.clients import Client, client_choices
from routing.people.staff import Team, User
from routing.sla.calendars import agency_calendar
from routing.sla.operations.calendars import STANDARD
from routing.sla.policies import SLAPolicy
from routing.work.gates import Words

Choices = Callable[[], Sequence[tuple[str, str]]]


def _people() -> Sequence[tuple[str, str]]:
    people = User.objects.staff().order_by("full_name")
    return [(user.email, f"{user.full_name} ({user.email})") for user in people]


def _teams() -> Sequence[tuple[str, str]]:
    return [(team.name, team.name) for team in Team.objects.order_by("name")]


def _policies() -> Sequence[tuple[str, str]]:
    return list(SLAPolicy.objects.order_by("name").values_list("slug", "name"))


def _own_clients() -> Sequence[tuple[str, str]]:
    return [
        (str(pk), name) for pk, name in Client.objects.order_by("name").values_list("pk", "name")
    ]


@dataclass(frozen=True, slots=True)
class AskedName:
    """Something that an agency names itself, chosen from what it has."""

    label: Words
    choices: Choices
    help_text: Words = ""


ASKED = {
    "owner": AskedName(gettext_lazy("Policy owner"), _people),
    "backup": AskedName(gettext_lazy("Policy backup"), _people),
    "team": AskedName(
        gettext_lazy("Team"),
        _teams,
        gettext_lazy("It takes the work of clients without an owner and a backup of their own."),
    ),
    "policy": AskedName(gettext_lazy("SLA policy"), _policies),
    "client": AskedName(gettext_lazy("Client"), client_choices),
    "house": AskedName(
        gettext_lazy("Client that stands for the agency"),
        _own_clients,
        gettext_lazy("Add one under Clients if there is none."),
    ),
}


class StarterForm(forms.Form):
    """Asks for the name of the new flow, and for the names that the agency gives itself."""

    def __init__(self, starter: Starter, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {NAME: starter.name, **_usual()})
        super().__init__(*args, **kwargs)
        self.fields[NAME] = forms.CharField(
            label=_("Name of the flow"),
            max_length=Flow._meta.get_field("name").max_length,
            widget=UnfoldAdminTextInputWidget,
        )
        for name in starter.asks:
            if (asked := ASKED.get(name)) is not None:
                self.fields[name] = forms.ChoiceField(
                    label=str(asked.label),
                    choices=[("", _("Choose")), *asked.choices()],
                    help_text=str(asked.help_text),
                    widget=UnfoldAdminSelectWidget,
                )

    def clean_name(self) -> str:
        name: str = self.cleaned_data[NAME]
        if is_name_taken(name):
            raise forms.ValidationError(name_taken_words(name))
        return name

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if fault := pair_fault(cleaned.get("owner"), cleaned.get("backup")):
            self.add_error("backup", fault)
        return cleaned


def _usual() -> dict[str, str]:
    """Return what the agency names for everything without a choice of its own."""
    agency = Agency.objects.select_related("team", "owner", "backup").first()
    found = {"policy": STANDARD}
    if agency is not None:
        found |= {
            "owner": agency.owner.email,
            "backup": agency.backup.email,
            "team": agency.team.name,
        }
    return found


def _of_today() -> dict[str, str]:
    """Return what needs no question: the agency's time zone and the day."""
    calendar = agency_calendar()
    zone = calendar.timezone if calendar is not None else timezone.get_default_timezone_name()
    return {"zone": zone, "today": timezone.localdate().isoformat()}


class Starters(DeskAdmin[Flow]):
    """The pages of flows that list the starters and make drafts of them."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("starters/", wrap(self.starters_view), name="routing_flow_starters"),
            path("starters/<slug:starter>/", wrap(self.starter_view), name="routing_flow_starter"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        more = {"starters_url": address(Flow, "starters")}
        return super().changelist_view(request, more | (extra_context or {}))

    def starters_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        may = actor(request).may("routing.add_flow")
        rows = [(each, address(Flow, "starter", each.slug) if may else "") for each in starters()]
        context = {
            "title": _("Starters"),
            "starters": rows,
            "back": address(Flow, "changelist"),
        }
        return self.render(request, "desk/starters.html", context)

    def starter_view(self, request: HttpRequest, starter: str) -> HttpResponse:
        """Ask for names, then make a draft by POST."""
        by = actor(request)
        by.require("routing.add_flow", to="add flows")
        found = starter_named(starter)
        if found is None:
            raise Http404
        form = StarterForm(found, request.POST or None)
        wrong: list[str] = []
        if request.method == "POST" and form.is_valid():
            answers = {**_of_today(), **form.cleaned_data}
            try:
                draft = make_draft(found, answers, by=by, at=timezone.now())
            except NotCopied as refusal:  # somebody else took the name meanwhile
                wrong = list(refusal.faults)
            except BadFlowFile as error:
                wrong = [each.message for each in error.faults]
            else:
                _say(request, draft)
                return HttpResponseRedirect(page_of(draft))
        context = {
            "title": _("New flow: %(name)s") % {"name": found.name},
            "question": found.does,
            "form": form,
            "submit": _("Make a draft"),
            "back": address(Flow, "starters"),
            "faults": wrong,
        }
        return self.render(request, "desk/version_step.html", context, status=409 if wrong else 200)


def _say(request: HttpRequest, draft: FlowVersion) -> None:
    messages.success(
        request,
        _("Created draft %(draft)s. It is not used until you publish it.") % {"draft": draft},
    )
    if others := same_events(draft):
        words = _(
            "%(flows)s takes the same events. If both are live, each event starts a run of both. "
            "Narrow the trigger, or switch the other flow off first."
        )
        names = ", ".join(f"“{flow.name}”" for flow in others)
        messages.warning(request, words % {"flows": names})
