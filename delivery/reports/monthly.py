"""
The monthly report of a client, in words that the client may read.

It is built from the work that the client's own people see in the portal. What is internal, and
what belongs to other clients, is never read for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property
from itertools import chain

from django.db.models import Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from delivery.approvals.models import Approval
from delivery.campaigns.models import Campaign
from delivery.deliverables.models import Deliverable
from delivery.deliverables.stages import Audience
from delivery.engagements.models import Engagement
from delivery.progress.retainer_month import hours_of_month
from delivery.reports.client_time import (
    CountedSpan,
    days_words,
    spans_of,
    time_section,
    total,
    working_day,
)
from delivery.reports.document import (
    ReportFact,
    ReportFigure,
    ReportPage,
    ReportSection,
    ReportTable,
    Value,
    part_of,
)
from delivery.reports.months import ClientMonth
from delivery.reports.naming import agency_name
from delivery.reports.run_rows import finished_at
from delivery.requests.models import Request
from routing.kernel.reasons import Reason
from routing.people.actors import Actor
from routing.people.clients import Client
from routing.runs.exceptions import ExceptionCase
from routing.runs.outcomes import Outcome
from routing.sla.clocks import Clock
from routing.sla.compliance import work_apart_of
from routing.work.gates import Words
from routing.work.items import WorkItem, WorkItemQuerySet
from routing.work.visibility import shown_to_clients, work_seen_by

NAME = "monthly"
# Targets that a client knows, in words for clients. Others are the agency's own.
PURPOSES: Mapping[str, Words] = {
    "first_response": gettext_lazy("First answer"),
    "resolution": gettext_lazy("Request done"),
    "delivery": gettext_lazy("Piece delivered"),
}
FEWEST = 5  # no share is told of fewer
# Exceptions that a client notices or must clear, in words for clients. Others stay internal.
CONCERNING: Mapping[str, Words] = {
    Reason.MISSING_FIELDS: gettext_lazy("We lacked information that we needed from you"),
    Reason.ROUNDS_EXCEEDED: gettext_lazy("More change rounds were used than agreed"),
    Reason.REJECTED: gettext_lazy("You rejected our work"),
    Reason.OUTCOME_MISSING: gettext_lazy("What we published could not be seen"),
    Reason.OUTCOME_DECAYED: gettext_lazy("What we published was no longer as approved"),
    Reason.NO_ANSWER: gettext_lazy("A question was not answered in time"),
    Reason.APPROVERS_MISSING: gettext_lazy("Too few of your approvers were left"),
    Reason.FAILED_DELIVERY: gettext_lazy("Publishing failed and was repeated"),
    Reason.REMOTE_CONFLICT: gettext_lazy("Something was changed or removed on your site"),
}


@dataclass
class ClientRows:
    """
    The rows of one client's month at one instant (aware), each read once.

    With ``by``, a contact of the client, only what this contact may see.
    """

    client: Client
    month: ClientMonth
    at: datetime
    by: Actor | None = None

    @property
    def items(self) -> WorkItemQuerySet:
        """Return the work of the client that its own people may see, without that of a demo."""
        if self.by is None:
            rows = WorkItemQuerySet(WorkItem).filter(shown_to_clients())
        else:
            rows = work_seen_by(self.by)
        return rows.filter(client=self.client).exclude(self._apart).order_by()

    @cached_property
    def _apart(self) -> Q:
        return work_apart_of(self.client)

    @cached_property
    def spans(self) -> list[CountedSpan]:
        return spans_of(self.items, self.month, self.at)

    @cached_property
    def clocks(self) -> Sequence[Clock]:
        """Return the clocks of known targets that were met or missed in the month."""
        begins, ends = self.month.begins, min(self.month.ends, self.at)
        met = Q(met_at__gte=begins, met_at__lt=ends)
        missed = Q(breached_at__gte=begins, breached_at__lt=ends)
        rows = Clock.objects.filter(met | missed, item__in=self.items, purpose__in=PURPOSES)
        return list(rows.select_related("item").order_by("pk"))

    @cached_property
    def delivered(self) -> Sequence[Deliverable]:
        """Return what went live or was handed over in the month."""
        rows = Deliverable.objects.filter(item__in=self.items).select_related("item", "destination")
        found = [row for row in rows.order_by("pk") if self.month.has(finished_at(row))]
        return [row for row in found if (finished_at(row) or self.at) <= self.at]

    @cached_property
    def proofs(self) -> Mapping[int, Outcome]:
        rows = Outcome.objects.filter(item__in=[row.item_id for row in self.delivered])
        return {row.item_id: row for row in rows.order_by("pk")}

    @cached_property
    def engagements(self) -> Sequence[Engagement]:
        first, after = self.month.first, self.month.following.first
        begun = Q(starts_date=None) | Q(starts_date__lt=after)
        running = Q(ends_date=None) | Q(ends_date__gte=first)
        rows = Engagement.objects.filter(begun, running, client=self.client)
        return list(rows.select_related("client").order_by("name", "pk"))


def monthly(client: Client, month: ClientMonth, *, at: datetime) -> ReportPage:
    """
    Return the report about one month of a client as it is at ``at`` (aware).

    Call it with the client's time zone active. ``printed`` makes words in it.
    """
    rows = ClientRows(client, month, at)
    return ReportPage(
        name=NAME,
        kicker=_("Monthly report"),
        title=month.words,
        subtitle=client.name,
        agency=agency_name(),
        made_at=at,
        zone=str(month.zone),
        facts=[
            ReportFact("client", _("Client"), client.name),
            ReportFact("month", _("Month"), month.name),
            ReportFact("from", _("From"), month.begins),
            ReportFact("until", _("Until"), min(month.ends, at)),
        ],
        figures=figures(rows),
        sections=list(chain.from_iterable(part(rows) for part in SECTIONS)),
    )


def figures(rows: ClientRows) -> list[ReportFigure]:
    met = [clock for clock in rows.clocks if clock.met_at]
    proven = [row for row in rows.proofs.values() if row.state == Outcome.State.PROVEN]
    day = working_day(rows.items)
    waited, whole = total(rows.spans, WorkItem.WaitingOn.CLIENT), total(rows.spans)
    return [
        part_of("met", _("Targets met on time"), len(met), len(rows.clocks)),
        ReportFigure(
            "waited",
            _("Waiting for you"),
            days_words(rows.spans, day) if whole else "–",
            _("working time of your requests"),
            waited,
            whole,
        ),
        ReportFigure(
            "delivered",
            _("Delivered"),
            str(len(rows.delivered)),
            _("live or handed over"),
            len(rows.delivered),
        ),
        part_of("proven", _("Checked and proven"), len(proven), len(rows.delivered)),
    ]


# -- Sections --------------------------------------------------------------------------------------


def targets(rows: ClientRows) -> Iterator[ReportSection]:
    counted: list[Sequence[Value]] = []
    for purpose, words in PURPOSES.items():
        mine = [clock for clock in rows.clocks if clock.purpose == purpose]
        met = sum(1 for clock in mine if clock.met_at)
        share = f"{met * 100 // len(mine)} %" if len(mine) >= FEWEST else _("too few to say")
        if mine:
            counted.append((str(words), met, len(mine) - met, share))
    missed = [
        (
            clock.item.ref,
            clock.item.title,
            str(PURPOSES[clock.purpose]),
            clock.target,
            clock.breached_at,
        )
        for clock in rows.clocks
        if clock.breached_at
    ]
    yield ReportSection(
        "targets",
        _("What we promised"),
        tables=[
            ReportTable(
                "targets",
                (
                    ("target", _("Target")),
                    ("met", _("On time")),
                    ("missed", _("Overdue")),
                    ("share", _("Share on time")),
                ),
                counted,
                _("No target was due in this month."),
            ),
            ReportTable(
                "missed",
                (
                    ("ref", _("Work")),
                    ("title", _("Title")),
                    ("target", _("Target")),
                    ("promised", _("Promised within")),
                    ("late_since", _("Late since")),
                ),
                missed,
                _("Nothing was late."),
                _("Late in this month"),
            ),
        ],
    )


def times(rows: ClientRows) -> Iterator[ReportSection]:
    yield from time_section(rows.spans, working_day(rows.items))


def delivered(rows: ClientRows) -> Iterator[ReportSection]:
    columns = (
        ("ref", _("Work")),
        ("title", _("Title")),
        ("where", _("Where")),
        ("delivered_at", _("Live or handed over")),
        ("proof", _("Checked")),
        ("proven_at", _("Proven")),
    )
    found: list[Sequence[Value]] = []
    for row in rows.delivered:
        proof = rows.proofs.get(row.item_id)
        where = row.live_url or _("Files for you")
        proven_at = proof.proven_at if proof else None
        found.append(
            (row.item.ref, row.item.title, where, finished_at(row), _proof(proof), proven_at)
        )
    urls = [row.live_url for row in rows.delivered]
    empty = _("Nothing was delivered in this month.")
    table = ReportTable("delivered", columns, found, empty, urls=urls)
    yield ReportSection("delivered", _("What we delivered"), tables=[table])


def _proof(proof: Outcome | None) -> str:
    if proof is None:
        return _("Nothing to check")
    if proof.state == Outcome.State.PROVEN:
        return _("Proven")
    return _("Not proven yet") if proof.is_unmet else str(proof.get_state_display())


def agreed(rows: ClientRows) -> Iterator[ReportSection]:
    columns = (
        ("agreement", _("Agreement")),
        ("rounds", _("Change rounds agreed")),
        ("rounds_used", _("Used")),
        ("rounds_left", _("Left")),
        ("hours", _("Hours of the month")),
        ("hours_used", _("Planned")),
        ("hours_left", _("Hours left")),
    )
    used = _rounds([row.pk for row in rows.engagements])
    hours = hours_of_month(rows.engagements, rows.month.middle)
    found: list[Sequence[Value]] = []
    for row in rows.engagements:
        mine, month = used.get(row.pk, 0), hours.get(row.pk)
        found.append(
            (
                row.name,
                row.rounds,
                mine,
                row.rounds - mine if row.rounds is not None else None,
                month.agreed if month else None,
                month.used if month else None,
                month.agreed - month.used if month else None,
            )
        )
    table = ReportTable("agreed", columns, found, _("No agreement ran in this month."))
    yield ReportSection("agreed", _("Rounds and hours left"), tables=[table])


def _rounds(engagements: Sequence[int]) -> dict[int, int]:
    """Return the change rounds used of each engagement, as the limit counts them."""
    rows = Deliverable.objects.filter(brief__engagement__in=engagements).order_by()
    sums = rows.values("brief__engagement").annotate(used=Sum("rounds"))
    return dict(sums.values_list("brief__engagement", "used"))


def concerns(rows: ClientRows) -> Iterator[ReportSection]:
    """Exceptions about the client's visible work, without the agency's own notes on them."""
    columns = (
        ("ref", _("Work")),
        ("title", _("Title")),
        ("what", _("Event")),
        ("at", _("When")),
        ("ended_at", _("Settled")),
    )
    found: list[Sequence[Value]] = []
    for case, item in _cases(rows):
        words = str(CONCERNING[case.reason])
        found.append((item.ref, item.title, words, case.item.created_at, case.ended_at))
    table = ReportTable("exceptions", columns, found, _("Nothing out of the ordinary."))
    yield ReportSection("exceptions", _("What was out of the ordinary"), tables=[table])


def _cases(rows: ClientRows) -> Iterator[tuple[ExceptionCase, WorkItem]]:
    """Yield each exception with the work that the client knows: its own, or the request's."""
    seen = {item.pk: item for item in rows.items}
    requests = {item.run_id: item for item in seen.values() if item.kind == "request"}
    cases = ExceptionCase.objects.filter(
        reason__in=CONCERNING,
        item__client=rows.client,
        item__created_at__gte=rows.month.begins,
        item__created_at__lt=min(rows.month.ends, rows.at),
    )
    theirs = Q(item__parent__as_approval__audience=Audience.CLIENT)
    cases = cases.exclude(Q(reason=Reason.APPROVERS_MISSING) & ~theirs)
    for case in cases.select_related("item").order_by("pk"):
        run_id = case.item.run_id
        item = seen.get(case.item.parent_id or 0) or (requests.get(run_id) if run_id else None)
        if item is not None:
            yield case, item


