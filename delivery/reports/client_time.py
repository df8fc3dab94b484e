"""Whose time it was in one month: each request of a client by its clock, segment by segment."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from delivery.approvals.models import Approval
from delivery.deliverables.stages import Audience
from delivery.reports.document import ReportSection, ReportShare, ReportTable, Value
from delivery.reports.months import ClientMonth
from delivery.reports.promised import TONES, covering_clocks
from routing.sla.clocks import Clock, ClockMark
from routing.sla.explain_due import explain, states_of_each
from routing.sla.hours import OpenTime, Segment
from routing.sla.timing import AGENCY, HELD, UNCOUNTED, Cause, Stretch, Terms, counts_for
from routing.sla.week import hours_from_json
from routing.work.gates import Words
from routing.work.items import WorkItem, WorkItemQuerySet

ZERO = timedelta()
USUAL_DAY = timedelta(hours=8)  # of work that is counted around the clock
PARTIES: Mapping[str, Words] = {
    AGENCY: gettext_lazy("Us"),
    WorkItem.WaitingOn.CLIENT: gettext_lazy("You"),
    WorkItem.WaitingOn.VENDOR: gettext_lazy("A supplier"),
    WorkItem.WaitingOn.INCIDENT: gettext_lazy("A fault outside"),
    HELD: gettext_lazy("On hold"),
    UNCOUNTED: gettext_lazy("Not counted"),
}
WHY: Mapping[Cause, Words] = {
    Cause.WORK: gettext_lazy("in progress"),
    Cause.STATE: gettext_lazy("in progress"),
    Cause.HOLD: gettext_lazy("paused"),
    Cause.WAITING: gettext_lazy("waiting for an answer"),
    Cause.CHILDREN: gettext_lazy("all parts were waiting"),
}


@dataclass(frozen=True, slots=True)
class CountedSpan:
    """
    A part of a month that counts for one party. ``evidence`` names the records it was read from.
    """

    item: WorkItem
    start: datetime
    end: datetime
    time: timedelta
    party: str
    cause: Cause
    evidence: str


def spans_of(items: WorkItemQuerySet, month: ClientMonth, at: datetime) -> list[CountedSpan]:
    """
    Return the working time of each request within the month, until ``at`` (aware) at most.

    Each request counts by one clock, so no hour counts twice.

    :param items: work that the client may see
    """
    until = min(at, month.ends)
    clocks = Clock.objects.filter(item__in=items, item__kind="request", started_at__lt=until)
    running = clocks.prefetch_related("marks").select_related("item", "policy", "terms")
    in_month = [
        clock
        for clock in running.order_by("pk")
        if clock.stopped_at is None or clock.stopped_at >= month.begins
    ]
    ids = {clock.item_id for clock in in_month}
    states, every_asked = states_of_each("request", ids, until), _asked(ids)
    hours: dict[int, OpenTime] = {}  # which take long to work out
    found: list[CountedSpan] = []
    for clock in covering_clocks(in_month):
        if clock.terms_id not in hours:
            hours[clock.terms_id] = Terms.read(clock.terms.document).hours
        known = states.get(clock.item_id, ())
        explanation = explain(clock, until, known, hours[clock.terms_id])
        stretches = explanation.reading.stretches
        asked = every_asked.get(clock.item_id, [])
        marks = sorted(clock.marks.all(), key=lambda mark: mark.pk)
        for stretch in stretches:
            start, end = max(stretch.start, month.begins), min(stretch.end, until)
            if stretch.expected or start >= end:
                continue
            found.append(
                CountedSpan(
                    clock.item,
                    start,
                    end,
                    _within(stretch.segments, start, end),
                    counts_for(stretch),
                    stretch.turn.cause,
                    _evidence(stretch, marks, asked),
                )
            )
    return found


def _within(segments: Sequence[Segment], start: datetime, end: datetime) -> timedelta:
    parts = (
        min(each.end, end) - max(each.start, start)
        for each in segments
        if each.counted and each.start < end and each.end > start
    )
    return sum(parts, ZERO)


def _asked(items: Collection[int]) -> Mapping[int, list[Approval]]:
    """Return what the client was asked to decide about each request's work, oldest first."""
    rows = Approval.objects.filter(
        version__deliverable__request__item__in=items, audience=Audience.CLIENT
    ).annotate(of_request=F("version__deliverable__request__item"))
    found: dict[int, list[Approval]] = {}
    for row in rows.select_related("item").order_by("pk"):
        found.setdefault(row.of_request, []).append(row)
    return found


