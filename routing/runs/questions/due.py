"""When the work is due and why, who was told about it, and when the client had a response."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from django.utils.timezone import get_current_timezone_name
from django.utils.translation import gettext as _

from routing.flows.review import FlowReview
from routing.kernel.events import Event
from routing.runs.event_words import sentence_of
from routing.runs.questions.asked import AskedWork
from routing.runs.questions.registry import Statement, statements
from routing.sla.clock_words import purpose_of
from routing.sla.clocks import Clock
from routing.sla.escalation_entries import escalation_entries
from routing.sla.explain_due import (
    calendars_in_words,
    explain,
    held_sentence,
    length,
    status_sentence,
)
from routing.sla.operations.first_response import RESPONDED
from routing.work.display import exact

MOST = 60  # clocks; a run of many parts has several each


@statements("outside")
def responses(work: AskedWork) -> Iterator[Statement]:
    """The moment at which the client had a first response, and how it reached them."""
    found = Event.objects.filter(kind=RESPONDED.kind, item__in=list(work.items_by_id))
    for event in found.select_related("actor").order_by("pk"):
        text = _("%(part)s%(what)s at %(at)s.") % {
            "part": work.called(event.item_id),
            "what": sentence_of(event, None),
            "at": exact(event.at),
        }
        yield Statement(text, (event,), event.at)


@statements("due")
def clocks(work: AskedWork) -> Iterator[Statement]:
    """Each clock of the work and of its parts, its own first, with what people were told."""
    rows = (
        Clock.objects.filter(item__in=list(work.items_by_id))
        .select_related("terms", "policy")
        .prefetch_related("marks")
        .order_by("stopped_at", "due_at", "id")
    )
    found = sorted(rows[:MOST], key=lambda clock: clock.item_id != work.item.pk)
    zone = ZoneInfo(get_current_timezone_name())
    for clock in found:
        clock.item = work.items_by_id[clock.item_id]
        yield _clock(work, clock, zone)
    entries = escalation_entries(found)
    for clock in found:
        for entry in entries.get(clock.pk, ()):
            text = _("%(part)s%(what)s (%(purpose)s): %(told)s.") % {
                "part": work.called(clock.item_id),
                "what": entry.words,
                "purpose": purpose_of(clock),
                "told": entry.whom,
            }
            if entry.sent_at is not None:
                text = f"{text} {exact(entry.sent_at)}."
            yield Statement(text, tuple(entry.rows), entry.sent_at or entry.due_at)


@statements("due")
def reviews(work: AskedWork) -> Iterator[Statement]:
    """The day by which a review of a flow is to be answered, for which there is no clock."""
    for row in FlowReview.objects.filter(item=work.item):
        text = _("It was prepared to be answered by %(at)s.") % {"at": exact(row.due_at)}
        yield Statement(text, (row,), row.due_at)


def _clock(work: AskedWork, clock: Clock, zone: ZoneInfo) -> Statement:
    marks = sorted(clock.marks.all(), key=lambda mark: mark.pk)
    values: dict[str, object] = {
        "part": work.called(clock.item_id),
        "purpose": purpose_of(clock).capitalize(),
    }
    if not marks:
        text = _(
            "%(part)s%(purpose)s: the marks of this clock are missing, so its time is not known."
        )
        return Statement(text % values, (clock,), clock.started_at)
    found = explain(clock, max(work.at, clock.started_at))
    values |= {
        "status": status_sentence(found.reading, zone),
        "target": length(found.target),
        "policy": found.policy,
        "version": found.policy_version,
        "hours": calendars_in_words(found),
    }
    text = _(
        "%(part)s%(purpose)s: %(status)s Target: %(target)s of working time, policy %(policy)s "
        "v%(version)s, counted in %(hours)s."
    )
    said = text % values
    if found.held:
        said += " " + held_sentence(found.held, zone)
    if not found.agrees:
        said += " " + _("The stored clock differs from its marks.")
    if clock.trouble:
        said += " " + _("Nobody could be notified: %(why)s.") % {"why": clock.trouble}
    return Statement(said, (clock, *marks), marks[-1].at)
