"""
Hold events whose flow is switched off, and take note of what they did once they were released.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from django.db.models import Exists, OuterRef, QuerySet

from routing.flows.models import Flow, FlowVersion
from routing.flows.switch_off import SwitchOff
from routing.kernel.events import Dispatch, Event
from routing.kernel.reasons import Reason
from routing.kernel.transitions import turn_all
from routing.people.actors import Actor
from routing.people.saving import add, record_change
from routing.runs.exceptions import ExceptionCase
from routing.runs.held_events import HeldEvent
from routing.runs.models import RunEvent
from routing.runs.operations.raising import start_timebox
from routing.runs.registry import clients_of_events

Waiting: TypeAlias = tuple[int, int]  # ids of an event and of the flow that it waits for


@dataclass(frozen=True, slots=True)
class ReleasedEvents:
    """
    Held events of a batch that were released, and what their events did before.

    ``only`` has the flows for which an event was claimed: no other flow takes it then.
    ``flows`` are those in which an event has been, waits or was rejected already: it starts nothing
    there again. ``runs`` are those that it has started or joined.
    """

    rows: Mapping[Waiting, HeldEvent] = field(default_factory=dict)
    runs: Mapping[int, Collection[int]] = field(default_factory=dict)
    flows: Mapping[int, Collection[int]] = field(default_factory=dict)
    only: Mapping[int, Collection[int]] = field(default_factory=dict)

    def concerns(self, event: Event, flow_id: int) -> bool:
        """Return whether a flow may take an event: any flow, unless a person chose one."""
        return flow_id in self.only.get(event.pk, (flow_id,))

    def has_run(self, event: Event, run_id: int) -> bool:
        return run_id in self.runs.get(event.pk, ())

    def may_start(self, event: Event, version: FlowVersion) -> bool:
        return version.flow_id not in self.flows.get(event.pk, ())

    def is_known(self, event: Event) -> bool:
        """Return whether it is recorded already what the event did, or that it waits elsewhere."""
        return event.pk in self.flows


def with_released(events: QuerySet[Event]) -> QuerySet[Event]:
    """Annotate events with whether they were held and have been released."""
    rows = HeldEvent.objects.filter(event=OuterRef("pk"), state=HeldEvent.State.RELEASED)
    return events.annotate(is_released=Exists(rows))


def released_of(events: Sequence[Any]) -> ReleasedEvents:
    """
    Return the released ones among these events.

    :param events: from ``with_released``. Without a released one, nothing is asked.
    """
    ids = [event.pk for event in events if event.is_released]
    if not ids:
        return ReleasedEvents()
    rows: dict[Waiting, HeldEvent] = {}
    runs: dict[int, set[int]] = defaultdict(set)
    flows: dict[int, set[int]] = defaultdict(set)
    only: dict[int, set[int]] = defaultdict(set)
    every = HeldEvent.objects.filter(event__in=ids)
    # Only these are locked. Whoever rejects the others has the lock of their flow first, which
    # comes last here.
    mine = every.filter(state=HeldEvent.State.RELEASED).select_for_update().order_by("pk")
    for row in mine:
        rows[row.event_id, row.flow_id] = row
        if row.claim_id:
            only[row.event_id].add(row.flow_id)
    others = every.exclude(state=HeldEvent.State.RELEASED)
    for event, flow in others.values_list("event_id", "flow_id"):
        flows[event].add(flow)
    parts = RunEvent.objects.filter(event__in=ids)
    for event, run, flow in parts.values_list("event_id", "run_id", "run__flow_id"):
        runs[event].add(run)
        flows[event].add(flow)
    return ReleasedEvents(rows, runs, flows, only)


def switch_offs_of(starting: Mapping[int, Sequence[Any]]) -> Mapping[int, int]:
    """
    Return the current switch-off by flow, for those flows that these events would start.

    :param starting: versions by event id, each with ``is_off`` as it was read
    """
    found: set[int] = set()
    for versions in starting.values():
        found.update(version.flow_id for version in versions if version.is_off)
    if not found:
        return {}
    # Read again under the lock that switching takes. Else a flow could be switched on between the
    # reading and the commit, and nobody would release what is held here.
    flows = Flow.objects.filter(pk__in=found).order_by("pk")
    list(flows.select_for_update(of=("self",), no_key=True).values_list("pk"))
    current = SwitchOff.objects.current().filter(flow__in=found)
    return dict(current.values_list("flow_id", "pk"))


def hold(
    held: Mapping[Waiting, Event],
    off: Mapping[int, int],
    released: ReleasedEvents,
    at: datetime,
) -> None:
    """
    Keep these events until their flows are switched on.

    :param off: from ``switch_offs_of``
    """
    new = {waiting: event for waiting, event in held.items() if waiting not in released.rows}
    if not new:
        return
    events = list(new.values())
    # The queue has the instant of receipt, unless the event has failed before.
    queued = Dispatch.objects.filter(event__in=[event.pk for event in events])
    received = dict(queued.values_list("event_id", "due_at"))
    clients = clients_of_events(events)
    rows = [
        HeldEvent(
            event=event,
            flow_id=flow,
            switch_off_id=off[flow],
            client_id=clients.get(event.pk),
            received_at=min(received.get(event.pk, at), at),
        )
        for (_event, flow), event in new.items()
    ]
    why = "The flow is switched off."
    add(rows, [why] * len(rows), by=Actor.system(), at=at)
    _start_waiting({row.flow_id for row in rows}, at)


def _start_waiting(flow_ids: Collection[int], at: datetime) -> None:
    """Start the timeboxes of the exceptions about these flows, once something waits for them."""
    slugs = Flow.objects.filter(pk__in=flow_ids).values_list("slug", flat=True)
    cases = ExceptionCase.objects.filter(
        reason=Reason.FLOW_OFF,
        state__in=ExceptionCase.open_states,
        evidence__flow__in=list(slugs),
        item__is_timed=False,
    )
    if waiting := list(cases.select_related("item").order_by("item_id")):
        start_timebox(waiting, at=at)


def settle(
    released: ReleasedEvents,
    parts: Sequence[RunEvent],
    held: Mapping[Waiting, Event],
    off: Mapping[int, int],
    at: datetime,
) -> None:
    """
    Take note of what released events did, or let them wait again if their flow is off again.

    :param parts: what the events of the batch did
    """
    if not released.rows:
        return
    runs = {(part.event_id, part.run.flow_id): part.run_id for part in parts if part.run}
    done, waiting_again = [], defaultdict(list)
    for waiting, row in released.rows.items():
        if waiting in held:
            waiting_again[row.flow_id].append(row.pk)
        else:
            row.run_id = runs.get(waiting)
            done.append(row)
    HeldEvent.objects.bulk_update([row for row in done if row.run_id], ["run"])
    turn_all(HeldEvent.objects.filter(pk__in=[row.pk for row in done]), "settle", at=at)
    for flow, again in waiting_again.items():
        rows = HeldEvent.objects.filter(pk__in=again)
        turn_all(rows, "wait_again", at=at, switch_off_id=off[flow])
    ids = [row.pk for row in released.rows.values()]
    record_change(HeldEvent, ids, by=Actor.system(), at=at, reason="The release was processed.")
