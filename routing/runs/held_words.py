"""The time that events were held for their flow, in the trace and for clocks."""

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
    """Events of the run that waited until the flow was switched on, or until it was claimed."""
    rows = HeldEvent.objects.filter(run=run).select_related(
        "switch_off", "event", "claim__claimed_by", "flow"
    )
    return [
        TraceEntry(
            row.received_at,
            "held",
            held_words(row),
            {
                "event": row.event_id,
                "kind": row.event.kind,
                "received": row.received_at.isoformat(),
                **_dates(row),
            },
        )
        for row in rows.order_by("received_at", "event_id")
    ]


def _dates(row: HeldEvent) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    if (span := row.switch_off) is not None:
        found["off_from"] = span.off_at.isoformat()
        found["off_until"] = span.on_at.isoformat() if span.on_at else None
    if row.claim is not None:
        found["claimed"] = row.claim.claimed_at.isoformat()
    return found


def held_words(row: HeldEvent) -> str:
    """Return since when an event was held, and until when if the flow was switched on again."""
    span = row.switch_off
    if span is None:
        return _claimed_words(row)
    if span.on_at is None:
        return _("Held while the flow is switched off, since %(from)s") % {
            "from": exact(span.off_at)
        }
    words = _("Held while the flow was switched off from %(from)s to %(until)s")
    return words % {"from": exact(span.off_at), "until": exact(span.on_at)}


def _claimed_words(row: HeldEvent) -> str:
    """Return who claimed an event that no flow had taken."""
    if row.claim is None:
        return ""
    words = _("No flow took it until %(who)s claimed it for “%(flow)s” on %(when)s")
    values = {"who": row.claim.claimed_by, "flow": row.flow, "when": exact(row.claim.claimed_at)}
    return words % values


@held_before
def held_before_work(clock: Clock) -> HeldSpan | None:
    """Return how long the event waited that started the run of this clock's work."""
    rows = HeldEvent.objects.filter(run=clock.item.run_id, received_at=clock.started_at)
    both = rows.select_related("switch_off", "claim").order_by("pk")
    row = both.first() if clock.item.run_id else None
    if row is None:
        return None
    claimed = row.claim.claimed_at if row.claim else None
    if row.switch_off is None:
        return HeldSpan(row.received_at, claimed_at=claimed)
    return HeldSpan(row.received_at, row.switch_off.off_at, row.switch_off.on_at, claimed)
