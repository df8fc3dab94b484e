"""The time ledger of a piece of work in words and as plain values."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from routing.flows.event_catalogue import kind_words
from routing.kernel.events import Event
from routing.runs.event_words import sentence_of
from routing.runs.questions.ask import utc
from routing.runs.time_ledger import CLOSED, LedgerSegment, TimeLedger
from routing.work.items import WorkItem
from routing.work.kinds import models_by_kind

SCHEMA = {"name": "throughline.ledger", "version": 1}


def party_words(party: str) -> str:
    return _("Closed") if party == CLOSED else str(WorkItem.WaitingOn(party).label)


def event_words(event: Event | None) -> str:
    """Return who did what to which work, or what was sent from outside."""
    if event is None:
        return _("No event is recorded for this change.")
    if event.item is None:
        return kind_words(event.kind)
    sentence = sentence_of(event, models_by_kind().get(event.item.kind))
    return f"{event.item.ref}: {sentence}"


def as_json(ledger: TimeLedger) -> dict[str, Any]:
    """
    Return plain values: instants in UTC, durations in whole seconds.

    ``elapsed_s`` is the sum of those of the segments. ``counted_s`` is working time, and null for
    work that never had a clock.
    """
    segments = ledger.segments
    return {
        "schema": SCHEMA,
        "ref": ledger.item.ref,
        "state": ledger.item.state,
        "from": utc(segments[0].start) if segments else None,
        "to": utc(segments[-1].end) if segments else None,
        "elapsed_s": _seconds(ledger.elapsed),
        "counted_s": _seconds(ledger.counted),
        "by_party": {party: _seconds(time) for party, time in ledger.by_party().items()},
        "segments": [_segment(each) for each in segments],
    }


def _segment(segment: LedgerSegment) -> dict[str, Any]:
    event = segment.event
    return {
        "from": utc(segment.start),
        "to": utc(segment.end),
        "party": segment.party,
        "elapsed_s": _seconds(segment.elapsed),
        "counted_s": _seconds(segment.counted),
        "event": None
        if event is None
        else {
            "id": event.pk,
            "kind": event.kind,
            "ref": event.item.ref if event.item else None,
            "at": utc(event.at),
            "by": str(event.actor),
        },
    }


def _seconds(time: timedelta | None) -> int | None:
    return None if time is None else round(time.total_seconds())