def _evidence(stretch: Stretch, marks: Sequence[ClockMark], asked: Sequence[Approval]) -> str:
    """Name the change of the clock that began a stretch, and the decisions that it waited for."""
    began = [mark.pk for mark in marks if mark.at <= stretch.start]
    said = [_("clock change %(id)s") % {"id": began[-1]}] if began else []
    if counts_for(stretch) == WorkItem.WaitingOn.CLIENT:
        said += [
            _("decision %(ref)s") % {"ref": each.item.ref}
            for each in asked
            if each.item.created_at < stretch.end
            and (each.ended_at is None or each.ended_at > stretch.start)
        ]
    return ", ".join(said)


def working_day(items: WorkItemQuerySet) -> timedelta:
    """Return the mean length of a working day in the hours that the newest clock counts in."""
    clock = Clock.objects.filter(item__in=items).select_related("terms").order_by("-pk").first()
    written = clock.terms.document["hours"] if clock else []
    if not written:
        return USUAL_DAY
    days = [windows for windows in hours_from_json(written[0]).weekly if windows]
    windows = chain.from_iterable(days)
    minutes = sum(end - start for start, end in windows)
    return timedelta(minutes=minutes) / len(days) if days else USUAL_DAY


def time_section(spans: Sequence[CountedSpan], day: timedelta) -> Iterator[ReportSection]:
    columns = (
        ("ref", _("Request")),
        ("title", _("Title")),
        ("from", _("From")),
        ("to", _("To")),
        ("counted", _("Working time")),
        ("party", _("Whose time")),
        ("why", _("Why")),
        ("evidence", _("Record")),
    )
    rows: list[Sequence[Value]] = [
        (
            each.item.ref,
            each.item.title,
            each.start,
            each.end,
            each.time,
            str(PARTIES[each.party]),
            str(WHY.get(each.cause, "")),
            each.evidence,
        )
        for each in spans
    ]
    yield ReportSection(
        "time",
        _("Whose time it was"),
        lead=_lead(spans, day),
        shares=_shares(spans),
        tables=[ReportTable("segments", columns, rows, _("No request was open in this month."))],
    )


def total(spans: Sequence[CountedSpan], party: str = "") -> timedelta:
    """Return the working time of all spans, or of those of one party."""
    return sum((each.time for each in spans if party in {"", each.party}), ZERO)


def days_words(spans: Sequence[CountedSpan], day: timedelta) -> str:
    """Return such as “3.2 of 5.0 days”."""
    part, whole = total(spans, WorkItem.WaitingOn.CLIENT), total(spans)
    values = {"part": f"{part / day:.1f}", "whole": f"{whole / day:.1f}"}
    return _("%(part)s of %(whole)s days") % values


def _lead(spans: Sequence[CountedSpan], day: timedelta) -> list[str]:
    if not total(spans):
        return []
    count = len({each.item.pk for each in spans})
    hours = f"{day / timedelta(hours=1):g}"
    return [
        _("%(days)s were waiting for you.") % {"days": days_words(spans, day)},
        ngettext(
            "Working time of %(count)s request. A day is %(hours)s working hours.",
            "Working time of %(count)s requests, added up. A day is %(hours)s working hours.",
            count,
        )
        % {"count": count, "hours": hours},
    ]


def _shares(spans: Sequence[CountedSpan]) -> list[ReportShare]:
    parties = sorted({each.party for each in spans}, key=lambda party: -total(spans, party))
    return [
        ReportShare(party, str(PARTIES[party]), total(spans, party), TONES.get(party, party))
        for party in parties
        if total(spans, party)
    ]
