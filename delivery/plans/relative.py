"""
Days relative to a launch or due date, such as “D-5”: pure values.

D is a day without a time, so daylight saving never changes what is meant. D itself is never moved,
even if it is a day off: somebody chose it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from django.utils.translation import gettext as _

from routing.kernel.days import IsWorkingDay, can_be_meant

MOST_DAYS = 366  # from D, in either direction
MOST_CLOSED = 366  # days off in a row; a calendar that is closed for longer has no working day
_DAY = timedelta(days=1)
# People write the minus as a hyphen, as a dash or as the mathematical sign.
_WRITTEN = re.compile(r"[dD](?:([-+\u2010-\u2015\u2212])(\d{1,3}))?")


class DayUnit(StrEnum):
    """What the distance from D is counted in."""

    WORKING = "working"
    CALENDAR = "calendar"


class BadOffset(ValueError):
    """A text or a value that is no relative day. The message says what to enter instead."""


class NoWorkingDay(ValueError):
    """The calendar has no working day where one is needed."""


@dataclass(frozen=True, slots=True)
class DayOffset:
    """A distance from D in days, negative before it."""

    days: int
    unit: DayUnit = DayUnit.WORKING

    def __str__(self) -> str:
        if not self.days:
            return "D"
        sign = "+" if self.days > 0 else "\u2212"
        text = f"D{sign}{abs(self.days)}"
        return text if self.unit is DayUnit.WORKING else _("%(day)s calendar days") % {"day": text}

    @property
    def written(self) -> str:
        """Return the text that ``read_offset`` reads."""
        return f"D{self.days:+d}" if self.days else "D"


def read_offset(text: str, unit: DayUnit = DayUnit.WORKING) -> DayOffset:
    """:raises BadOffset: unless it is D, or D with a number of days before or after it"""
    found = _WRITTEN.fullmatch("".join(text.split()))
    if found is None:
        raise BadOffset(
            _("“%(text)s” is not a day relative to D. Enter D, D-5 (before) or D+3 (after).")
            % {"text": text.strip()[:20]}
        )
    days = int(found[2] or 0)
    return checked(days if found[1] == "+" else -days, unit)


def checked(days: int, unit: DayUnit) -> DayOffset:
    """:raises BadOffset: if it is further from D than anybody plans"""
    if abs(days) > MOST_DAYS:
        raise BadOffset(_("Enter at most %(most)s days from D.") % {"most": MOST_DAYS})
    return DayOffset(days, unit)


def due_on(launch: date, offset: DayOffset, is_working: IsWorkingDay) -> date:
    """
    Return the day at this distance from ``launch``.

    Working days are counted over days off. Calendar days are counted on the calendar, and a day off
    moves them on, away from D: what is due before the launch is never due later than meant.

    :raises NoWorkingDay: if the calendar is closed for more than a year there
    """
    if not offset.days:
        return launch
    step = _DAY if offset.days > 0 else -_DAY
    if offset.unit is DayUnit.CALENDAR:
        day = launch + timedelta(days=offset.days)
        return day if _open(day, is_working) else _next_working(day, step, is_working)
    day = launch
    for _count in range(abs(offset.days)):
        day = _next_working(day, step, is_working)
    return day


def _next_working(day: date, step: timedelta, is_working: IsWorkingDay) -> date:
    for _count in range(MOST_CLOSED):
        day += step
        if _open(day, is_working):
            return day
    raise NoWorkingDay(
        _("The calendar has no working day within a year of %(day)s. Choose another date.")
        % {"day": day.isoformat()}
    )


def _open(day: date, is_working: IsWorkingDay) -> bool:
    # Calendars know no holidays of years in which nothing here can happen.
    if not can_be_meant(day):
        raise NoWorkingDay(
            _("%(day)s is too far away to be planned. Choose another date.")
            % {"day": day.isoformat()}
        )
    return is_working(day)
