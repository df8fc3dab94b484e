"""Unclaimed events at the desk: claiming a kind for a flow, and replaying what came before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from routing.desk.addresses import address, page_of
from routing.desk.base import DeskAdmin, actor
from routing.desk.forms import picked
from routing.flows.admin.reason_form import ReasonForm
from routing.flows.event_catalogue import kind_words
from routing.flows.models import Flow, FlowVersion
from routing.people.actors import Actor
from routing.runs.claims import EventClaim
from routing.runs.operations.claiming import (
    CLAIM,
    NotClaimed,
    ReplayedEvents,
    ReplayNumbers,
    claim_events,
    replay_events,
    replay_version,
    replayed_of,
)
from routing.runs.unclaimed import UnclaimedKind, unclaimed_events, unclaimed_kinds

SHOWN = 5  # claims on the page of a kind


class ClaimForm(ReasonForm):
    flow = picked(
        gettext_lazy("Flow"),
        Flow.objects.order_by("name"),
        help_text=gettext_lazy(
            "A draft of it gets a trigger for this event. Nothing starts until it is published."
        ),
    )

    field_order = ("flow", "reason")


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """
    A claim on the page of a kind.

    :ivar live: the version that takes these events now, or None until one is published
    :ivar waiting: how many unclaimed events can be replayed to it
    """

    claim: EventClaim
    draft_url: str
    flow_url: str
    live: FlowVersion | None
    waiting: int
    counts: ReplayedEvents
    replay_url: str


@dataclass(frozen=True, slots=True)
class UnclaimedLine:
    """A kind in the list of unclaimed events."""

    found: UnclaimedKind
    label: str
    url: str
    claim: EventClaim | None


class Claiming(DeskAdmin[Flow]):
    """The steps of the page of a kind of event that claim it and replay its events."""

    def get_urls(self) -> list[URLPattern]:
        claiming = self.admin_site.admin_view(self.claim_view)
        replaying = self.admin_site.admin_view(self.replay_view)
        return [
            path("events/<str:kind>/claim/", claiming, name="routing_flow_claim"),
            path("events/<str:kind>/replay/<int:claim>/", replaying, name="routing_flow_replay"),
            *super().get_urls(),
        ]

    def claim_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Ask for a flow and a reason, then claim the kind by POST."""
        by = actor(request)
        by.require(CLAIM, to="claim events")
        form = ClaimForm(request.POST or None)
        wrong: list[str] = []
        if request.method == "POST" and form.is_valid():
            flow, reason = form.cleaned_data["flow"], form.cleaned_data["reason"]
            try:
                made = claim_events(kind, flow, by=by, at=timezone.now(), reason=reason)
            except NotClaimed as refusal:
                wrong = [str(refusal)]
            else:
                words = _("Created draft %(draft)s with the trigger. Publish it, then replay.")
                messages.success(request, words % {"draft": made.version})
                return HttpResponseRedirect(page_of(made.version))
        context = {
            "title": _("Claim for a flow: %(event)s") % {"event": kind_words(kind)},
            "form": form,
            "submit": _("Create draft"),
            "back": address(Flow, "event_kind", kind),
            "faults": wrong,
        }
        return self.render(request, "desk/version_step.html", context, status=409 if wrong else 200)

    def replay_view(self, request: HttpRequest, kind: str, claim: int) -> HttpResponse:
        """Say what a replay would do, then do it by POST."""
        by = actor(request)
        by.require(CLAIM, to="replay events")
        row = get_object_or_404(EventClaim.objects.select_related("flow"), pk=claim, kind=kind)
        back, wrong = address(Flow, "event_kind", kind), list[str]()
        if request.method == "POST":
            try:
                found = replay_events(row, by=by, at=timezone.now())
            except NotClaimed as refusal:
                wrong = [str(refusal)]
            else:
                messages.success(request, replay_words(found))
                return HttpResponseRedirect(back)
        count = len(unclaimed_events(kind, row.flow_id))
        words = ngettext(
            "%(count)s event goes to “%(flow)s”, if it matches a trigger of the live version. It "
            "starts or joins one run. Its clocks count from when it was received.",
            "%(count)s events go to “%(flow)s”, those that match a trigger of the live version. "
            "Each starts or joins one run. Their clocks count from when they were received.",
            count,
        )
        context = {
            "title": _("Replay to %(flow)s: %(event)s")
            % {"flow": row.flow, "event": kind_words(kind)},
            "question": words % {"count": count, "flow": row.flow},
            "form": forms.Form(request.POST or None),
            "submit": _("Replay"),
            "back": back,
            "faults": wrong,
        }
        return self.render(request, "desk/version_step.html", context, status=409 if wrong else 200)


def replay_words(found: ReplayNumbers) -> str:
    """Return the numbers of a replay as sentences."""
    said = [
        ngettext(
            "%(count)s event is replayed now.", "%(count)s events are replayed now.", found.queued
        )
        % {"count": found.queued}
    ]
    if found.unmatched:
        words = ngettext(
            "%(count)s does not match the trigger and stays unclaimed.",
            "%(count)s do not match the trigger and stay unclaimed.",
            found.unmatched,
        )
        said.append(words % {"count": found.unmatched})
    if found.left:
        words = ngettext(
            "%(count)s more is left. Replay again.",
            "%(count)s more are left. Replay again.",
            found.left,
        )
        said.append(words % {"count": found.left})
    return " ".join(said)


def unclaimed_lines() -> Sequence[UnclaimedLine]:
    """Return the kinds that no flow takes, with who answers for them and the newest claim."""
    found = unclaimed_kinds(timezone.now())
    claims: dict[str, EventClaim] = {}
    kinds = [each.kind for each in found]
    rows = EventClaim.objects.filter(kind__in=kinds).select_related("flow", "claimed_by")
    for row in rows:
        claims.setdefault(row.kind, row)
    page = partial(address, Flow, "event_kind")
    return [
        UnclaimedLine(each, kind_words(each.kind), page(each.kind), claims.get(each.kind))
        for each in found
    ]


def claims_of(kind: str, by: Actor) -> dict[str, Any]:
    """Return the context for the part of a kind's page about its unclaimed events."""
    found = next((each for each in unclaimed_kinds(timezone.now()) if each.kind == kind), None)
    rows = EventClaim.objects.filter(kind=kind).select_related("flow", "version", "claimed_by")
    may = by.may(CLAIM)
    return {
        "unclaimed": found,
        "claims": [_line(claim, may=may) for claim in rows[:SHOWN]],
        "claim_url": address(Flow, "claim", kind) if may else "",
    }


def _line(claim: EventClaim, *, may: bool) -> ClaimLine:
    live = replay_version(claim)
    waiting = len(unclaimed_events(claim.kind, claim.flow_id)) if live else 0
    return ClaimLine(
        claim,
        page_of(claim.version),
        page_of(claim.flow),
        live,
        waiting,
        replayed_of(claim),
        address(Flow, "replay", claim.kind, claim.pk) if may and waiting else "",
    )
