"""Days relative to a launch date, against the open time that clocks count, day by day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from delivery.plans.relative import (
    BadOffset,
    DayOffset,
    DayUnit,
    NoWorkingDay,
    due_on,
    read_offset,
)
from routing.sla.calendars import Calendar
from routing.sla.hours import micros
from routing.sla.working_days import is_weekday, working_day_test

BERLIN = Calendar(
    name="Berlin",
    timezone="Europe/Berlin",
    holiday_country="DE",
    holiday_subdivision="BE",
    # A night shift over the hour that daylight saving skips, and a short day before Christmas.
    hours={day: ["01:00-04:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sun")},
    extra_dates={"2024-02-29": "Leap day off", "2026-12-24": "09:00-13:00 Christmas Eve"},
)
FIRST, LAST = date(2023, 1, 1), date(2030, 12, 31)
WORKING = working_day_test(BERLIN)


@cache
def open_days() -> tuple[date, ...]:
    """Every day on which the calendar counts any time, asked one local day after the other."""
    zone, found, day = ZoneInfo(BERLIN.timezone), [], FIRST
    hours = BERLIN.hours_from(FIRST.year, LAST.year - FIRST.year + 1)
    while day <= LAST:
        start, end = (
            micros(datetime.combine(each, time(), zone).astimezone(UTC))
            for each in (day, day + timedelta(days=1))
        )
        if any(piece.closed is None for piece in hours.pieces(start, end)):
            found.append(day)
        day += timedelta(days=1)
    return tuple(found)


launches = st.dates(date(2024, 7, 1), date(2029, 6, 30))


@given(launches, st.integers(-200, 200))
@example(date(2024, 3, 1), -1)  # over the leap day
@example(date(2028, 2, 28), 1)
@example(date(2026, 3, 30), -1)  # over the night in which clocks go forward
@example(date(2026, 10, 25), 1)  # and back
@example(date(2027, 1, 1), -3)  # over Christmas and the end of a year
def test_working_days_are_those_on_which_the_calendar_is_open(launch: date, days: int) -> None:
    before = [day for day in open_days() if day < launch]
    after = [day for day in open_days() if day > launch]
    expected = launch
    if days:
        expected = before[days] if days < 0 else after[days - 1]

    assert due_on(launch, DayOffset(days), WORKING) == expected


@given(launches, st.integers(-200, 200))
@example(date(2024, 3, 1), -1)
def test_calendar_days_are_counted_all_and_moved_away_from_d(launch: date, days: int) -> None:
    plain = launch + timedelta(days=days)
    expected = plain
    if days and plain not in open_days():
        sides = [day for day in open_days() if (day < plain if days < 0 else day > plain)]
        expected = sides[-1] if days < 0 else sides[0]

    assert due_on(launch, DayOffset(days, DayUnit.CALENDAR), WORKING) == expected


@given(st.integers(-366, 366), st.sampled_from(DayUnit))
def test_what_is_written_is_read_again(days: int, unit: DayUnit) -> None:
    assert read_offset(DayOffset(days, unit).written, unit) == DayOffset(days, unit)


@pytest.mark.parametrize("text", ["d - 5", "D\u22125", " D\u20135 "])
def test_a_minus_is_read_however_it_is_typed(text: str) -> None:
    assert read_offset(text) == DayOffset(-5)


@pytest.mark.parametrize("text", ["", "5", "D5", "D-", "D-1.5", "D--1", "T-5", "D-367", "D+9999"])
def test_anything_else_says_what_to_enter(text: str) -> None:
    with pytest.raises(BadOffset, match=r"D-5|at most 366 days"):
        read_offset(text)


@pytest.mark.parametrize("unit", DayUnit)
def test_a_calendar_that_never_opens_is_refused_in_words(unit: DayUnit) -> None:
    with pytest.raises(NoWorkingDay, match="no working day"):
        due_on(date(2026, 6, 1), DayOffset(-1, unit), lambda day: False)


def test_no_day_is_counted_into_years_that_nobody_means() -> None:
    with pytest.raises(NoWorkingDay, match="too far away"):
        due_on(date(2099, 12, 30), DayOffset(9), is_weekday)
