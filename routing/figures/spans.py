"""Spans of time that figures are asked for: days of the agency, as instants."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

USUAL_DAYS = 30


class BadInstant(ValueError):
    """A text is no instant."""


@dataclass(frozen=True, slots=True)
class Span:
    """From ``since`` until just before ``until``, both aware."""

    since: datetime
    until: datetime

    @classmethod
    def of_days(cls, first: date, last: date, zone: ZoneInfo) -> Span:
        """Return the span of whole days of a zone, ``last`` included."""
        return cls(midnight(first, zone), midnight(last + timedelta(days=1), zone))

    def days(self, zone: ZoneInfo) -> tuple[date, date]:
        """Return the first and the last day of it in a zone."""
        last = self.until - timedelta(microseconds=1)
        return self.since.astimezone(zone).date(), last.astimezone(zone).date()

    def before(self, zone: ZoneInfo) -> Span:
        """
        Return the span before it that has as many days.

        A whole month is preceded by the whole month before it, and so are quarters and years.
        """
        first, last = self.days(zone)
        if Span.of_days(first, last, zone) != self:
            return Span(self.since - (self.until - self.since), self.since)
        months = _whole_months(first, last)
        if months:
            return Span.of_days(_months_before(first, months), first - timedelta(days=1), zone)
        days = (last - first).days + 1
        return Span.of_days(first - timedelta(days=days), first - timedelta(days=1), zone)


def _whole_months(first: date, last: date) -> int:
    """Return of how many calendar months the days are, and 0 if they are not whole ones."""
    after = last + timedelta(days=1)
    if first.day != 1 or after.day != 1:
        return 0
    return (after.year - first.year) * 12 + after.month - first.month


def _months_before(first: date, months: int) -> date:
    number = first.year * 12 + first.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


def usual_span(now: datetime, zone: ZoneInfo) -> Span:
    """Return today and the 29 days before it, in a zone."""
    today = now.astimezone(zone).date()
    return Span.of_days(today - timedelta(days=USUAL_DAYS - 1), today, zone)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """
    Return the instant at which a day begins, in UTC.

    Where clocks are turned at midnight, the day begins with the first of the two midnights, or
    with the first moment after the gap.
    """
    # In UTC, because two times of one zone are subtracted as a wall clock shows them.
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def write_instant(at: datetime) -> str:
    """Return an instant in UTC, such as 2026-11-23T09:30:00Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def read_instant(text: str) -> datetime:
    """:raises BadInstant: if the text is not what ``write_instant`` writes"""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadInstant(f"“{text}” is not an instant.") from None
    if at.tzinfo is None:
        raise BadInstant(f"“{text}” has no offset.")
    return at.astimezone(UTC)
