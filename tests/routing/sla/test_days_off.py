"""D2: days off and half days as people write them, a line for each day or range."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.models import Calendar, SLAPolicy
from routing.people.actors import Actor
from routing.sla.days_off import (
    ChangedDay,
    read_changed_day,
    read_days_off,
    read_lines,
    write_changed_day,
    write_lines,
)
from routing.sla.explain_due import explain, words
from routing.sla.hours import Closed, Hours, Window
from routing.sla.operations.calendars import ensure_defaults, save_calendar
from routing.sla.operations.clocks import start
from routing.sla.week import WORKING_WEEK, BadHours, hours_as_json, hours_from_json, read_week
from tests.clockwork import clock_of
from tests.desk import filled, signed_in, url
from tests.world import NOW, World, make_request

OFFICE = read_week(WORKING_WEEK)  # Monday to Friday, 9:00 to 17:30
EVE = date(2026, 12, 24)  # a Thursday
HOUR = timedelta(hours=1)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 12, day, hour, minute, tzinfo=UTC)


def office(text: str) -> Hours:
    """Return office hours in UTC with the days of these lines."""
    calendar = Calendar(name="Office", hours=WORKING_WEEK)
    calendar.extra_dates = {
        day.isoformat(): write_changed_day(changed)
        for day, changed in read_lines(text, OFFICE).items()
    }
    return calendar.hours_from(2026, 3)


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-24 - 2026-12-31 Closed",
        "2026-12-24 – 2026-12-31 Closed",
        "2026-12-24—2026-12-31: Closed",
        "2026-12-24-2026-12-31 Closed",
        "2026-12-24 to 2026-12-31 Closed",
        "2026-12-24 bis 2026-12-31, Closed",
        "  2026-12-24/2026-12-31   Closed  ",
        "2026-12-24..2026-12-31 - Closed",
    ],
)
def test_d2_a_range_closes_all_its_days(text: str) -> None:
    found = read_lines(text, OFFICE)

    assert [*found] == [EVE + timedelta(days=number) for number in range(8)]
    assert {*found.values()} == {ChangedDay("Closed")}
    assert write_lines(found) == "2026-12-24 - 2026-12-31 Closed"
    assert office(text).between(at(23, 17), at(31, 23)) == HOUR / 2


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("2026-12-24 09:00-13:00", ""),
        ("2026-12-24 9:00 – 13:00 Christmas Eve", "Christmas Eve"),
        ("2026-12-24: 09:00-11:00, 11:00-13:00: Christmas Eve", "Christmas Eve"),
        ("2026-12-24 open from 09:00 to 13:00 Christmas Eve", "Christmas Eve"),
        ("2026-12-24 closes at 13:00", ""),
        ("2026-12-24 until 13:00 Christmas Eve", "Christmas Eve"),
        ("2026-12-24 Until 13:00", ""),
        ("2026-12-24 closed from 13:00 (office party)", "(office party)"),
        ("2026-12-24 bis 13:00", ""),
    ],
)
def test_d2_one_working_hour_is_left_at_noon_of_a_half_day(text: str, name: str) -> None:
    hours = office(text)

    assert hours.between(at(24, 12), at(25, 0)) == HOUR
    assert hours.add(at(24, 12), 2 * HOUR) == at(25, 10)
    assert [(part.closed, part.note) for part in hours.segments(at(24, 12), at(24, 15))] == [
        (None, ""),
        (Closed.OUTSIDE_HOURS, name),
    ]


@pytest.mark.parametrize("text", ["from 13:00", "opens at 13:00", "closed until 13:00", "ab 13:00"])
def test_d2_a_half_day_can_begin_later(text: str) -> None:
    assert office(f"2026-12-24 {text} Party").between(at(24, 0), at(25, 0)) == 4.5 * HOUR


def test_d2_hours_open_a_day_that_is_closed_otherwise() -> None:
    assert office("2026-12-26 10:00-12:00 Stocktaking").between(at(26, 0), at(28, 0)) == 2 * HOUR


def test_d2_a_range_with_hours_opens_neither_weekends_nor_holidays() -> None:
    found = read_lines("2026-12-24 - 2026-12-29 09:00-13:00", OFFICE, {date(2026, 12, 25)})

    assert [day.day for day in found] == [24, 28, 29]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("24.12.2026 Christmas Eve", "“24.12.2026” is not a date. Enter one such as 2026-12-24."),
        ("12/24/2026 Christmas Eve", "“12/24/2026” is not a date"),
        ("20261224 Christmas Eve", "“20261224” is not a date"),
        ("2026-12-4 Christmas Eve", "“2026-12-4” is not a date"),
        ("tomorrow Party", "“tomorrow” is not a date"),
        ("2026-02-30 Party", "“2026-02-30” does not exist"),
        ("2027-02-29 Party", "“2027-02-29” does not exist"),
        ("0206-12-24 Party", "“0206-12-24” is too far away"),
        ("2026-12-24x", "is not a date"),
        ("2026-12-31 - 2026-12-24 Closed", "The range ends (2026-12-24) before it begins"),
        ("2026-12-24 - 2026-12-32 Closed", "“2026-12-32” does not exist"),
        ("2026-12-24 - 31 Closed", "“31” is not a date"),
        ("2026-12-24 to 31.12.2026 Closed", "“31.12.2026” is not a date"),
        ("2026-12-24 - 2028-12-24 Closed", "longer than a year"),
        ("2026-12-24, 2026-12-31 Closed", "is not clear"),
        ("2026-12-24 2026-12-31 Closed", "is not clear"),
        ("2026-12-24 13:00-09:00", "crosses midnight"),
        ("2026-12-24 09:00-09:00", "is empty"),
        ("2026-12-24 09:00-25:00", "not a time of day"),
        ("2026-12-24 until 13:75", "not a time of day"),
        ("2026-12-24 09:00-12:00, 11:00-13:00", "overlap at 11:00"),
        ("2026-12-24 until 09:00", "2026-12-24 has no open time left"),
        ("2026-12-24 until 00:00", "leaves no open time"),
        ("2026-12-26 until 13:00", "2026-12-26 is a closed weekday"),
        ("2026-12-26 - 2026-12-27 09:00-13:00", "No day of the range is open"),
        ("2026-12-24 Party from 13:00", "is not clear"),
        ("2026-12-24 09:00", "is not clear"),
        ("2026-12-24 9-13", "is not clear"),
        ("2026-12-24 0900-1300", "is not clear"),
        ("2026-12-24 9am-1pm", "is not clear"),
        ("2026-12-24 until 13", "is not clear"),
        ("2026-12-24 closes 1 pm", "is not clear"),
        ("2026-12-24 09.00-13.00", "is not clear"),
        ("2026-12-24 half day", "is not clear"),
        ("2026-12-24 Afternoon off", "is not clear"),
        ("2026-12-24 pm off", "is not clear"),
        ("2026-12-24 closed p.m.", "is not clear"),
        ("2026-12-24 ½ day", "is not clear"),
        ("2026-12-24 we close early", "is not clear"),
        ("2026-12-24 closed after lunch", "is not clear"),
        ("2026-12-24 ab mittag zu", "is not clear"),
        ("2026-12-24 open", "is not clear"),
        ("2026-12-24 geöffnet", "is not clear"),
        ("2026-12-24 not a holiday", "is not clear"),
        ("2026-12-24 reduced hours", "is not clear"),
        ("2026-12-24 closes at one", "is not clear"),
        ("2026-12-24 bis dreizehn Uhr", "is not clear"),
        ("2026-12-24 only two hours", "is not clear"),
        ("2026-12-24 matin", "is not clear"),
        ("2026-12-24 medio día", "is not clear"),
        ("2026-12-24 through Dec 31", "is not clear"),
        ("2026-12-24 bis Neujahr", "is not clear"),
        ("2026-12-24 until further notice", "is not clear"),
        ("2026-12-24 for 8 days", "is not clear"),
        ("2026-12-24 and the day after", "is not clear"),
        ("2026-12-24 Mon to Wed", "is not clear"),
        ("2026-12-24 every year", "is not clear"),
        ("2026-12-24 " + "x" * 101, "at most 100 characters"),
        ("2026-12-01 Other", "2026-12-01 is in line 1 already"),
        ("2026-11-30 - 2026-12-02", "2026-12-01 is in line 1 already"),
        ("2026-12-01 13:00-15:00", "2026-12-01 is in line 1 already"),
    ],
)
def test_d2_a_line_that_is_not_certain_is_refused_by_its_number(line: str, why: str) -> None:
    with pytest.raises(BadHours) as bad:
        read_lines(f"2026-12-01 09:00-12:00 First\n\n{line}", OFFICE)

    assert str(bad.value).startswith("Line 3: ")
    assert why in str(bad.value)


@pytest.mark.parametrize(
    "name",
    ["Heiliger Abend", "Heiligabend", "Between the years", "Tag der Deutschen Einheit"],
)
def test_d2_the_name_of_a_day_is_no_time(name: str) -> None:
    assert read_lines(f"2026-12-24 {name}", OFFICE) == {EVE: ChangedDay(name)}


def test_d2_hours_that_were_stored_with_such_a_name_stay() -> None:
    assert not read_days_off({"2026-12-24": "09:00-13:00 every year"})[EVE].is_closed


MINUTES = st.integers(0, 1440)
NAMES = st.sampled_from(["", "Closed", "Christmas Eve", "Saint Stephen’s Day", "年末"])


@st.composite
def windows(draw: st.DrawFn) -> tuple[Window, ...]:
    edges = sorted(draw(st.sets(MINUTES, min_size=2, max_size=6)))
    edges = edges[: len(edges) // 2 * 2]
    return tuple(zip(edges[::2], edges[1::2], strict=True))


CHANGED = st.one_of(
    st.builds(ChangedDay, NAMES),
    st.builds(ChangedDay, NAMES, windows()),
    st.builds(lambda name, end: ChangedDay(name, (), (0, end)), NAMES, st.integers(1, 1440)),
    st.builds(lambda name, begin: ChangedDay(name, (), (begin, 1440)), NAMES, st.integers(1, 1439)),
)
DAYS = st.dictionaries(st.dates(date(2026, 12, 1), date(2027, 1, 20)), CHANGED, max_size=30)


@given(CHANGED)
def test_d2_a_day_that_is_written_is_read_as_the_same(day: ChangedDay) -> None:
    assert read_changed_day(write_changed_day(day)) == day


@given(DAYS)
def test_d2_lines_that_are_written_are_read_as_the_same(days: dict[date, ChangedDay]) -> None:
    assert read_lines(write_lines(days), None) == days


@settings(deadline=None, max_examples=30)
@given(st.sampled_from(["UTC", "Europe/London", "Australia/Lord_Howe", "America/Havana"]), DAYS)
def test_d2_counting_minute_by_minute_gives_the_same(
    zone: str, days: dict[date, ChangedDay]
) -> None:
    calendar = Calendar(name="Office", timezone=zone, hours=WORKING_WEEK)
    calendar.extra_dates = {day.isoformat(): write_changed_day(days[day]) for day in days}
    hours, first = calendar.hours_from(2026, 2), datetime(2026, 12, 10, tzinfo=UTC)

    counted = 0
    for minute in range(6 * 1440):
        now = (first + timedelta(minutes=minute)).astimezone(ZoneInfo(zone))
        wall, usual = now.hour * 60 + now.minute, OFFICE[now.weekday()]
        day = days.get(now.date())
        open_ = usual if day is None else day.windows(usual)
        counted += any(opens <= wall < closes for opens, closes in open_)

    assert hours.between(first, first + timedelta(days=6)) == timedelta(minutes=counted)
    assert hours_from_json(hours_as_json(hours)) == hours


def test_d2_terms_without_half_days_keep_their_digest() -> None:
    assert "changed" not in hours_as_json(office("2026-12-24 Christmas Eve"))
    assert "changed" in hours_as_json(office("2026-12-24 until 13:00"))


def test_d2_a_stored_text_that_is_not_clear_closes_the_day_as_before() -> None:
    assert read_days_off({"2026-12-24": "Party from 13:00"}) == {
        EVE: ChangedDay("Party from 13:00")
    }
    assert not read_days_off({"2026-12-24": "09:00-13:00"})[EVE].is_closed
    with pytest.raises(BadHours):
        read_days_off({"2026-12-24": "Party from 13:00"}, strict=True)


@pytest.fixture
def policy(world: World) -> SLAPolicy:
    return ensure_defaults(at=NOW)


@pytest.mark.usefixtures("without_second_factor")
def test_d2_the_calendars_page_keeps_ranges_and_half_days(world: World, policy: SLAPolicy) -> None:
    calendar = Calendar.objects.get()
    path, browser = url(Calendar, "change", calendar.pk), signed_in(world.olga)
    lines = "2026-12-24 09:00-13:00 Christmas Eve\n2026-12-28 - 2026-12-30 Closed"

    saved = browser.post(path, filled(browser.get(path)) | {"days_off": lines})
    shown = filled(browser.get(path))["days_off"]
    refused = browser.post(path, filled(browser.get(path)) | {"days_off": f"{lines}\n2026-12-29"})

    calendar.refresh_from_db()
    assert saved.status_code == 302
    assert shown == lines
    assert refused.context["adminform"].form.errors["days_off"][0] == (
        "Line 3: 2026-12-29 is in line 2 already. "
        "Enter each day once, with all its hours in one line: 09:00-12:00, 13:00-15:00."
    )
    assert calendar.extra_dates == {
        "2026-12-24": "09:00-13:00 Christmas Eve",
        "2026-12-28": "Closed",
        "2026-12-29": "Closed",
        "2026-12-30": "Closed",
    }


@pytest.mark.stands_at(datetime(2026, 12, 24, 12, tzinfo=UTC))
def test_d2_a_due_time_is_explained_by_the_half_day(world: World, policy: SLAPolicy) -> None:
    calendar = Calendar.objects.get()
    calendar.extra_dates = {"2026-12-24": "09:00-13:00 Christmas Eve", "2026-12-25": "Christmas"}
    save_calendar(calendar, by=Actor.system(), at=at(24, 12))
    request = make_request(world.acme)

    start([request.item], policy, at(24, 12), purposes={"first_response"})

    explained = explain(clock_of(request, "first_response"), at(24, 12))
    assert clock_of(request, "first_response").due_at == at(28, 10)
    assert explained.agrees
    assert "outside hours (Christmas Eve)" in "\n".join(words(explained, ZoneInfo("UTC")))
