"""Days, half days and times as people enter them, on the wall of the absent person."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from routing.cover.absences import NOON, midnight

HALVES = ("morning", "afternoon")
# Of text with single spaces, so that no run of them is read again and again.
BETWEEN = re.compile(r" (?:to|until|–|-) ")
EVERY = re.compile(r" every ", re.IGNORECASE)
REPEATED = re.compile(r"(?:(?P<weeks>[1-9]\d?) )?weeks? until (?P<until>\S+)", re.IGNORECASE)
TWO_DAYS = 2
MOST = 60  # absences that one line can be
YEARS = range(1990, 2201)  # others are typing errors, and the last ones have no day after them


@dataclass(frozen=True, slots=True)
class WallTime:
    """
    A day, a half of one, or a time of one, on somebody's wall.

    With ``clock``, an absence starts or ends at that time. With ``half``, one that starts there
    starts at noon if it is the afternoon, and one that ends there ends at noon if it is the
    morning.
    """

    day: date
    clock: time | None = None
    half: str = ""

    @classmethod
    def read(cls, text: str) -> Self:
        """
        Read a day such as 2027-06-02, with “morning”, “afternoon” or a time such as 13:00 behind it
        or not.

        :raises ValueError: if it is none of these
        """
        day, _space, rest = text.strip().replace("T", " ").partition(" ")
        rest, read = rest.strip().lower(), date.fromisoformat(day)
        if read.year not in YEARS:
            raise ValueError("no year that anybody plans for")
        if rest in HALVES:
            return cls(read, None, rest)
        clock = time.fromisoformat(rest) if rest else None
        if clock is not None and clock.tzinfo is not None:
            raise ValueError("a time on the wall has no zone")
        return cls(read, clock)

    def starts(self, zone: ZoneInfo) -> datetime:
        if self.half == "afternoon":
            return self._at(NOON, zone)
        return midnight(self.day, zone) if self.clock is None else self._at(self.clock, zone)

    def ends(self, zone: ZoneInfo) -> datetime:
        """Return the first moment after it: without a time, the day is away as a whole."""
        if self.half == "morning":
            return self._at(NOON, zone)
        if self.clock is None:
            return midnight(self.day + timedelta(days=1), zone)
        return self._at(self.clock, zone)

    def _at(self, clock: time, zone: ZoneInfo) -> datetime:
        return datetime.combine(self.day, clock, zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Period:
    """What one absence takes, from the first to the last day."""

    first: WallTime
    last: WallTime

    @classmethod
    def read(cls, text: str) -> Self:
        """
        Read a day, or two with “to” between them: 2027-06-02 afternoon to 2027-06-04.

        :raises ValueError: if it is no such text
        """
        parts = [WallTime.read(part) for part in BETWEEN.split(_spaced(text))]
        if len(parts) > TWO_DAYS:
            raise ValueError("more than two days")
        return cls(parts[0], parts[-1])

    @classmethod
    def read_all(cls, text: str) -> list[Self]:
        """
        Read a period, repeated every week or so until the day of its last start, or not: 2027-06-04
        afternoon every 2 weeks until 2027-07-30.

        :raises ValueError: if it is no such text, or more than 60 periods
        """
        period, *rhythm = EVERY.split(_spaced(text), maxsplit=1)
        if not rhythm:
            return [cls.read(period)]
        repeated = REPEATED.fullmatch(rhythm[0])
        if repeated is None:
            raise ValueError("no rhythm")
        first, until = cls.read(period), WallTime.read(repeated["until"]).day
        step = timedelta(weeks=int(repeated["weeks"] or 1))
        found: list[Self] = []
        while first.first.day + len(found) * step <= until:
            found.append(first.after(len(found) * step))
            if len(found) > MOST:
                raise ValueError("too many periods")
        if not found:
            raise ValueError("it ends before it begins")
        return found

    def after(self, time: timedelta) -> Self:
        """Return the same period so many days later."""
        first, last = (replace(each, day=each.day + time) for each in (self.first, self.last))
        return replace(self, first=first, last=last)

    def in_zone(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Return the first moment away and the first moment back."""
        return self.first.starts(zone), self.last.ends(zone)


def _spaced(text: str) -> str:
    return " ".join(text.split())
