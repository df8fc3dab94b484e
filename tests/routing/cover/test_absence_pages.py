"""D3: an absence has the days of the absent person, and both zones are shown."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.cover.periods import WallTime
from routing.models import Absence
from tests.desk import filled, signed_in, url, words
from tests.world import World

pytestmark = pytest.mark.usefixtures("without_second_factor")
AUCKLAND = ZoneInfo("Pacific/Auckland")


@pytest.fixture(autouse=True)
def far_apart(world: World) -> None:
    world.olga.timezone, world.alice.timezone = "Europe/London", "Pacific/Auckland"
    world.olga.save()
    world.alice.save()


def enter(world: World, **more: Any) -> Any:
    sent = {"user": world.alice.pk, "starts_at": "2027-06-02", "ends_at": "2027-06-02"}
    return signed_in(world.olga).post(url(Absence, "add"), sent | more, follow=True)


def there(day: int, hour: int = 0) -> datetime:
    return datetime(2027, 6, day, hour, tzinfo=AUCKLAND)


@pytest.mark.parametrize(
    ("entered", "starts", "ends"),
    [
        ({}, there(2), there(3)),
        ({"ends_at": "2027-06-04"}, there(2), there(5)),
        ({"starts_at": "2027-06-02T00:00", "ends_at": "2027-06-03T00:00"}, there(2), there(3)),
        (
            {"starts_at": "2027-06-02 09:00", "ends_at": "2027-06-02T13:00"},
            there(2, 9),
            there(2, 13),
        ),
        ({"starts_at_time": "13:00"}, there(2, 13), there(3)),
        ({"ends_at_time": "13:00"}, there(2), there(2, 13)),
    ],
)
def test_d3_days_and_times_are_those_of_the_absent_person(
    world: World, entered: dict[str, str], starts: datetime, ends: datetime
) -> None:
    enter(world, **entered)

    row = Absence.objects.get()
    assert (row.starts_at, row.ends_at) == (starts, ends)


def test_d3_both_zones_are_shown(world: World) -> None:
    both = (
        "Wed 2 Jun 2027 (Pacific/Auckland); "
        "for you Tue 1 Jun 2027, 13:00 – Wed 2 Jun 2027, 13:00 (Europe/London)"
    )

    answer = words(enter(world))

    assert f"Alice: {both}" in answer
    assert both in words(signed_in(world.olga).get(url(Absence, "changelist")))
    own = words(signed_in(world.alice).get(url(Absence, "changelist")))
    assert "Wed 2 Jun 2027 (Pacific/Auckland)" in own
    assert "for you" not in own
    assert str(Absence.objects.get()) == "Alice · Wed 2 Jun 2027"


@pytest.mark.parametrize(
    ("entered", "shown"),
    [
        ({"ends_at": "2027-06-04"}, [("2027-06-02", None), ("2027-06-04", None)]),
        ({"ends_at_time": "13:00"}, [("2027-06-02", "00:00"), ("2027-06-02", "13:00")]),
    ],
)
def test_d3_the_form_shows_what_was_entered_and_keeps_it(
    world: World, entered: dict[str, str], shown: list[tuple[str, str | None]]
) -> None:
    enter(world, **entered)
    row, desk = Absence.objects.get(), signed_in(world.olga)
    path = url(Absence, "change", row.pk)

    found = [filled(desk.get(path))[name] for name in ("starts_at", "ends_at")]
    sent = {"user": world.alice.pk, "starts_at": shown[0][0], "ends_at": shown[1][0]}
    times = {"starts_at_time": shown[0][1] or "", "ends_at_time": shown[1][1] or ""}
    desk.post(path, sent | times)

    assert [(each.day.isoformat(), each.clock and f"{each.clock:%H:%M}") for each in found] == shown
    again = Absence.objects.get()
    assert (again.starts_at, again.ends_at) == (row.starts_at, row.ends_at)
    assert again.history.count() == 1


@pytest.mark.parametrize(
    ("entered", "why"),
    [
        ({"starts_at": "2.6.2027"}, "Enter a date such as 2027-06-02"),
        ({"starts_at": "2027-02-30"}, "Enter a date such as 2027-06-02"),
        ({"starts_at_time": "25:00"}, "Enter a date such as 2027-06-02"),
        ({"starts_at": "2027-06-02T09:00+02:00"}, "Enter a date such as 2027-06-02"),
        ({"starts_at": ""}, "This field is required."),
        ({"ends_at": "2027-06-01"}, "The end of an absence must be after its start."),
        ({"starts_at_time": "13:00", "ends_at_time": "13:00"}, "must be after its start"),
        ({"user": ""}, "This field is required."),
    ],
)
def test_d3_what_is_no_period_is_refused(world: World, entered: dict[str, str], why: str) -> None:
    assert why in words(enter(world, **entered))
    assert not Absence.objects.exists()


DAYS = st.dates(date(2026, 1, 1), date(2030, 12, 31))
ZONES = st.sampled_from(
    ["Pacific/Auckland", "Europe/London", "America/Havana", "Africa/Cairo", "Asia/Kathmandu"]
)


@given(DAYS, st.integers(0, 30), ZONES)
def test_d3_whole_days_begin_and_end_with_the_days_on_the_wall(
    first: date, length: int, name: str
) -> None:
    zone, last = ZoneInfo(name), first + timedelta(days=length)

    start, end = WallTime(first).starts(zone), WallTime(last).ends(zone)

    assert (start, end) == (WallTime(first).starts(zone), WallTime(last).ends(zone))
    assert start.astimezone(zone).date() == first
    before = end - timedelta(microseconds=1)
    assert before.astimezone(zone).date() == last
    assert start.tzinfo is UTC
