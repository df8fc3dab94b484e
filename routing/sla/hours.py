"""
Working-time arithmetic on frozen values, exact to the microsecond across daylight saving time, leap
days and year ends.

Times go in aware and come out in UTC. Working time is a ``timedelta``. A time is open if its local
wall clock is in a window of its local weekday and its local date is no holiday. So an hour that
daylight saving skips does not count, and an hour that it repeats counts twice.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import chain
from typing import NamedTuple
from zoneinfo import ZoneInfo

from routing.sla.localtime import DAY_S, EPOCH, EPOCH_ORDINAL, stretches

HORIZON = timedelta(days=5 * 366)  # how far a due time may lie ahead
YEARS = range(1900, 2500)
MINUTE_S = 60
_US = 1_000_000  # microseconds in a second

Window = tuple[int, int]  # minutes after local midnight, start before end, at most 1440


class OutOfReach(ValueError):
    """
    There is not that much open time within five years, or the time is not in the years 1900 to
    2499.
    """


class Closed(StrEnum):
    """Reason why time does not count."""

    OUTSIDE_HOURS = "outside_hours"
    WEEKEND = "weekend"  # any weekday on which this calendar never opens
    HOLIDAY = "holiday"


@dataclass(frozen=True, slots=True)
class Segment:
    """
    A period that is all open or all closed. ``note`` names the holiday, ``by`` the closed calendar.
    """

    start: datetime
    end: datetime
    closed: Closed | None = None
    note: str = ""
    by: str = ""

    @property
    def counted(self) -> bool:
        return self.closed is None

    @property
    def length(self) -> timedelta:
        return self.end - self.start


class TimeSlice(NamedTuple):
    """A segment in microseconds since 1970."""

    start: int
    end: int
    closed: Closed | None
    note: str
    by: str


@dataclass(frozen=True, slots=True)
class _Line:
    """
    Open time between two times: its windows, and the open time before each, in microseconds.
    """

    # Integers and binary search: a due time is found without walking through years of days.

    since: int
    until: int
    starts: list[int]
    ends: list[int]
    before: list[int]

    def opened(self, instant: int) -> int:
        index = bisect_right(self.ends, instant)
        inside = instant - self.starts[index] if index < len(self.starts) else 0
        return self.before[index] + max(0, inside)

    def after(self, instant: int, worktime: int) -> int | None:
        """
        Return the earliest time at which ``worktime`` has passed, or None if the line is too short.
        """
        wanted = self.opened(instant) + worktime
        if wanted > self.before[-1]:
            return None
        index = bisect_left(self.before, wanted) - 1
        return self.starts[index] + wanted - self.before[index]


class OpenTime(ABC):
    """Interface of working hours, for one calendar or the intersection of two."""

    @abstractmethod
    def label(self) -> str:
        """Return the display name."""

    @abstractmethod
    def pieces(self, since: int, until: int) -> Iterator[TimeSlice]:
        """Yield all time from ``since`` to ``until`` (microseconds) in order, without gaps."""

    def add(self, start: datetime, worktime: timedelta) -> datetime:
        """
        Return the earliest time at which ``worktime`` has passed since ``start``.

        :raises OutOfReach: see the class
        :raises ValueError: if ``worktime`` is negative
        """
        if worktime < timedelta():
            raise ValueError("Working time cannot be negative.")
        if not worktime:
            return start.astimezone(UTC)
        instant, need = micros(start), worktime // timedelta(microseconds=1)
        # Most due times are in this year or the next, and six years take much longer to work out.
        found = self._line(start.year, start.year + 1).after(instant, need)
        if found is None:
            found = self._line(start.year, start.year + 6).after(instant, need)
        if found is None or found - instant > HORIZON // timedelta(microseconds=1):
            raise OutOfReach(
                f"{self.label()}: {worktime} of open time do not lie within five years after "
                f"{start}."
            )
        return moment(found)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """
        Return the open time from ``start`` to ``end``.

        :raises OutOfReach: see the class
        :raises ValueError: if ``end`` is before ``start``
        """
        if end < start:
            raise ValueError("The end is before the start.")
        line = self._line(start.year, end.year)
        return timedelta(microseconds=line.opened(micros(end)) - line.opened(micros(start)))

    def segments(self, start: datetime, end: datetime) -> list[Segment]:
        """
        Return all time from ``start`` to ``end``, in order, with the reasons why some is closed.
        """
        found: list[TimeSlice] = []
        for piece in self.pieces(micros(start), micros(end)):
            # Neighbours with the same reason are one segment: a weekend, not two days.
            if found and found[-1][2:] == piece[2:]:
                found[-1] = found[-1]._replace(end=piece.end)
            else:
                found.append(piece)
        return [Segment(moment(piece.start), moment(piece.end), *piece[2:]) for piece in found]

    def _line(self, first: int, last: int) -> _Line:
        """
        Return the open time of these years in any time zone, and of all years asked for before.
        """
        # Kept with the value, because every clock with the same terms asks again. Two threads may
        # both work it out. Each stores a finished line, so neither sees half of one.
        line: _Line | None = self.__dict__.get("_kept")
        since, until = _new_year(first, -1), _new_year(last + 1, 1)
        if line is None:
            line = self.__dict__["_kept"] = self._work_out(since, until)
        elif since < line.since or until > line.until:
            line = self._work_out(min(since, line.since), max(until, line.until))
            self.__dict__["_kept"] = line
        return line

    def _work_out(self, since: int, until: int) -> _Line:
        starts: list[int] = []
        ends: list[int] = []
        before = [0]
        for piece in self.pieces(since, until):
            if piece.closed is not None:
                continue
            # Windows that touch at midnight become one, which keeps the lists short.
            if ends and ends[-1] == piece.start:
                ends[-1] = piece.end
                before[-1] += piece.end - piece.start
            else:
                starts.append(piece.start)
                ends.append(piece.end)
                before.append(before[-1] + piece.end - piece.start)
        return _Line(since, until, starts, ends, before)


@dataclass(frozen=True)
class Hours(OpenTime):
    """
    One calendar.

    ``zone`` is an IANA name. ``weekly`` has the windows of each weekday, Monday first, sorted and
    without overlaps. ``changed`` has the windows of dates that are open at other hours than their
    weekday. ``holiday_names`` is for explanations only and names both kinds of days.

    :raises ValueError: if the windows are not sorted or overlap
    """

    name: str
    zone: str
    weekly: tuple[tuple[Window, ...], ...]
    holidays: frozenset[date] = frozenset()
    holiday_names: Mapping[date, str] = field(default_factory=dict, compare=False, repr=False)
    changed: Mapping[date, tuple[Window, ...]] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if len(self.weekly) != 7:  # noqa: PLR2004 - days of a week
            raise ValueError("A week has seven days.")
        for windows in (*self.weekly, *self.changed.values()):
            edges = list(chain.from_iterable(windows))
            if edges and (
                edges != sorted(set(edges)) or edges[0] < 0 or edges[-1] > DAY_S // MINUTE_S
            ):
                raise ValueError(
                    f"Windows must be in order, apart from each other and within one day: {windows}"
                )

    def label(self) -> str:
        return self.name

    def pieces(self, since: int, until: int) -> Iterator[TimeSlice]:
        zone = ZoneInfo(self.zone)
        # One more day at either end, because the local date may differ from the one in UTC.
        first = since // _US // DAY_S + EPOCH_ORDINAL - 1
        last = until // _US // DAY_S + EPOCH_ORDINAL + 1
        for ordinal in range(first, last + 1):
            for start, end, offset in stretches(ordinal, zone):
                if end * _US > since and start * _US < until:
                    for from_, to, closed, note in self._classified(ordinal, start, end, offset):
                        by = self.name if closed else ""
                        piece = TimeSlice(
                            max(from_ * _US, since), min(to * _US, until), closed, note, by
                        )
                        if piece.start < piece.end:
                            yield piece

    def _classified(
        self, ordinal: int, start: int, end: int, offset: int
    ) -> Iterator[tuple[int, int, Closed | None, str]]:
        """Divide a part of one local day with one UTC offset, in seconds."""
        day = date.fromordinal(ordinal)
        windows, note = self.weekly[(ordinal - 1) % 7], ""
        if day in self.changed:
            windows, note = self.changed[day], self.holiday_names.get(day, "")
        elif not windows:
            yield start, end, Closed.WEEKEND, ""
            return
        elif day in self.holidays:
            yield start, end, Closed.HOLIDAY, self.holiday_names.get(day, "")
            return
        midnight = (ordinal - EPOCH_ORDINAL) * DAY_S - offset
        for opens, closes in windows:
            from_ = max(start, midnight + opens * MINUTE_S)
            to = min(end, midnight + closes * MINUTE_S)
            if from_ < to:
                yield start, from_, Closed.OUTSIDE_HOURS, note
                yield from_, to, None, ""
                start = to
        yield start, end, Closed.OUTSIDE_HOURS, note


@dataclass(frozen=True)
class Both(OpenTime):
    """
    Two calendars together: open when both are. If both are closed, the first one's reason counts.
    """

    one: OpenTime
    other: OpenTime

    def label(self) -> str:
        return f"{self.one.label()} + {self.other.label()}"

    def pieces(self, since: int, until: int) -> Iterator[TimeSlice]:
        # Both cover the same time without gaps. The piece that ends first is given, cut to the part
        # that is left of both, and only its calendar moves on.
        ours, theirs = self.one.pieces(since, until), self.other.pieces(since, until)
        at = since
        mine, yours = next(ours, None), next(theirs, None)
        while mine and yours:
            end = min(mine.end, yours.end)
            yield (mine if mine.closed else yours)._replace(start=at, end=end)
            at = end
            mine = next(ours, None) if mine.end == end else mine
            yours = next(theirs, None) if yours.end == end else yours


ALWAYS = Hours("always", "UTC", (((0, DAY_S // MINUTE_S),),) * 7)


def micros(instant: datetime) -> int:
    """Return the microseconds since 1970 of an aware time."""
    # Integers: ``timestamp()`` is a float and loses microseconds.
    gap = instant - EPOCH
    return (gap.days * DAY_S + gap.seconds) * _US + gap.microseconds


def moment(instant: int) -> datetime:
    return EPOCH + timedelta(microseconds=instant)


def _new_year(year: int, days: int) -> int:
    """Return the start of a year in UTC, moved by days to include that of every time zone."""
    if year not in YEARS:
        raise OutOfReach(f"The year {year} is outside {YEARS.start} to {YEARS.stop - 1}.")
    return ((date(year, 1, 1).toordinal() - EPOCH_ORDINAL + days) * DAY_S) * _US