def coming(rows: ClientRows) -> Iterator[ReportSection]:
    columns = (
        ("date", _("Date")),
        ("ref", _("Work")),
        ("title", _("Title")),
        ("what", _("What")),
    )
    following = rows.month.following
    found = dates(rows, following.first, following.following.first)
    title = _("Dates in %(month)s") % {"month": following.words}
    table = ReportTable("dates", columns, found, _("No date is fixed yet."))
    yield ReportSection("coming", title, tables=[table])


def dates(rows: ClientRows, first: date, after: date) -> list[tuple[date, str, str, str]]:
    """
    Return each date from ``first`` until before ``after``, in the client's time zone: the day, the
    reference and the title of the work, and what is due.
    """
    return sorted(_dates(rows, first, after), key=lambda row: (row[0], row[1]))


def _dates(rows: ClientRows, first: date, after: date) -> Iterator[tuple[date, str, str, str]]:
    zone = rows.month.zone
    begins, ends = (datetime.combine(day, time(), zone) for day in (first, after))
    items = rows.items.filter(is_open=True)
    pieces = Deliverable.objects.filter(
        item__in=items, due_date__gte=first, due_date__lt=after, live_at=None
    )
    for row in pieces.select_related("item"):
        assert row.due_date is not None  # filtered
        yield row.due_date, row.item.ref, row.item.title, _("We deliver")
    wanted = Request.objects.filter(item__in=items, wanted_date__gte=first, wanted_date__lt=after)
    for each in wanted.select_related("item"):
        assert each.wanted_date is not None  # filtered
        yield each.wanted_date, each.item.ref, each.item.title, _("You need it by then")
    asked = Approval.objects.filter(item__in=items, expires_at__gte=begins, expires_at__lt=ends)
    for question in asked.select_related("item"):
        day = timezone.localtime(question.expires_at, zone).date()
        yield day, question.item.ref, question.item.title, _("Your decision is due")
    launches = Campaign.objects.filter(
        request__item__in=items, launch_date__gte=first, launch_date__lt=after, live_at=None
    )
    for campaign in launches.select_related("request__item"):
        item = campaign.request.item
        assert campaign.launch_date is not None  # filtered
        yield campaign.launch_date, item.ref, item.title, _("Launch")
    ending = Engagement.objects.filter(
        client=rows.client, ends_date__gte=first, ends_date__lt=after
    )
    for sold in ending:
        assert sold.ends_date is not None  # filtered
        yield sold.ends_date, "", sold.name, _("The agreement ends")


SECTIONS = (targets, times, delivered, agreed, concerns, coming)
