"""
State of clocks as pure functions: without a database, and with no time except the given one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from routing.sla.hours import ALWAYS, Both, OpenTime, Segment
from routing.sla.week import hours_from_json

AGENCY = "agency"
HELD, UNCOUNTED = "hold", "not_counted"  # keys of ``ClockReading.whose`` beside the parties
ZERO = timedelta()


class Does(StrEnum):
    RUN = "run"
    PAUSE = "pause"
    STOP = "stop"


class Cause(StrEnum):
    """Reason for a clock's turn."""

    WORK = "work"  # it is being worked on
    STATE = "state"  # the target does not run in this state
    HOLD = "hold"
    WAITING = "waiting"  # the work waits on another party
    CHILDREN = "children"  # every open part waits on the same party
    MET = "met"  # the target was met
    ENDED = "ended"  # the work ended before the target was met


@dataclass(frozen=True, slots=True)
class ClockTurn:
    """Action of a clock, and the party for whom the time counts while it lasts."""

    does: Does
    party: str
    cause: Cause


@dataclass(frozen=True, slots=True)
class Mark:
    """A turn, with its time and the state of the work."""

    at: datetime
    turn: ClockTurn
    state: str = ""


@dataclass(frozen=True, slots=True)
class ClockInput:
    """
    Values of a work item that decide its clocks' turns.

    ``children_wait_on`` is the one party that all open parts wait on, or empty.
    """

    state: str
    is_open: bool
    held: bool
    waiting_on: str
    children_wait_on: str = ""


@dataclass(frozen=True)
class Terms:
    """
    Terms of a clock. Later edits of policy and calendar change them only if they are made for open
    work, too.

    ``runs_in`` empty means every open state. ``document`` is what it was read from, with names and
    versions.
    """

    hours: OpenTime
    runs_in: frozenset[str]
    met_in: frozenset[str]
    document: Mapping[str, Any] = field(compare=False, repr=False)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Terms:
        """
        :param document: ``policy``, ``purpose``, ``hours`` (none, one or two calendars),
        ``runs_in``, ``met_in``
        """
        calendars = [hours_from_json(written) for written in document["hours"]]
        return cls(
            together(calendars),
            frozenset(document["runs_in"]),
            frozenset(document["met_in"]),
            document,
        )


def together(calendars: Sequence[OpenTime]) -> OpenTime:
    """Return the hours in which all calendars are open; around the clock if there are none."""
    if not calendars:
        return ALWAYS
    found = calendars[0]
    for calendar in calendars[1:]:
        found = Both(found, calendar)
    return found


def turn(clock: ClockInput, terms: Terms) -> ClockTurn:
    """Return the turn of a clock for work in this state. The first matching answer counts."""
    state, party = clock.state, clock.waiting_on
    # The order is the rule. Work that meets its target and ends in one step has met it, and a hold
    # is shown as such even if the work also waits on somebody.
    answers = (
        (state in terms.met_in, ClockTurn(Does.STOP, AGENCY, Cause.MET)),
        (not clock.is_open, ClockTurn(Does.STOP, AGENCY, Cause.ENDED)),
        (clock.held, ClockTurn(Does.PAUSE, party, Cause.HOLD)),
        (party != AGENCY, ClockTurn(Does.PAUSE, party, Cause.WAITING)),
        (
            bool(terms.runs_in) and state not in terms.runs_in,
            ClockTurn(Does.PAUSE, AGENCY, Cause.STATE),
        ),
        (
            clock.children_wait_on not in {"", AGENCY},
            ClockTurn(Does.PAUSE, clock.children_wait_on, Cause.CHILDREN),
        ),
    )
    return next(
        (answer for holds, answer in answers if holds), ClockTurn(Does.RUN, AGENCY, Cause.WORK)
    )


@dataclass(frozen=True, slots=True)
class Stretch:
    """
    The time from one mark to the next. Its ``worktime`` counts against the target only if it
    ``runs``.

    ``expected`` is true for the future part, until the clock is due.
    """

    start: datetime
    end: datetime
    turn: ClockTurn
    state: str
    worktime: timedelta
    segments: tuple[Segment, ...]
    expected: bool = False

    @property
    def runs(self) -> bool:
        return self.turn.does == Does.RUN


@dataclass(frozen=True, slots=True)
class ClockReading:
    """
    Values of a clock at one time, according to its marks.

    ``due_at`` is None while the clock is paused. ``whose`` is the working time by party, apart from
    time on hold (``HELD``) and time that the target does not count (``UNCOUNTED``). So the agency's
    time is exactly what was ``spent``.
    """

    at: datetime
    turn: ClockTurn
    spent: timedelta
    left: timedelta
    due_at: datetime | None
    breached_at: datetime | None
    met_at: datetime | None
    stretches: tuple[Stretch, ...]
    whose: Mapping[str, timedelta]


