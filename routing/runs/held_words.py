"""The time that events were held while their flow was switched off, in the trace and for clocks."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from routing.runs.held_events import HeldEvent
from routing.runs.models import Run
from routing.runs.registry import TraceEntry, trace_section
from routing.sla.clocks import Clock
from routing.sla.explain_due import HeldSpan, held_before
from routing.work.display import exact


@trace_section
def held_events(run: Run) -> Sequence[TraceEntry]:
    """Events of the run that waited while the flow was switched off."""
    rows = HeldEvent.objects.filter(run=run).select_related("switch_off", "event")
    return [
        TraceEntry(
            row.received_at,
            "held",
            held_words(row),
            {
                "event": row.event_id,
                "kind": row.event.kind,
                "received": row.received_at.isoformat(),
                "off_from": row.switch_off.off_at.isoformat(),
                "off_until": row.switch_off.on_at.isoformat() if row.switch_off.on_at else None,
            },
        )
        for row in rows.order_by("received_at", "event_id")
    ]


def held_words(row: HeldEvent) -> str:
    """Return since when an event was held, and until when if the flow was switched on again."""
    span = row.switch_off
    if span.on_at is None:
        return _("Held while the flow is switched off, since %(from)s") % {
            "from": exact(span.off_at)
        }
    words = _("Held while the flow was switched off from %(from)s to %(until)s")
    return words % {"from": exact(span.off_at), "until": exact(span.on_at)}


@held_before
def held_before_work(clock: Clock) -> HeldSpan | None:
    """Return how long the event waited that started the run of this clock's work."""
    rows = HeldEvent.objects.filter(run=clock.item.run_id, received_at=clock.started_at)
    row = rows.select_related("switch_off").order_by("pk").first() if clock.item.run_id else None
    if row is None:
        return None
    return HeldSpan(row.received_at, row.switch_off.off_at, row.switch_off.on_at)
