"""Queue the events that waited for a flow, once it is on again."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from routing.flows.models import Flow
from routing.kernel.events import Dispatch
from routing.kernel.queues import claim_first
from routing.kernel.transitions import turn_all
from routing.people.actors import Actor
from routing.people.saving import record_change
from routing.runs.held_events import HeldEvent, flow_is_off
from routing.runs.models import RunStep

UNREAD = 100  # runs of a flow whose facts are still to be read, before it gets no more of them


def release_held(*, at: datetime, limit: int = 100) -> int:
    """
    Queue the oldest held events of flows that are not switched off, and return their number.

    A worker calls it when nothing else is due, so that new events never wait behind more than one
    batch. It can be killed, and run many times at once: the state of a held event and its place in
    the queue are one commit.
    """
    waiting = HeldEvent.objects.waiting()
    flows = Flow.objects.filter(Exists(waiting.filter(flow=OuterRef("pk"))), ~flow_is_off("pk"))
    ready = [flow for flow in flows.order_by("pk").values_list("pk", flat=True) if _has_room(flow)]
    if not ready:
        return 0
    oldest = waiting.filter(flow__in=ready).order_by("received_at", "event_id")
    with transaction.atomic():
        claimed = claim_first(oldest, limit)
        rows = HeldEvent.objects.filter(pk__in=claimed).order_by("received_at", "event_id")
        events = list(dict.fromkeys(rows.values_list("event_id", flat=True)))
        turn_all(HeldEvent.objects.filter(pk__in=claimed), "release", at=at)
        record_change(
            HeldEvent, claimed, by=Actor.system(), at=at, reason="The event is processed now."
        )
        # An event that waited for two flows may be in the queue already.
        queued = [Dispatch(event_id=event, due_at=at) for event in events]
        Dispatch.objects.bulk_create(queued, ignore_conflicts=True)
    return len(claimed)


def _has_room(flow_id: int) -> bool:
    """Return whether the facts of earlier runs are read, so that new ones do not wait behind."""
    # Other systems answer only so many questions a second. What they are not asked yet waits here.
    unread = RunStep.objects.unfinished().reading().filter(run__flow=flow_id)
    return unread[:UNREAD].count() < UNREAD
