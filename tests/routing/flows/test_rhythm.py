"""When a recurrence occurs: against dateutil, and against tables made by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import DAILY, MONTHLY, WEEKLY, rrule, weekday
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.flows.rhythm import (
    Every,
    OnDayOff,
    Rhythm,
    days_of,
    first_after,
    instant,
    occurrences,
)

BERLIN = "Europe/Berlin"
HOLIDAYS = {date(2026, 12, 25), date(2027, 1, 1)}


def works(day: date) -> bool:
    return day.weekday() < 5 and day not in HOLIDAYS


def rhythm(every: Every, start: date = date(2026, 1, 1), **more: object) -> Rhythm:
    return Rhythm(**{"every": every, "start": start, "at": time(9), "zone": BERLIN} | more)  # type: ignore[arg-type]


def first_days(made: Rhythm, count: int) -> list[str]:
    found = islice(occurrences(made, works), count)
    return [f"{each.at.astimezone(ZoneInfo(made.zone)):%Y-%m-%d}" for each in found]


DAYS = st.dates(date(2020, 1, 1), date(2032, 12, 31))
RULES = st.one_of(
    st.builds(Rhythm, st.just(Every.DAY), DAYS, st.just(time(9)), st.just(BERLIN)),
    st.builds(
        Rhythm,
        st.sampled_from([Every.WEEK, Every.MONTH_WEEKDAY]),
        DAYS,
        st.just(time(9)),
        st.just(BERLIN),
        interval=st.integers(1, 7),
        weekdays=st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))),
        nth=st.sampled_from([1, 2, 3, 4, -1]),
    ),
    st.builds(
        Rhythm,
        st.just(Every.MONTH_DAY),
        DAYS,
        st.just(time(9)),
        st.just(BERLIN),
        interval=st.integers(1, 13),
        month_day=st.integers(1, 28),
    ),
)


def by_dateutil(made: Rhythm) -> rrule:
    begin = datetime.combine(made.start, time())
    if made.every is Every.DAY:
        return rrule(DAILY, dtstart=begin, interval=made.interval)
    if made.every is Every.WEEK:
        return rrule(WEEKLY, dtstart=begin, interval=made.interval, byweekday=made.weekdays)
    if made.every is Every.MONTH_WEEKDAY:
        days = [weekday(day, made.nth) for day in made.weekdays]
        return rrule(MONTHLY, dtstart=begin, interval=made.interval, byweekday=days)
    return rrule(MONTHLY, dtstart=begin, interval=made.interval, bymonthday=made.month_day)


@settings(max_examples=150, deadline=None)
@given(made=RULES, later=st.integers(0, 3_000))
def test_days_are_those_of_dateutil_wherever_one_begins_to_count(made: Rhythm, later: int) -> None:
    after = made.start + timedelta(days=later)
    expected = by_dateutil(made).xafter(datetime.combine(after, time()), count=4)

    assert list(islice(days_of(made, after), 4)) == [each.date() for each in expected]


@settings(max_examples=100, deadline=None)
@given(day=DAYS, zone=st.sampled_from([BERLIN, "America/New_York", "Australia/Lord_Howe"]))
def test_nine_o_clock_stays_nine_o_clock_over_daylight_saving(day: date, zone: str) -> None:
    local = instant(day, time(9), zone).astimezone(ZoneInfo(zone))

    assert (local.date(), local.time()) == (day, time(9))


@pytest.mark.parametrize(
    ("day", "at", "zone", "expected"),
    [
        # Missing: the clock goes from 2:00 to 3:00.
        (date(2026, 3, 29), time(2, 30), BERLIN, "2026-03-29 01:00"),
        (date(2026, 3, 29), time(2), BERLIN, "2026-03-29 01:00"),
        (date(2026, 3, 29), time(3), BERLIN, "2026-03-29 01:00"),
        (date(2026, 3, 29), time(1, 59), BERLIN, "2026-03-29 00:59"),
        # Doubled: the first of both.
        (date(2026, 10, 25), time(2, 30), BERLIN, "2026-10-25 00:30"),
        (date(2026, 10, 25), time(3), BERLIN, "2026-10-25 02:00"),
        # Midnight is missing, and half an hour is.
        (date(2026, 4, 24), time(0, 30), "Africa/Cairo", "2026-04-23 22:00"),
        (date(2026, 10, 4), time(2, 15), "Australia/Lord_Howe", "2026-10-03 15:30"),
        # Samoa had no 30 December 2011.
        (date(2011, 12, 30), time(9), "Pacific/Apia", "2011-12-30 10:00"),
    ],
)
def test_times_that_daylight_saving_skips_or_repeats(
    day: date, at: time, zone: str, expected: str
) -> None:
    assert f"{instant(day, at, zone):%Y-%m-%d %H:%M}" == expected


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (
            rhythm(Every.WEEK, interval=2, weekdays=(1,)),
            ["2026-01-13", "2026-01-27", "2026-02-10"],
        ),
        (
            rhythm(Every.MONTH_WEEKDAY, weekdays=(1,), nth=2),
            ["2026-01-13", "2026-02-10", "2026-03-10"],
        ),
        (
            rhythm(Every.MONTH_WEEKDAY, weekdays=(4,), nth=-1),
            ["2026-01-30", "2026-02-27", "2026-03-27"],
        ),
        (
            rhythm(Every.FIRST_WORKING_DAY, start=date(2026, 12, 1)),
            ["2026-12-01", "2027-01-04", "2027-02-01"],
        ),
        (
            rhythm(Every.LAST_WORKING_DAY, start=date(2026, 10, 1)),
            ["2026-10-30", "2026-11-30", "2026-12-31"],
        ),
        # A day that a month does not have is its last, also of February in leap years.
        (
            rhythm(Every.MONTH_DAY, month_day=31),
            ["2026-01-31", "2026-02-28", "2026-03-31"],
        ),
        (
            rhythm(Every.MONTH_DAY, start=date(2027, 2, 1), interval=12, month_day=29),
            ["2027-02-28", "2028-02-29", "2029-02-28"],
        ),
        (
            rhythm(Every.DAY, start=date(2028, 2, 28)),
            ["2028-02-28", "2028-02-29", "2028-03-01"],
        ),
    ],
)
def test_days_of_a_table_made_by_hand(made: Rhythm, expected: list[str]) -> None:
    assert first_days(made, 3) == expected


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (OnDayOff.RUN, ["2026-12-18", "2026-12-25", "2027-01-01"]),
        (OnDayOff.NEXT, ["2026-12-18", "2026-12-28", "2027-01-04"]),
        (OnDayOff.PREVIOUS, ["2026-12-18", "2026-12-24", "2026-12-31"]),
        (OnDayOff.SKIP, ["2026-12-18", "2027-01-08", "2027-01-15"]),
    ],
)
def test_a_holiday_moves_an_occurrence_as_it_says(how: OnDayOff, expected: list[str]) -> None:
    made = rhythm(Every.WEEK, start=date(2026, 12, 18), weekdays=(4,), on_day_off=how)

    assert first_days(made, 3) == expected


def test_an_occurrence_that_a_holiday_moved_beyond_now_is_still_to_come() -> None:
    made = rhythm(Every.WEEK, start=date(2026, 1, 1), weekdays=(4,), on_day_off=OnDayOff.NEXT)
    saturday = datetime(2026, 12, 26, 12, tzinfo=UTC)

    found = first_after(made, works, saturday)

    assert found is not None
    assert (found.day, f"{found.at:%Y-%m-%d}") == (date(2026, 12, 25), "2026-12-28")


def test_what_never_occurs_is_not_looked_for_without_end() -> None:
    made = rhythm(Every.DAY, on_day_off=OnDayOff.SKIP)

    assert first_after(made, lambda day: False, datetime(2026, 1, 1, tzinfo=UTC)) is None
