"""
Engagements that are about to end: an event so many days before, which a trigger of a flow names.

Each engagement, end and number of days is captured once. If the end is moved, it counts anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from delivery.engagements.models import Engagement
from delivery.engagements.waiting import SOURCE, capture_unknown, numbers_waited_for
from routing.flows.event_catalogue import CataloguedKind, EventField, catalogue
from routing.flows.fields import FieldType
from routing.flows.registry import fills
from routing.kernel.events import Event
from routing.kernel.facts import EnrichedFacts, Subject
from routing.kernel.reasons import Reason
from routing.people.actors import Actor
from routing.people.clients import client_choices
from routing.runs.evidence_words import event_label
from routing.runs.fact_words import fact_word
from routing.runs.operations.capture import Signal
from routing.runs.registry import Problem, enricher, event_clients

SUBJECT = "engagement"
KIND = "engagement.ending"
DAYS, CLIENT = "days", "client"  # in the body
USUAL_DAYS = 30  # of a trigger that names no number of days
MOST_DAYS = 730
MOST_AHEAD = timedelta(days=1)  # between a day here and the same day in any other zone
NAME, STARTS, ENDS, HOURS, LEFT = (
    f"engagement.{each}" for each in ("name", "starts", "ends", "hours", "days_left")
)


catalogue(
    CataloguedKind(
        KIND,
        gettext_lazy("Engagement is about to end"),
        gettext_lazy("Calendar"),
        lambda: (
            EventField(DAYS, gettext_lazy("Days before it ends"), FieldType.NUMBER),
            EventField(CLIENT, gettext_lazy("Client"), fact="client.code", choices=client_choices),
        ),
    )
)
fills([KIND], [NAME, STARTS, ENDS, HOURS, LEFT, "client.name", "client.code"])
event_label(KIND, gettext_lazy("Engagement is about to end"))
for _name, _label in (
    (NAME, gettext_lazy("Engagement")),
    (STARTS, gettext_lazy("Engagement starts")),
    (ENDS, gettext_lazy("Engagement ends")),
    (HOURS, gettext_lazy("Hours sold")),
    (LEFT, gettext_lazy("Days left")),
):
    fact_word(_name, _label)


def sweep_endings(*, at: datetime) -> int:
    """
    Capture an event for each engagement that ends within the days that a live flow waits for.

    It can run many times at once, and late: while an engagement has not ended, its event still
    comes. It returns how many events were captured.
    """
    waited_for = numbers_waited_for(KIND, DAYS, usual=USUAL_DAYS, most=MOST_DAYS)
    return capture_unknown(chain.from_iterable(_ending(days, at) for days in waited_for), at)


def _ending(days: int, at: datetime) -> Iterator[Signal]:
    last = at.date() + timedelta(days=days) + MOST_AHEAD
    rows = Engagement.objects.filter(ends_date__gte=at.date() - MOST_AHEAD, ends_date__lte=last)
    for row in rows.select_related("client").order_by("pk"):
        left = _left(row, at)
        if left is None or not 0 <= left <= days:
            continue
        subject = f"{row.pk}/{row.ends_date}"
        body = {DAYS: days, CLIENT: row.client.code}
        yield Signal(SOURCE, KIND, f"{subject}/{days}", SUBJECT, subject, at, body)


def _left(row: Engagement, at: datetime) -> int | None:
    """Return the days until it ends, as the client counts them, or None if no end is known."""
    if row.ends_date is None:
        return None
    today: date = at.astimezone(ZoneInfo(row.client.timezone)).date()
    return (row.ends_date - today).days


class EndingFacts:
    """Enricher of runs about an engagement that is about to end."""

    def read(self, subject: Subject) -> Engagement:
        """:raises Problem: ``missing_context`` if there is no such engagement"""
        row = (
            Engagement.objects.select_related("client").filter(pk=engagement_id(subject.id)).first()
        )
        if row is None:
            raise Problem(Reason.MISSING_CONTEXT, _("There is no such engagement."))
        return row

    def keep(
        self,
        read: Engagement,
        *,
        subject: Subject,
        by: Actor,
        at: datetime,
        client_id: int | None = None,
    ) -> EnrichedFacts:
        left = _left(read, at)
        values = {
            NAME: read.name,
            STARTS: read.starts_date.isoformat() if read.starts_date else None,
            ENDS: read.ends_date.isoformat() if read.ends_date else None,
            HOURS: str(read.hours) if read.hours is not None else None,
            LEFT: str(left) if left is not None else None,
            "client.name": read.client.name,
            "client.code": read.client.code,
        }
        facts = {name: value for name, value in values.items() if value is not None}
        sources = dict.fromkeys([*facts, "client"], SOURCE)
        # No engagement: what comes next is not charged to the one that ends.
        return EnrichedFacts(facts, client_id or read.client_id, (), None, sources)


def engagement_id(subject_id: str) -> int:
    """Return the id in the subject of an event about an engagement, 0 if there is none."""
    found = subject_id.partition("/")[0]
    return int(found) if found.isdecimal() else 0


@event_clients
def _clients_of(events: Sequence[Event]) -> Mapping[int, int]:
    ours = {event.pk: engagement_id(event.subject_id) for event in events if event.source == SOURCE}
    if not ours:
        return {}
    rows: Mapping[int, Any] = Engagement.objects.in_bulk(set(ours.values()))
    return {event: rows[row].client_id for event, row in ours.items() if row in rows}


def _find(subject: Subject) -> EndingFacts | None:
    return EndingFacts() if (subject.source, subject.type) == (SOURCE, SUBJECT) else None


enricher("delivery.ending", _find)