@dataclass(frozen=True, slots=True)
class Counted:
    """Working time that a clock has used, and when it is due and was breached, if ever."""

    spent: timedelta
    due_at: datetime | None  # None while the clock is paused
    breached_at: datetime | None


def count(
    marks: Sequence[tuple[datetime, Does]], target: timedelta, hours: OpenTime, at: datetime
) -> Counted:
    """
    Count a clock up to ``at`` from its turns alone.

    :param marks: times and actions in the order written, none after ``at``
    """
    spent, due_at, breached_at = ZERO, None, None
    for (since, does), following in zip(marks, [*marks[1:], None], strict=True):
        if does == Does.RUN:
            # As in ``Clock.take``: the clock is due after the working time that is left.
            due_at = breached_at or hours.add(since, target - spent)
            until = following[0] if following else at
            spent += hours.between(since, until)
            if breached_at is None and due_at < until:
                breached_at = due_at
        if following and following[1] == Does.PAUSE:
            due_at = None
    return Counted(spent, due_at, breached_at)


def read(
    marks: Sequence[Mark],
    target: timedelta,
    hours: OpenTime,
    at: datetime,
    states: Sequence[tuple[datetime, str]] = (),
) -> ClockReading:
    """
    Recompute a clock at ``at`` from its marks alone.

    :param marks: in the order written, beginning with the start. Those after ``at`` are ignored.
    :param states: states of the work, each with its beginning. A state in which the clock only went
        on has no mark, and begins a stretch of its own.
    :raises ValueError: if there is no mark up to ``at``
    """
    known = [mark for mark in marks if mark.at <= at]
    if not known:
        raise ValueError("The clock had not been started then.")
    counted = count([(mark.at, mark.turn.does) for mark in known], target, hours, at)
    last = known[-1]
    is_met = last.turn == ClockTurn(Does.STOP, AGENCY, Cause.MET) and counted.breached_at is None
    stretches: list[Stretch] = []
    for stretch in _stretches(known, hours, at, counted.due_at):
        stretches += _by_state(stretch, states, hours)
    return ClockReading(
        at=at,
        turn=last.turn,
        spent=counted.spent,
        left=max(ZERO, target - counted.spent),
        due_at=counted.due_at,
        breached_at=counted.breached_at,
        met_at=last.at if is_met else None,
        stretches=tuple(stretches),
        whose=_whose(stretches),
    )


def _stretches(
    marks: Sequence[Mark], hours: OpenTime, at: datetime, due_at: datetime | None
) -> Iterator[Stretch]:
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        if mark.turn.does == Does.STOP:  # it is the last mark, and nothing counts after it
            return
        end = following.at if following else at
        if mark.at < end:
            yield _stretch(mark, mark.at, end, hours)
        if following is None and mark.turn.does == Does.RUN and due_at and due_at > at:
            yield _stretch(mark, at, due_at, hours, expected=True)


def _stretch(
    mark: Mark, start: datetime, end: datetime, hours: OpenTime, *, expected: bool = False
) -> Stretch:
    segments = tuple(hours.segments(start, end))
    worktime = sum((segment.length for segment in segments if segment.counted), ZERO)
    return Stretch(start, end, mark.turn, mark.state, worktime, segments, expected)


def _by_state(
    stretch: Stretch, states: Sequence[tuple[datetime, str]], hours: OpenTime
) -> Iterator[Stretch]:
    """Cut a stretch where the state of the work changed."""
    before = [state for at, state in states if at <= stretch.start]
    inside = [(at, state) for at, state in states if stretch.start < at < stretch.end]
    state = before[-1] if before else stretch.state
    start = stretch.start
    for at, following in inside:
        if following != state:
            mark = Mark(start, stretch.turn, state)
            yield _stretch(mark, start, at, hours, expected=stretch.expected)
            start, state = at, following
    mark = Mark(start, stretch.turn, state)
    yield _stretch(mark, start, stretch.end, hours, expected=stretch.expected)


def _whose(stretches: Sequence[Stretch]) -> Mapping[str, timedelta]:
    """Return the working time that has passed, by party, without holds and uncounted time."""
    found: dict[str, timedelta] = {}
    for stretch in stretches:
        if not stretch.expected:
            whose = counts_for(stretch)
            found[whose] = found.get(whose, ZERO) + stretch.worktime
    return found


def counts_for(stretch: Stretch) -> str:
    """Return the party that a stretch counts for, ``HELD`` or ``UNCOUNTED``."""
    if stretch.runs:
        return AGENCY
    if stretch.turn.cause == Cause.HOLD:
        return HELD
    if stretch.turn.cause == Cause.STATE:
        return UNCOUNTED
    return stretch.turn.party
