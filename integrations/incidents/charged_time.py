"""Time in which incidents stopped work, for the time ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from integrations.incidents.models import IncidentMessage
from routing.models import HeldEvent, WorkItem
from routing.runs.time_ledger import StoppedSpan, stopped_by_incidents


@stopped_by_incidents
def stopped(parts: Sequence[WorkItem], at: datetime) -> Iterator[StoppedSpan]:
    """Yield the time that runs waited for paused flows, and that messages of the work waited."""
    yield from _held_events({part.as_run.pk: part.pk for part in parts if part.kind == "run"})
    yield from _messages(parts)


def _held_events(runs: dict[int, int]) -> Iterator[StoppedSpan]:
    """:param runs: work item by run"""
    rows = HeldEvent.objects.filter(run__in=runs, switch_off__incident_pause__isnull=False)
    for run, since, until in rows.values_list("run", "received_at", "switch_off__on_at"):
        yield StoppedSpan(runs[run], since, until)


def _messages(parts: Sequence[WorkItem]) -> Iterator[StoppedSpan]:
    # Of messages about the work itself, such as its page. A run goes on without what it tells a
    # CRM. A message that was given up waited until the recovery.
    rows = IncidentMessage.objects.filter(outbound__item__in=[part.pk for part in parts])
    for row in rows.select_related("incident", "outbound"):
        message, incident = row.outbound, row.incident
        assert message.item_id is not None
        start = max(incident.began_at, message.created_at)
        yield StoppedSpan(message.item_id, start, message.delivered_at or incident.recovered_at)
