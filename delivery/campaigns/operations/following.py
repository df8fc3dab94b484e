"""Reactions by which a campaign follows its parts, its brief and its request."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from delivery.approvals.operations import deliverables
from delivery.briefs.models import Brief
from delivery.briefs.operations import templates
from delivery.campaigns.details import AdoptLaunchDetails
from delivery.campaigns.models import Campaign
from delivery.campaigns.operations import campaigns
from delivery.deliverables.models import Deliverable
from delivery.progress.operations.launching import launch_by_hand
from delivery.requests.models import Request
from delivery.requests.operations import requests
from routing.kernel.transitions import verb_of
from routing.people.actors import Actor
from routing.runs.operations import outcomes
from routing.runs.outcomes import Outcome
from routing.work.creation import created
from routing.work.door import Operation, carry
from routing.work.registry import companions, react

State = Campaign.State
Kind = Outcome.Kind


def _carry(step: Operation[None], ids: Collection[int], at: datetime, why: Any) -> None:
    if ids:
        carry(step, sorted(ids), by=Actor.system(), at=at, reason=str(why))


def _campaigns(of_requests: Collection[int], *states: str) -> list[int]:
    rows = Campaign.objects.filter(request__in=of_requests, state__in=states)
    # By item, which is the order of locks.
    return list(rows.order_by("item_id").values_list("pk", flat=True))


@react(deliverables.go_live, launch_by_hand, deliverables.hand_out)
def launch(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    """Launch the campaigns whose first part went live."""
    ids = _campaigns({row.request_id for row in rows}, State.PLANNING)
    _carry(campaigns.launch, ids, at, _("The first part is live."))


@react(requests.deliver)
def go_live(rows: Sequence[Request], by: Actor, at: datetime) -> None:
    """Mark the campaigns as live whose parts all are, and prove those that are proven."""
    ids = _campaigns([row.pk for row in rows], State.PLANNING, State.LAUNCHING)
    _carry(campaigns.go_live, ids, at, _("All parts are live or handed over."))
    _prove_whole([row.pk for row in rows], at)


@react(outcomes.PROVED, outcomes.WAIVED, outcomes.SUPERSEDED)
def prove(rows: Sequence[Outcome], by: Actor, at: datetime) -> None:
    """Prove the campaigns whose last part was just proven, and end those that are proven."""
    items = [row.item_id for row in rows]
    parts = Deliverable.objects.filter(item__in=items).values_list("request_id", flat=True)
    _prove_whole(list(parts), at)
    whole = Campaign.objects.filter(item__in=items, state=State.LIVE)
    _end(list(whole.values_list("pk", flat=True)), at)


@react(outcomes.LAPSED)
def lapse(rows: Sequence[Outcome], by: Actor, at: datetime) -> None:
    """Let the proof of campaigns lapse with that of a part, about which a person is asked."""
    for row in rows:
        about = Deliverable.objects.filter(item=row.item_id).values("request_id")
        whole = Outcome.objects.filter(
            kind=Kind.CAMPAIGN, item__as_campaign__request__in=about, state=Outcome.State.PROVEN
        )
        for pk in whole.values_list("pk", flat=True):
            outcomes.lapse_whole(pk, {"part": row.item.ref}, by=Actor.system(), at=at)


@react(requests.close)
def close(rows: Sequence[Request], by: Actor, at: datetime) -> None:
    """End the campaigns of closed requests: as proven if they are, or else as closed."""
    _prove_whole([row.pk for row in rows], at)
    ids = _campaigns([row.pk for row in rows], State.LIVE)
    left = _end(ids, at)
    _carry(campaigns.close, left, at, _("The request was closed."))


@react(requests.cancel, requests.withdraw, requests.reject, requests.mark_duplicate)
def cancel(rows: Sequence[Request], by: Actor, at: datetime) -> None:
    """Cancel the campaigns of requests that ended, whose proof is no longer expected."""
    ids = _campaigns([row.pk for row in rows], *Campaign.open_states)
    if ids:
        _carry(campaigns.cancel, ids, at, _("The request ended."))
        items = Campaign.objects.filter(pk__in=ids).values_list("item_id", flat=True)
        outcomes.supersede(list(items), by=Actor.system(), at=at)


@react(created(Brief), templates.move_launch, templates.use_template)
def follow_brief(rows: Sequence[Brief], by: Actor, at: datetime) -> None:
    """Take the launch date over that was set on the current brief."""
    launches = {row.request_id: row.launch_date for row in rows if row.is_current}
    wanted = {request: day for request, day in launches.items() if day is not None}
    guard = verb_of(Campaign, "adopt_launch").guard
    found = Campaign.objects.filter(guard, request__in=wanted).order_by("item_id")
    ids = [row.pk for row in found if row.launch_date != wanted[row.request_id]]
    if ids:
        why = str(_("The launch date of the brief was set."))
        details = AdoptLaunchDetails(wanted)
        carry(campaigns.adopt_launch, ids, by=by, at=at, reason=why, details=details)


@companions
def beside(ids: Collection[int]) -> Collection[int]:
    """Return the campaigns of requests, which are put on hold and reassigned with them."""
    return Campaign.objects.filter(request__item__in=ids).values_list("item_id", flat=True)


def _prove_whole(of_requests: Collection[int], at: datetime) -> None:
    """Prove the campaigns whose parts are all live, with nothing that is still to be proven."""
    expected = Outcome.objects.filter(
        kind=Kind.CAMPAIGN,
        item__as_campaign__request__in=of_requests,
        item__as_campaign__live_at__isnull=False,
    ).unmet()
    for row in expected.select_related("item__as_campaign").order_by("pk"):
        parts = Deliverable.objects.filter(request=row.item.as_campaign.request_id)
        missing = Outcome.objects.filter(item__in=parts.values("item")).unmet()
        finished = parts.filter(state__in=Deliverable.done_states)
        refs = list(finished.order_by("pk").values_list("item__ref", flat=True))
        if refs and not missing.exists():
            outcomes.prove(row.pk, {"parts": refs}, by=Actor.system(), at=at)


def _end(ids: Collection[int], at: datetime) -> list[int]:
    """Mark live campaigns as proven if their outcome is, and return the others."""
    shown = Outcome.objects.filter(
        kind=Kind.CAMPAIGN, state=Outcome.State.PROVEN, item__as_campaign__in=ids
    )
    proven = set(shown.values_list("item__as_campaign", flat=True))
    _carry(campaigns.prove, proven, at, _("The proof of all parts is there."))
    return [pk for pk in ids if pk not in proven]
