"""What started the work: an event from outside, a person, or the work above it."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from routing.runs.by_hand import CHANNEL, HandRecord
from routing.runs.evidence_words import event_name
from routing.runs.fact_words import fact_text
from routing.runs.models import Run, RunEvent
from routing.runs.questions.asked import AskedWork
from routing.runs.questions.registry import Statement, because, statements
from routing.work.display import exact


@statements("started")
def by_event(work: AskedWork) -> Iterator[Statement]:
    run = work.run
    if run is None:
        yield Statement(
            _("No run belongs to it, so no event started it."), (work.item,), work.item.created_at
        )
        return
    parts = list(run.run_events.select_related("event__actor").order_by("event__at", "event_id"))
    first = next((part for part in parts if part.part == RunEvent.Part.STARTED), None)
    if first is None:
        text = _("The event that started run %(run)s is not among the records.")
        yield Statement(text % {"run": run.item.ref}, (run,), run.item.created_at)
    else:
        yield _started(run, first)
        if work.recorded is not None:
            yield _recorded(work.recorded)
    if joined := [part for part in parts if part.part == RunEvent.Part.JOINED]:
        said = ngettext(
            "%(count)s later event joined the run, at %(at)s.",
            "%(count)s later events joined the run, the last one at %(at)s.",
            len(joined),
        )
        last = joined[-1]
        values = {"count": len(joined), "at": exact(last.event.at)}
        yield Statement(said % values, (last, last.event), last.event.at)
    if run.follows is not None:
        text = _("It follows run %(run)s about the same subject.")
        yield Statement(
            text % {"run": run.follows.item}, (run, run.follows), run.follows.item.created_at
        )


def _started(run: Run, part: RunEvent) -> Statement:
    event = part.event
    text = _(
        "The event “%(event)s” from %(source)s, recorded by %(who)s, happened at %(at)s and "
        "started run %(run)s of %(flow)s at %(taken)s."
    )
    values = {
        "event": event_name(event),
        "source": event.source,
        "who": event.actor,
        "at": exact(event.at),
        "run": run.item.ref,
        "flow": run.version,
        "taken": exact(part.at),
    }
    return Statement(text % values, (event, part, run), event.at)


def _recorded(found: HandRecord) -> Statement:
    """Return the channel of what a person recorded, and the instant it is about."""
    text = _("%(who)s recorded it by hand. Channel: %(way)s.") % {
        "who": found.recorded_by,
        "way": fact_text(CHANNEL, found.channel),
    }
    if found.about is not None:
        earlier = _("It was there before it had an event, since %(at)s.")
        text = f"{text} {earlier % {'at': exact(found.about)}}"
    return Statement(text, (found.event, found.event.payload), found.event.at)


@statements("started")
def by_creation(work: AskedWork) -> Iterator[Statement]:
    """Who created the row, and why."""
    event = work.creation
    names = {"ref": work.item.ref, "kind": work.kind_name, "at": exact(work.item.created_at)}
    if event is None:
        text = _("%(ref)s (%(kind)s) was created at %(at)s. The event of that is missing.")
        yield Statement(text % names, (work.item,), work.item.created_at)
        return
    values = {**names, "who": event.actor, "at": exact(event.at)}
    said = _("%(who)s created %(ref)s (%(kind)s) at %(at)s.") % values
    why, records = because(work.record_of(event))
    yield Statement(" ".join([said, *why]), (event, *records), event.at)


@statements("started")
def above(work: AskedWork) -> Iterator[Statement]:
    if work.item.parent is not None:
        text = _("It is part of %(parent)s.") % {"parent": work.item.parent}
        yield Statement(text, (work.item.parent,), work.item.created_at)
