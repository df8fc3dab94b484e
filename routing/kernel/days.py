"""Days as people and other systems write them: dates, times and milliseconds."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

IsWorkingDay = Callable[[date], bool]

YEARS = range(1990, 2100)  # a date of another year is a number, or a typing error
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?\s?(?:Z|[+-]\d{2}(?::?\d{2})?)?",
    re.ASCII | re.IGNORECASE,
)
_OFFSET = re.compile(r"(?:Z|[+-]\d{2}(?::?\d{2})?)\Z", re.ASCII | re.IGNORECASE)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:[T]?(\d{2})(\d{2})(\d{2})?)?", re.ASCII)
_MILLISECONDS = re.compile(r"\d{12,13}", re.ASCII)  # from 1973 to 2286


def can_be_meant(day: date) -> bool:
    """Return whether anything here can happen on this day."""
    return day.year in YEARS


def other_years() -> str:
    """Return what to enter instead of a date on which nothing here can happen."""
    return _("Enter a date from %(first)s to %(last)s.") % {"first": YEARS[0], "last": YEARS[-1]}


def read_day(text: str, zone: ZoneInfo | None = None) -> date:
    """
    Return the day of a date such as 2026-03-31 or 20260331, or of a time.

    A time with an offset, and milliseconds since 1970, are an instant: the day is that of ``zone``,
    or without one the day as written. Midnight as written is a date that was sent as a time, and
    keeps its day everywhere.

    :raises ValueError: if it is neither, or has anything before or after it
    """
    text = text.strip()
    if _DATE.fullmatch(text):
        found = _date(text)
    elif _TIME.fullmatch(text):
        found = _day_of(_time(text), zone)
    # Thirteen digits are no compact time: that has eight, twelve or fourteen.
    elif _MILLISECONDS.fullmatch(text) and not _is_compact(text):
        found = _day_of(_EPOCH + timedelta(milliseconds=int(text)), zone)
    elif _is_compact(text):
        found = _date(f"{text[:4]}-{text[4:6]}-{text[6:8]}")
    else:
        raise ValueError("not a date")
    if not can_be_meant(found):
        raise ValueError("not a date")
    return found


def is_instant(text: str) -> bool:
    """Return whether a text is a time with an offset, which is another day in another zone."""
    return _TIME.fullmatch(text) is not None and _OFFSET.search(text) is not None


def _is_compact(text: str) -> bool:
    match = _COMPACT.fullmatch(text)
    if match is None or int(match[1]) not in YEARS:
        return False
    hour, minute, second = (int(part or 0) for part in match.groups()[3:])
    return hour < 24 and minute < 60 and second < 60  # noqa: PLR2004 - of a clock


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("not a date") from None


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.replace(",", ".").replace(" +", "+").replace(" Z", "Z"))
    except ValueError:
        raise ValueError("not a date") from None


def _day_of(at: datetime, zone: ZoneInfo | None) -> date:
    if zone is None or at.tzinfo is None or at.time() == time():
        return at.date()
    return at.astimezone(zone).date()
