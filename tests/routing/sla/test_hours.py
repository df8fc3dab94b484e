"""
Business time: what counts, what does not and why, through daylight saving, leap days, year ends and
odd zones.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.sla.hours import ALWAYS, Both, Closed, Hours, OpenTime, OutOfReach, Window
from routing.sla.public_holidays import public_holidays
from routing.sla.week import (
    BadHours,
    hours_as_json,
    hours_from_json,
    read_dates,
    read_week,
    write_week,
)

Week = Sequence[tuple[Window, ...]]

OFFICE: Week = [*[((540, 1050),)] * 5, (), ()]  # Monday to Friday, 9:00 to 17:30
LUNCH: Week = [*[((540, 750), (810, 1050))] * 5, (), ()]
NIGHTS: Week = [((0, 360), (1320, 1440))] * 7  # 22:00 to 6:00, written as two windows a day
ZONES = (
    "UTC",
    "Europe/London",
    "America/New_York",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Havana",
    "Africa/Cairo",
)
HOUR, ZERO = timedelta(hours=1), timedelta()


def hours(zone: str, week: Week = OFFICE, *holidays: date) -> Hours:
    return Hours(
        "Agency", zone, tuple(week), frozenset(holidays), dict.fromkeys(holidays, "Day off")
    )


def local(zone: str, year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(zone))


LONDON = hours("Europe/London", OFFICE, date(2026, 12, 25), date(2026, 12, 28), date(2027, 1, 1))
CALENDARS: dict[str, OpenTime] = {
    **{zone: hours(zone, LUNCH, date(2027, 3, 29)) for zone in ZONES},
    "nights": hours("America/New_York", NIGHTS),
    "always": ALWAYS,
    "both": Both(LONDON, hours("America/New_York")),
}


@pytest.mark.parametrize(
    ("start", "worktime", "due"),
    [
        ((2026, 11, 23, 9, 30), 2 * HOUR, (2026, 11, 23, 11, 30)),
        ((2026, 11, 23, 7, 0), HOUR, (2026, 11, 23, 10, 0)),  # before the day begins
        ((2026, 11, 20, 17, 0), HOUR, (2026, 11, 23, 9, 30)),  # over a weekend
        (
            (2026, 11, 23, 16, 30),
            HOUR,
            (2026, 11, 23, 17, 30),
        ),  # to the minute: this evening, not tomorrow morning
        (
            (2026, 12, 24, 17, 0),
            HOUR,
            (2026, 12, 29, 9, 30),
        ),  # Christmas, a weekend and its substitute day
        ((2026, 12, 31, 17, 0), HOUR, (2027, 1, 4, 9, 30)),  # over the end of the year
        ((2028, 2, 28, 17, 0), 9 * HOUR, (2028, 2, 29, 17, 30)),  # a leap day is a working day
        (
            (2027, 3, 26, 17, 0),
            HOUR,
            (2027, 3, 29, 9, 30),
        ),  # clocks go forward on the Sunday between
        ((2026, 10, 23, 17, 0), HOUR, (2026, 10, 26, 9, 30)),  # and back
    ],
)
def test_office_hours_in_london(
    start: tuple[int, int, int, int, int], worktime: timedelta, due: tuple[int, int, int, int, int]
) -> None:
    found = LONDON.add(local("Europe/London", *start), worktime)

    assert found == local("Europe/London", *due)
    assert LONDON.between(local("Europe/London", *start), found) == worktime


@pytest.mark.parametrize(
    ("zone", "day", "length"),
    [
        ("Europe/London", (2027, 3, 28), 23),
        ("Europe/London", (2026, 10, 25), 25),
        ("Australia/Lord_Howe", (2027, 4, 4), 24.5),  # turns by half an hour
        ("America/Havana", (2026, 11, 1), 25),  # turns at one, back to midnight
        ("Africa/Cairo", (2026, 4, 24), 23),  # midnight itself is skipped
        ("Pacific/Apia", (2011, 12, 30), 0),  # the day that Samoa left out
        ("Pacific/Apia", (2011, 12, 31), 24),
    ],
)
def test_a_day_is_as_long_as_its_clocks_make_it(
    zone: str, day: tuple[int, int, int], length: float
) -> None:
    ordinal = date(*day).toordinal()
    week: Week = [((0, 1440),) if (ordinal - 1) % 7 == weekday else () for weekday in range(7)]
    at = datetime(*day, 12, tzinfo=UTC)

    found = hours(zone, week).between(at - timedelta(days=3), at + timedelta(days=3))

    assert found == length * HOUR


def test_a_skipped_hour_cannot_be_worked_and_a_repeated_one_counts_twice() -> None:
    early = hours("Europe/Berlin", [((90, 150),)] * 7)  # 1:30 to 2:30

    spring = early.between(
        local("Europe/Berlin", 2027, 3, 28), local("Europe/Berlin", 2027, 3, 28, 12)
    )
    autumn = early.between(
        local("Europe/Berlin", 2026, 10, 25), local("Europe/Berlin", 2026, 10, 25, 12)
    )

    assert spring == timedelta(minutes=30)
    assert autumn == timedelta(minutes=90)


def test_segments_say_what_counts_and_why_the_rest_does_not() -> None:
    start, end = local("Europe/London", 2026, 12, 24, 16), local("Europe/London", 2026, 12, 29, 10)

    found = LONDON.segments(start, end)

    assert [(segment.closed, segment.note, segment.length) for segment in found] == [
        (None, "", 1.5 * HOUR),
        (Closed.OUTSIDE_HOURS, "", 6.5 * HOUR),
        (Closed.HOLIDAY, "Day off", 24 * HOUR),
        (Closed.WEEKEND, "", 48 * HOUR),
        (Closed.HOLIDAY, "Day off", 24 * HOUR),
        (Closed.OUTSIDE_HOURS, "", 9 * HOUR),
        (None, "", HOUR),
    ]
    assert {segment.by for segment in found} == {"", "Agency"}


def test_two_calendars_count_only_where_they_meet() -> None:
    both = CALENDARS["both"]

    # New York opens at two in London.
    due = both.add(local("Europe/London", 2026, 11, 23, 9), 4 * HOUR)

    assert due == local("Europe/London", 2026, 11, 24, 14, 30)


def test_hours_that_never_meet_are_out_of_reach_and_do_not_loop() -> None:
    never = Both(hours("Pacific/Auckland"), hours("Pacific/Auckland", [((0, 60),)] * 7))

    with pytest.raises(OutOfReach, match="five years"):
        never.add(datetime(2026, 11, 23, tzinfo=UTC), timedelta(seconds=1))
    with pytest.raises(OutOfReach):
        LONDON.add(datetime(2026, 11, 23, tzinfo=UTC), 20_000 * HOUR)
    with pytest.raises(OutOfReach):
        LONDON.between(datetime(1, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))


def test_no_working_time_ends_where_it_starts_and_less_than_none_is_refused() -> None:
    sunday = datetime(2026, 11, 22, 12, tzinfo=UTC)

    assert LONDON.add(sunday, ZERO) == sunday
    with pytest.raises(ValueError, match="negative"):
        LONDON.add(sunday, -HOUR)
    with pytest.raises(ValueError, match="before"):
        LONDON.between(sunday, sunday - HOUR)
    with pytest.raises(TypeError):
        LONDON.add(datetime(2026, 11, 23), HOUR)  # noqa: DTZ001 - without a zone, which is the point


def test_what_was_asked_before_changes_no_answer() -> None:
    fresh, used = hours("Europe/Berlin"), hours("Europe/Berlin")
    used.between(datetime(1990, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC))
    start = datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)

    assert fresh == used
    assert fresh.add(start, 9 * HOUR) == used.add(start, 9 * HOUR)


# -- Properties ------------------------------------------------------------------------------------

calendars = st.sampled_from(sorted(CALENDARS)).map(CALENDARS.__getitem__)
instants = st.datetimes(datetime(2026, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is added
worktimes = st.timedeltas(ZERO, timedelta(hours=300))
quick = settings(max_examples=300)


@quick
@given(calendars, instants, worktimes)
def test_between_measures_what_add_added(
    calendar: OpenTime, start: datetime, worktime: timedelta
) -> None:
    assert calendar.between(start, calendar.add(start, worktime)) == worktime


@quick
@given(calendars, instants, worktimes)
def test_add_gives_the_earliest_such_instant(
    calendar: OpenTime, start: datetime, worktime: timedelta
) -> None:
    due = calendar.add(start, worktime)

    assert due == start or calendar.between(start, due - timedelta(microseconds=1)) < worktime


@quick
@given(calendars, instants, instants, worktimes, worktimes)
def test_later_or_longer_is_never_due_earlier(
    calendar: OpenTime, start: datetime, later: datetime, worktime: timedelta, longer: timedelta
) -> None:
    start, later = sorted((start, later))
    worktime, longer = sorted((worktime, longer))

    assert calendar.add(start, worktime) <= calendar.add(later, longer)


@quick
@given(calendars, instants, worktimes, worktimes)
def test_adding_twice_is_adding_the_sum(
    calendar: OpenTime, start: datetime, first: timedelta, second: timedelta
) -> None:
    assert calendar.add(calendar.add(start, first), second) == calendar.add(start, first + second)


@quick
@given(calendars, instants, st.timedeltas(ZERO, timedelta(days=12)))
def test_segments_cover_everything_once_and_count_what_between_counts(
    calendar: OpenTime, start: datetime, time: timedelta
) -> None:
    found = calendar.segments(start, start + time)

    assert sum((segment.length for segment in found), ZERO) == time
    assert all(one.end == other.start for one, other in itertools.pairwise(found))
    assert all(segment.length > ZERO for segment in found)
    assert sum((segment.length for segment in found if segment.counted), ZERO) == calendar.between(
        start, start + time
    )


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("week", [LUNCH, NIGHTS], ids=["lunch", "nights"])
@pytest.mark.parametrize(
    "around",
    [date(2026, 10, 25), date(2026, 11, 1), date(2027, 3, 28), date(2027, 4, 4), date(2028, 2, 29)],
)
def test_counting_minute_by_minute_gives_the_same(zone: str, week: Week, around: date) -> None:
    calendar = hours(zone, week, around + timedelta(days=2))
    start = datetime(around.year, around.month, around.day, tzinfo=UTC) - timedelta(days=2)

    counted = 0
    for minute in range(5 * 1440):
        now = (start + timedelta(minutes=minute)).astimezone(ZoneInfo(zone))
        wall = now.hour * 60 + now.minute
        windows: tuple[Window, ...] = () if now.date() in calendar.holidays else week[now.weekday()]
        counted += any(opens <= wall < closes for opens, closes in windows)

    assert calendar.between(start, start + timedelta(days=5)) == timedelta(minutes=counted)


# -- Hours as people write them --------------------------------------------------------------------


def test_a_week_is_read_sorted_joined_and_written_back() -> None:
    week = read_week(
        {"mon": ["13:00-24:00", "9:00 – 12:00", "12:00-12:30"], "sun": ["00:00-24:00"]}
    )

    assert week[0] == ((540, 750), (780, 1440))
    assert write_week(week) == {"mon": ["09:00-12:30", "13:00-24:00"], "sun": ["00:00-24:00"]}
    assert read_week(write_week(week)) == week


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ({"fri": ["22:00-06:00"]}, "crosses midnight. Enter 22:00-24:00 here"),
        ({"mon": ["09:00-12:00", "11:00-13:00"]}, "overlap at 11:00"),
        ({"mon": ["9-17"]}, "is not a time range"),
        ({"mon": ["09:00-25:00"]}, "not a time of day"),
        ({"mon": ["09:61-10:00"]}, "not a time of day"),
        ({"mon": ["24:00-24:00"]}, "not a time of day"),
        ({"mon": ["09:00-09:00"]}, "is empty"),
        ({"mon": [9]}, "is not a time range"),
        ({"mon": "09:00-17:00"}, "must be a list"),
        ({"monday": ["09:00-17:00"]}, "is not a day"),
        ({}, "At least one day must be open"),
        (["09:00-17:00"], "Enter hours by day"),
        (None, "Enter hours by day"),
    ],
)
def test_what_cannot_be_read_says_why(written: object, why: str) -> None:
    with pytest.raises(BadHours) as bad:
        read_week(written)

    assert why in str(bad.value)


@pytest.mark.parametrize(
    "written", [{"2026-02-29": "x"}, {"24.12.2026": "x"}, {"2026-12-24": None}, ["2026-12-24"]]
)
def test_dates_that_cannot_be_read_are_refused(written: object) -> None:
    with pytest.raises(BadHours):
        read_dates(written)


def test_hours_survive_json() -> None:
    again = hours_from_json(hours_as_json(LONDON))

    assert again == LONDON
    assert again.holiday_names == LONDON.holiday_names


def test_windows_past_validation_are_refused_too() -> None:
    with pytest.raises(ValueError, match="in order"):
        hours("UTC", [((1320, 360),), *[()] * 6])
    with pytest.raises(ValueError, match="seven"):
        hours("UTC", [()] * 6)


def test_public_holidays_hold_substitute_days_of_a_part_of_a_country() -> None:
    england, scotland = (public_holidays("GB", part, 2026, 1) for part in ("ENG", "SCT"))

    assert date(2026, 12, 28) in england
    assert date(2026, 11, 30) in scotland
    assert date(2026, 11, 30) not in england
    assert public_holidays("", "", 2026, 1) == {}
