"""
Retainers whose hours of a month run out: an event when so many percent of them are used, which a
trigger of a flow names.

Each engagement, month and percentage is captured once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from delivery.engagements.ending import CLIENT, engagement_id
from delivery.engagements.models import Engagement
from delivery.engagements.waiting import SOURCE, capture_unknown, numbers_waited_for
from delivery.progress.retainer_month import MonthHours, hours_of_month
from routing.flows.event_catalogue import CataloguedKind, EventField, catalogue
from routing.flows.fields import FieldType
from routing.flows.registry import fills
from routing.kernel.facts import EnrichedFacts, Subject
from routing.kernel.reasons import Reason
from routing.people.actors import Actor
from routing.people.clients import client_choices
from routing.runs.evidence_words import event_label
from routing.runs.fact_words import fact_word
from routing.runs.operations.capture import Signal
from routing.runs.registry import Problem, enricher

SUBJECT = "retainer_month"
KIND = "engagement.hours_used"
PERCENT = "percent"  # in the body
USUAL_PERCENT = 80  # of a trigger that names no percentage
MOST_PERCENT = 1_000
NAME, MONTH, AGREED, USED, LEFT, PART = (
    f"retainer.{each}" for each in ("name", "month", "hours", "used", "left", "percent")
)

catalogue(
    CataloguedKind(
        KIND,
        gettext_lazy("Planned hours of a retainer reach a share of the month"),
        gettext_lazy("Calendar"),
        lambda: (
            EventField(
                PERCENT,
                gettext_lazy("Percent of the month's hours, counted in planned hours"),
                FieldType.NUMBER,
            ),
            EventField(CLIENT, gettext_lazy("Client"), fact="client.code", choices=client_choices),
        ),
    )
)
fills([KIND], [NAME, MONTH, AGREED, USED, LEFT, PART, "client.name", "client.code"])
event_label(KIND, gettext_lazy("Planned hours of a retainer reach a share of the month"))
for _name, _label in (
    (NAME, gettext_lazy("Retainer")),
    (MONTH, gettext_lazy("Month of the retainer")),
    (AGREED, gettext_lazy("Hours of the month")),
    (USED, gettext_lazy("Planned hours used")),
    (LEFT, gettext_lazy("Hours not planned yet")),
    (PART, gettext_lazy("Percent used by planned hours")),
):
    fact_word(_name, _label)


def sweep_retainers(*, at: datetime) -> int:
    """
    Capture an event for each retainer of whose month as many percent are used as a live flow waits
    for.

    It can run many times at once, and late, as long as the month lasts. It returns how many events
    were captured.
    """
    percents = numbers_waited_for(KIND, PERCENT, usual=USUAL_PERCENT, most=MOST_PERCENT)
    return capture_unknown(_used_up(percents, at) if percents else (), at)


def _used_up(percents: set[int], at: datetime) -> Iterator[Signal]:
    rows = {row.pk: row for row in _retainers(at)}
    for pk, month in hours_of_month(list(rows.values()), at).items():
        row = rows[pk]
        if not _runs_in(row, month.first):
            continue
        subject = f"{pk}/{month.name}"
        for percent in sorted(each for each in percents if month.percent >= each):
            body = {PERCENT: percent, CLIENT: row.client.code}
            yield Signal(SOURCE, KIND, f"{SUBJECT}/{subject}/{percent}", SUBJECT, subject, at, body)


def _retainers(at: datetime) -> list[Engagement]:
    """Return the engagements with hours for each month that may run now, in any time zone."""
    month = timedelta(days=32)
    running = Q(ends_date=None) | Q(ends_date__gte=at.date() - month)
    begun = Q(starts_date=None) | Q(starts_date__lte=at.date() + month)
    rows = Engagement.objects.filter(running, begun, monthly_hours__gt=0)
    return list(rows.select_related("client").order_by("pk"))


def _runs_in(row: Engagement, first: date) -> bool:
    after = (first + timedelta(days=32)).replace(day=1)
    begun = row.starts_date is None or row.starts_date < after
    return begun and (row.ends_date is None or row.ends_date >= first)


@dataclass(frozen=True, slots=True)
class RetainerMonth:
    """An engagement and the hours of the month that an event is about."""

    row: Engagement
    hours: MonthHours


class RetainerFacts:
    """Enricher of runs about the month of a retainer."""

    def read(self, subject: Subject) -> RetainerMonth:
        """:raises Problem: ``missing_context`` if the engagement or its hours are gone"""
        month = _month_in(subject.id)
        rows = Engagement.objects.select_related("client").filter(pk=engagement_id(subject.id))
        row = rows.first()
        hours = hours_of_month([row], month).get(row.pk) if row and month else None
        if row is None or hours is None:
            raise Problem(
                Reason.MISSING_CONTEXT, _("There is no such engagement with hours for each month.")
            )
        return RetainerMonth(row, hours)

    def keep(
        self,
        read: RetainerMonth,
        *,
        subject: Subject,
        by: Actor,
        at: datetime,
        client_id: int | None = None,
    ) -> EnrichedFacts:
        row, hours = read.row, read.hours
        facts = {
            NAME: row.name,
            MONTH: hours.name,
            AGREED: str(hours.agreed),
            USED: str(hours.used),
            LEFT: str(hours.agreed - hours.used),
            PART: str(hours.percent),
            "client.name": row.client.name,
            "client.code": row.client.code,
        }
        sources = dict.fromkeys([*facts, "client"], SOURCE)
        # No engagement: to speak about the hours must not use more of them.
        return EnrichedFacts(facts, client_id or row.client_id, (), None, sources)


def _month_in(subject_id: str) -> datetime | None:
    """Return an instant in the month of a subject that is in that month in every time zone."""
    try:
        first = datetime.fromisoformat(f"{subject_id.partition('/')[2]}-15T12:00:00+00:00")
    except ValueError:
        return None
    return first


def _find(subject: Subject) -> RetainerFacts | None:
    return RetainerFacts() if (subject.source, subject.type) == (SOURCE, SUBJECT) else None


enricher("delivery.retainers", _find)
