"""Promised against taken: the clocks of a run, and whose the time was, segment by segment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import chain
from typing import TypeAlias

from django.utils.translation import gettext as _

from delivery.reports.document import ReportSection, ReportShare, ReportTable, Value
from delivery.reports.run_rows import RunRows
from routing.sla.clock_words import clock_status
from routing.sla.clocks import Clock
from routing.sla.explain_due import CAUSES, Explanation, party_label
from routing.sla.policies import purpose_label
from routing.sla.timing import HELD, UNCOUNTED, ClockReading, Stretch, counts_for
from routing.work.kinds import state_label

ZERO = timedelta()
Told: TypeAlias = tuple[Clock, Explanation]
TONES = {HELD: "hold", UNCOUNTED: "not_counted"}


def promised(rows: RunRows) -> Iterator[ReportSection]:
    clocks = [_clock_row(clock, told) for clock, told in rows.clocks]
    segments = list(chain.from_iterable(map(_segment_rows, rows.clocks)))
    lead = [
        _("Whose time it was, by the clock of %(ref)s for “%(purpose)s”:")
        % {"ref": clock.item.ref, "purpose": purpose_label(clock.purpose)}
        for clock, _told in main_clocks(rows.clocks)
    ]
    lead += [
        _("%(ref)s, %(purpose)s: the stored clock differs from its record.")
        % {"ref": clock.item.ref, "purpose": purpose_label(clock.purpose)}
        for clock, told in rows.clocks
        if not told.agrees
    ]
    yield ReportSection(
        "promised",
        _("Promised against taken"),
        lead=lead,
        shares=shares_of([told.reading for _clock, told in main_clocks(rows.clocks)]),
        tables=[
            ReportTable("clocks", clock_columns(), clocks, _("No clock was started.")),
            ReportTable(
                "segments",
                (("ref", _("Work")), ("purpose", _("Purpose")), *segment_columns()),
                segments,
                _("No time was counted."),
                _("Whose time, segment by segment"),
            ),
        ],
    )


def main_clocks(clocks: Sequence[Told]) -> list[Told]:
    """Return those of ``covering_clocks``, each with its explanation."""
    told = {clock.pk: (clock, explained) for clock, explained in clocks}
    chosen = covering_clocks([clock for clock, _explained in clocks])
    return [told[each.pk] for each in chosen]


def covering_clocks(clocks: Iterable[Clock]) -> list[Clock]:
    """
    Return the clock of each request that covers it from start to end: the one for its resolution,
    or else the one that was to take longest.

    A request has several clocks at once. Only one of them may be added up.
    """
    found: dict[int, Clock] = {}
    for clock in clocks:
        if clock.item.kind != "request":
            continue
        before = found.get(clock.item_id)
        if before is None or clock.coverage > before.coverage:
            found[clock.item_id] = clock
    return list(found.values())


def clock_columns() -> Sequence[tuple[str, str]]:
    return (
        ("ref", _("Work")),
        ("purpose", _("Purpose")),
        ("policy", _("Policy")),
        ("target", _("Target")),
        ("spent", _("Taken")),
        ("due_at", _("Due")),
        ("status", _("Result")),
        ("overdue_since", _("Overdue since")),
    )


def segment_columns() -> Sequence[tuple[str, str]]:
    return (
        ("from", _("From")),
        ("to", _("To")),
        ("counted", _("Working time")),
        ("party", _("Whose time")),
        ("why", _("Why")),
        ("state", _("State")),
    )


def _segment_rows(each: Told) -> Iterator[Sequence[Value]]:
    clock, told = each
    purpose = purpose_label(clock.purpose)
    for stretch in told.reading.stretches:
        if not stretch.expected:
            yield clock.item.ref, purpose, *segment_row(clock.item.kind, stretch)


def _clock_row(clock: Clock, told: Explanation) -> Sequence[Value]:
    return (
        clock.item.ref,
        purpose_label(clock.purpose),
        f"{told.policy} v{told.policy_version}",
        told.target,
        told.reading.spent,
        told.reading.due_at,
        clock_status(clock),
        told.reading.breached_at,
    )


def segment_row(kind: str, stretch: Stretch) -> Sequence[Value]:
    """Return one segment: its ends, its working time, whose it was and why."""
    return (
        stretch.start,
        stretch.end,
        stretch.worktime,
        party_label(counts_for(stretch)),
        str(CAUSES[stretch.turn.cause]),
        state_label(kind, stretch.state) if stretch.state else "",
    )


def shares_of(readings: Sequence[ClockReading]) -> list[ReportShare]:
    """Return the working time of these clocks by party, the largest part first."""
    found: dict[str, timedelta] = {}
    for reading in readings:
        for party, time in reading.whose.items():
            found[party] = found.get(party, ZERO) + time
    return [
        ReportShare(party, party_label(party), time, TONES.get(party, party))
        for party, time in sorted(found.items(), key=lambda each: (-each[1], each[0]))
        if time
    ]
