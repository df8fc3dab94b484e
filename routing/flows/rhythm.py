"""
When a recurrence occurs: pure values, with the days of python-dateutil's ``rrule``.

Days are local ones of a named zone. Their time of day stays the same over daylight saving.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import takewhile
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from dateutil.rrule import DAILY, MONTHLY, WEEKLY, rrule, weekday

from routing.kernel.days import IsWorkingDay
from routing.sla.localtime import HOUR_S, stretches

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SHORTEST_MONTH = 28
LAST = -1
LONGEST_MOVE = 31  # days that a day off may move an occurrence
HORIZON = timedelta(days=10 * 366)  # what does not occur within it, never does
_MINUTE_S = 60


class Every(StrEnum):
    """What an occurrence is counted by."""

    DAY = "day"
    WEEK = "week"
    MONTH_DAY = "month_day"
    MONTH_WEEKDAY = "month_weekday"
    FIRST_WORKING_DAY = "first_working_day"
    LAST_WORKING_DAY = "last_working_day"


class OnDayOff(StrEnum):
    """What happens to an occurrence on a day off."""

    RUN = "run"
    NEXT = "next"
    PREVIOUS = "previous"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Rhythm:
    """
    A recurrence as a value. ``weekdays`` are numbers, Monday being 0.

    ``nth`` and ``month_day`` count within a month. -1 is the last one, and a day that a month does
    not have is its last.
    """

    every: Every
    start: date
    at: time
    zone: str
    interval: int = 1
    weekdays: tuple[int, ...] = ()
    nth: int = 1
    month_day: int = 1
    on_day_off: OnDayOff = OnDayOff.RUN

    @property
    def asks_calendar(self) -> bool:
        """Return whether days off matter to it."""
        return self.moves is not OnDayOff.RUN

    @property
    def moves(self) -> OnDayOff:
        if self.every is Every.FIRST_WORKING_DAY:
            return OnDayOff.NEXT
        if self.every is Every.LAST_WORKING_DAY:
            return OnDayOff.PREVIOUS
        return self.on_day_off


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One occurrence: the day by the rule, and the instant, which a day off may have moved."""

    day: date
    at: datetime


def days_of(rhythm: Rhythm, after: date | None = None) -> Iterator[date]:
    """Yield the days by the rule, without a look at days off: from its start, or after a day."""
    begin, most = rhythm.start, None
    if after is not None and after >= rhythm.start:
        begin = _in_step(rhythm, after)
        most = after
    for found in _rule(rhythm, begin):
        day: date = found.date()
        if day >= rhythm.start and (most is None or day > most):
            yield day


def _in_step(rhythm: Rhythm, day: date) -> date:
    """Return a beginning shortly before a day, from which the rule counts as from its start."""
    # Without it, a rule of years ago would be counted through from there each time.
    start, interval = rhythm.start, rhythm.interval
    if rhythm.every is Every.DAY:
        return start + timedelta(days=(day - start).days // interval * interval)
    if rhythm.every is Every.WEEK:
        weeks = (day - start).days // 7 // interval * interval
        return start + timedelta(weeks=max(0, weeks - interval))
    months = (day.year - start.year) * 12 + day.month - start.month
    begin: date = start.replace(day=1) + relativedelta(months=months // interval * interval)
    return begin


def _rule(rhythm: Rhythm, begin: date) -> rrule:
    interval = rhythm.interval
    if rhythm.every is Every.DAY:
        return rrule(DAILY, dtstart=_midnight(begin), interval=interval)
    if rhythm.every is Every.WEEK:
        return rrule(
            WEEKLY, dtstart=_midnight(begin), interval=interval, byweekday=rhythm.weekdays or None
        )
    month = _midnight(begin.replace(day=1))
    if rhythm.every is Every.MONTH_WEEKDAY:
        days = [weekday(each, rhythm.nth) for each in rhythm.weekdays or (0,)]
        return rrule(MONTHLY, dtstart=month, interval=interval, byweekday=days)
    wanted = {
        Every.FIRST_WORKING_DAY: 1,
        Every.LAST_WORKING_DAY: LAST,
    }.get(rhythm.every, rhythm.month_day)
    if wanted <= SHORTEST_MONTH:
        return rrule(MONTHLY, dtstart=month, interval=interval, bymonthday=wanted)
    # The last of the days from the 28th on that the month has.
    days_at_end = range(SHORTEST_MONTH, wanted + 1)
    return rrule(MONTHLY, dtstart=month, interval=interval, bymonthday=days_at_end, bysetpos=-1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def moved(day: date, how: OnDayOff, is_working: IsWorkingDay) -> date | None:
    """Return the day on which something is done, None if it is left out."""
    if how is OnDayOff.RUN or is_working(day):
        return day
    if how is OnDayOff.SKIP:
        return None
    step = timedelta(days=1 if how is OnDayOff.NEXT else -1)
    for _ in range(LONGEST_MOVE):
        day += step
        if is_working(day):
            return day
    return None


def instant(day: date, at: time, zone: str) -> datetime:
    """
    Return the instant of a local time.

    A time that daylight saving skips is the end of the gap, and of a time that it repeats the first
    counts. On a date that the zone skipped it is the beginning of the next one.
    """
    wall = at.hour * HOUR_S + at.minute * _MINUTE_S
    midnight = datetime.combine(day, time(), UTC).timestamp()
    pieces = stretches(day.toordinal(), ZoneInfo(zone))
    for start, end, offset in pieces:
        found = midnight + wall - offset
        if found < end:
            return datetime.fromtimestamp(max(found, start), UTC)
    if not pieces:
        return instant(day + timedelta(days=1), time(), zone)
    return datetime.fromtimestamp(pieces[-1][1], UTC)


def occurrences(
    rhythm: Rhythm, is_working: IsWorkingDay, after: date | None = None
) -> Iterator[Occurrence]:
    """
    Yield occurrences in order, for ten years.

    :param after: a day by the rule; those of later days are wanted
    """
    last = (after or rhythm.start) + HORIZON
    for day in takewhile(lambda each: each <= last, days_of(rhythm, after)):
        done = moved(day, rhythm.moves, is_working)
        if done is not None:
            yield Occurrence(day, instant(done, rhythm.at, rhythm.zone))


def first_after(
    rhythm: Rhythm, is_working: IsWorkingDay, floor: datetime, after: date | None = None
) -> Occurrence | None:
    """Return the first occurrence later than ``floor`` and of a day later than ``after``."""
    # A day off may have moved an earlier day beyond the floor.
    near = floor.date() - timedelta(days=LONGEST_MOVE + 2)
    begin = max(near, after) if after else near
    found = occurrences(rhythm, is_working, begin if begin >= rhythm.start else None)
    return next((each for each in found if each.at > floor), None)
