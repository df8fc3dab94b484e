"""Claim a kind of event for a flow, and replay the events that came before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from routing.flows.event_catalogue import kind_words
from routing.flows.models import Flow, FlowVersion, Trigger, live_of
from routing.flows.operations import begin
from routing.flows.registry import event_kinds
from routing.kernel.events import Event
from routing.kernel.reasons import Reason
from routing.kernel.roles import AM, AUDITOR, INTEGRATIONS, OPS, QA, grant
from routing.people.actors import Actor
from routing.people.saving import add, save_with_reason, tell
from routing.runs.claims import EventClaim
from routing.runs.exceptions import ExceptionCase
from routing.runs.held_events import HeldEvent
from routing.runs.models import RunEvent
from routing.runs.occurrences import KIND as OCCURRENCE
from routing.runs.operations.earlier_values import earlier_values
from routing.runs.operations.process import FLOW_STARTED
from routing.runs.operations.runs import withdraw_open
from routing.runs.registry import clients_of_events
from routing.runs.unclaimed import unclaimed_events

CLAIM = "routing.claim_event"
AT_ONCE = 10_000  # events of one replay
BATCH = 1_000
OUR_OWN = frozenset({FLOW_STARTED, OCCURRENCE})  # they name their flow

grant(CLAIM, OPS, name="Can claim events for flows and replay them")
grant("routing.view_eventclaim", AM, QA, OPS, INTEGRATIONS, AUDITOR)


class NotClaimed(ValueError):
    """The events were not claimed or replayed. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class ReplayNumbers:
    """
    Numbers of events of one replay.

    ``queued`` ones start or join their runs now. ``unmatched`` ones do not match the trigger and
    stay unclaimed. ``left`` ones wait for the next replay, because one takes 10,000 at most.
    """

    queued: int
    unmatched: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True)
class ReplayedEvents:
    """What became of the events that were replayed by a claim."""

    waiting: int
    started: int
    joined: int
    rejected: int
    nothing: int


def claim_events(kind: str, flow: Flow, *, by: Actor, at: datetime, reason: str) -> EventClaim:
    """
    Create a draft of a flow with a trigger for any event of a kind, and end the exceptions about
    the kind.

    :raises PermissionDenied: if ``by`` may not claim events
    :raises NotClaimed: if the live version takes every event of this kind already
    """
    by.require(CLAIM, to="claim events")
    if kind not in event_kinds() or kind in OUR_OWN:
        words = _("“%(event)s” cannot be claimed. Choose another kind of event.")
        raise NotClaimed(words % {"event": kind_words(kind)})
    live = live_of(flow.pk)
    if live is not None and live.triggers.filter(kind=kind, field="").exists():
        words = _("“%(flow)s” takes every “%(event)s” already. Replay the earlier ones.")
        raise NotClaimed(words % {"flow": flow, "event": kind_words(kind)})
    with transaction.atomic():
        draft = begin(flow, by=by, at=at, reason=reason)
        if not draft.triggers.filter(kind=kind, field="").exists():
            Trigger.objects.create(version=draft, kind=kind)
        made = EventClaim(
            kind=kind,
            flow=flow,
            version=draft,
            claimed_at=at,
            claimed_by_id=by.user_id,
            reason=reason,
        )
        save_with_reason(made, by=by, at=at, reason=reason)
        tell("routing.eventclaim.add", made.pk, by=by, at=at)
        cases = ExceptionCase.objects.filter(
            reason=Reason.UNCLAIMED_EVENTS, evidence__event_kind=kind
        )
        why = _("The kind was claimed for “%(flow)s”.") % {"flow": flow}
        withdraw_open(cases, by=Actor.system(), at=at, reason=why)
    return made


def replay_events(claim: EventClaim, *, by: Actor, at: datetime) -> ReplayNumbers:
    """
    Queue the unclaimed events of a claim for the live version of its flow, the oldest first.

    Workers process them by the batch, as they do with held events. An event that was replayed to
    the flow before is left out, however often and by however many people this is called.

    :raises PermissionDenied: if ``by`` may not claim events
    :raises NotClaimed: if no live version of the flow has a trigger of this kind
    """
    by.require(CLAIM, to="replay events")
    with transaction.atomic():
        # The lock of the flow, as for switching it. A second replay finds the rows of this one.
        Flow.objects.select_for_update(of=("self",), no_key=True).get(pk=claim.flow_id)
        version = replay_version(claim)
        if version is None:
            words = _("Publish a version of “%(flow)s” with a trigger for “%(event)s” first.")
            raise NotClaimed(words % {"flow": claim.flow, "event": kind_words(claim.kind)})
        every = unclaimed_events(claim.kind, claim.flow_id)
        received = dict(every[:AT_ONCE])
        matching = _matching(version, claim.kind, list(received))
        _hold(claim, matching, received, by, at)
        if matching:
            tell("routing.eventclaim.replay", claim.pk, by=by, at=at)
    return ReplayNumbers(len(matching), len(received) - len(matching), len(every) - len(received))


def replay_version(claim: EventClaim) -> FlowVersion | None:
    """Return the live version that takes events of the claim's kind, None if there is none."""
    live = live_of(claim.flow_id)
    takes = live is not None and live.triggers.filter(kind=claim.kind).exists()
    return live if takes else None


def _matching(version: FlowVersion, kind: str, ids: Sequence[int]) -> list[Event]:
    """Return those of these events that match a trigger of the version, in the given order."""
    triggers = [trigger for trigger in version.triggers.all() if trigger.kind == kind]
    found: list[Event] = []
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        rows = Event.objects.select_related("payload").in_bulk(some)
        events = [rows[pk] for pk in some]
        earlier = earlier_values(events, [version])
        for event in events:
            body = event.payload.body if hasattr(event, "payload") else {}
            if any(not each.field or earlier.match(each, event, body) for each in triggers):
                found.append(event)
    return found


def _hold(
    claim: EventClaim,
    events: Sequence[Event],
    received: Mapping[int, datetime],
    by: Actor,
    at: datetime,
) -> None:
    """Let these events wait for their release, which workers begin at once."""
    clients = clients_of_events(events)
    rows = [
        HeldEvent(
            event=event,
            flow_id=claim.flow_id,
            claim=claim,
            client_id=clients.get(event.pk),
            received_at=min(received[event.pk], at),
        )
        for event in events
    ]
    add(rows, [claim.reason] * len(rows), by=by, at=at)


def replayed_of(claim: EventClaim) -> ReplayedEvents:
    """Return what became of the replayed events of a claim."""
    states = Counter(HeldEvent.objects.filter(claim=claim).values_list("state", flat=True))
    parts = RunEvent.objects.filter(event__held__claim=claim, run__flow=claim.flow_id)
    counted = Counter(parts.values_list("part", flat=True))
    started, joined = counted[RunEvent.Part.STARTED], counted[RunEvent.Part.JOINED]
    state = HeldEvent.State
    return ReplayedEvents(
        waiting=states[state.HELD] + states[state.RELEASED],
        started=started,
        joined=joined,
        rejected=states[state.REJECTED],
        nothing=max(0, states[state.PROCESSED] - started - joined),
    )
