"""Position of local dates in UTC, including changes of daylight saving time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_ORDINAL = EPOCH.toordinal()
DAY_S = 86_400
HOUR_S = 3_600

# Start and end (seconds since 1970), and the offset of local time from UTC in seconds.
Stretch = tuple[int, int, int]


def stretches(ordinal: int, zone: ZoneInfo) -> list[Stretch]:
    """
    Return the time during which the local date is this one: one stretch, several on a day with a
    change of daylight saving time, none on a date that a country skipped.

    :param ordinal: of the date, as in ``date.toordinal``
    """
    # Almost all days begin and end with the same offset, so the search below is rare.
    ours, next_ = _offset_at_midnight(ordinal, zone), _offset_at_midnight(ordinal + 1, zone)
    if ours == next_:
        midnight = (ordinal - EPOCH_ORDINAL) * DAY_S - ours
        return [(midnight, midnight + DAY_S, ours)]
    return _turned(ordinal, zone, min(ours, next_), max(ours, next_))


def _offset_at_midnight(ordinal: int, zone: ZoneInfo) -> int:
    day = date.fromordinal(ordinal)
    return _seconds(datetime(day.year, day.month, day.day, tzinfo=zone))


@lru_cache(maxsize=4096)
def _turned(ordinal: int, zone: ZoneInfo, least: int, most: int) -> list[Stretch]:
    midnight = (ordinal - EPOCH_ORDINAL) * DAY_S
    found = []
    for start, end, offset in _constant(midnight - most, midnight + DAY_S - least, zone):
        from_, to = max(start, midnight - offset), min(end, midnight + DAY_S - offset)
        if from_ < to:
            found.append((from_, to, offset))
    return found


def _constant(since: int, until: int, zone: ZoneInfo) -> Iterator[Stretch]:
    """Yield stretches of constant offset."""
    # ``zoneinfo`` does not say when an offset changes. It is compared hour by hour, and a change is
    # then found by halving the hour.
    start, offset = since, _offset(since, zone)
    for hour in range(since, until, HOUR_S):
        low, high = hour, min(hour + HOUR_S, until)
        turned = _offset(high, zone)
        if turned == offset:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if _offset(middle, zone) == offset else (low, middle)
        yield start, high, offset
        start, offset = high, turned
    yield start, until, offset


def _offset(instant: int, zone: ZoneInfo) -> int:
    return _seconds(datetime.fromtimestamp(instant, zone))


def _seconds(local: datetime) -> int:
    offset = local.utcoffset()
    assert offset is not None  # ZoneInfo always knows
    return offset.days * DAY_S + offset.seconds
