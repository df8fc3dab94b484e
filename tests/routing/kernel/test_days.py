"""D8: dates of other systems, read as the day that they had for the agency."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.flows.conditions import Clause, Operator, holds
from routing.flows.fields import FieldSpec, FieldType, WrongType, find_problems, typed
from routing.kernel.days import read_day

PHOENIX, BERLIN = ZoneInfo("America/Phoenix"), ZoneInfo("Europe/Berlin")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAYS = st.dates(date(1990, 1, 2), date(2099, 12, 30))
ZONES = st.sampled_from(["UTC", "America/Phoenix", "Pacific/Auckland", "Asia/Kathmandu"])


def milliseconds(at: datetime) -> str:
    return str((at - EPOCH) // timedelta(milliseconds=1))


@pytest.mark.parametrize(
    ("text", "zone", "found"),
    [
        ("2023-04-01T01:09:44Z", PHOENIX, date(2023, 3, 31)),
        ("2023-04-01T01:09:44.123Z", PHOENIX, date(2023, 3, 31)),
        ("2023-04-01T01:09:44+00:00", PHOENIX, date(2023, 3, 31)),
        ("2023-04-01T01:09:44Z", None, date(2023, 4, 1)),
        ("2023-03-31T23:30:00Z", BERLIN, date(2023, 4, 1)),
        ("2026-03-31T23:30:00-07:00", BERLIN, date(2026, 4, 1)),
        ("2026-03-31T23:30:00", BERLIN, date(2026, 3, 31)),  # no offset: the day as written
        ("2026-03-31T00:00:00Z", PHOENIX, date(2026, 3, 31)),  # a date that was sent as a time
        ("2026-03-31T00:00:00+02:00", PHOENIX, date(2026, 3, 31)),
        ("1774915200000", PHOENIX, date(2026, 3, 31)),  # HubSpot's date: midnight UTC
        ("1680311384000", PHOENIX, date(2023, 3, 31)),
        (" 2026-03-31 ", None, date(2026, 3, 31)),
        ("20260331", None, date(2026, 3, 31)),
        ("20260331120000", PHOENIX, date(2026, 3, 31)),
        ("202603311200", PHOENIX, date(2026, 3, 31)),
        ("2024-02-29", None, date(2024, 2, 29)),
    ],
)
def test_d8_a_day_is_that_of_the_agency(text: str, zone: ZoneInfo | None, found: date) -> None:
    assert read_day(text, zone) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2026-03-31 or later",
        "from 2026-03-31",
        "2026-03-31T",
        "2026-03-31T25:00:00Z",
        "2026-02-30",
        "20260230",
        "20260331250000",
        "31.03.2026",
        "03/31/2026",
        "2026-3-31",
        "2026-W14-2",
        "1774915200",  # seconds: 1970, if they were milliseconds
        "177491520000000",
        "0",
        "-1774915200000",
        "0206-03-31",
        "9999-12-31",
        "٢٠٢٦-٠٣-٣١",
    ],
)
def test_d8_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a date"):
        read_day(text, PHOENIX)


@given(DAYS, ZONES)
def test_d8_a_date_is_the_same_day_in_every_notation_and_zone(day: date, name: str) -> None:
    zone, midnight = ZoneInfo(name), datetime(day.year, day.month, day.day, tzinfo=UTC)
    written = [day.isoformat(), f"{day:%Y%m%d}", f"{day}T00:00:00Z", f"{day:%Y%m%d}235959"]
    written.append(milliseconds(midnight))

    assert {read_day(text, zone) for text in written} == {day}


@given(DAYS, st.integers(1, 86_399), ZONES)
def test_d8_an_instant_is_the_day_on_the_agencys_wall(day: date, second: int, name: str) -> None:
    zone = ZoneInfo(name)
    instant = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=second)

    assert read_day(instant.isoformat(), zone) == instant.astimezone(zone).date()


@given(st.text(max_size=40))
def test_d8_no_text_fails_otherwise_than_it_says(text: str) -> None:
    try:
        read_day(text, PHOENIX)
    except ValueError as error:
        assert str(error) == "not a date"  # noqa: PT017 - any text may be a date


# -- Facts of flows --------------------------------------------------------------------------------

STARTS = FieldSpec("deal.starts", "Starts", FieldType.DATE, required=True)


@pytest.mark.parametrize("text", ["2026-03-31 or later", "2026-03-31x", " 2026-03-31", "31.3.2026"])
def test_d8_a_fact_with_words_around_its_date_is_not_taken(text: str) -> None:
    with pytest.raises(WrongType):
        typed(text, STARTS)

    [problem] = find_problems({"deal.starts": text}, [STARTS])
    assert (problem.problem, problem.found) == ("type", text)


@pytest.mark.parametrize(
    "text", ["2026-03-31", "20260331", "2026-03-31T12:00:00Z", "2026-03-31 12:00"]
)
def test_d8_a_fact_may_have_a_time(text: str) -> None:
    assert typed(text, STARTS) == date(2026, 3, 31)


def test_d8_a_decision_of_before_is_recomputed_with_the_date_it_took() -> None:
    clause = Clause(STARTS, Operator.AT_LEAST, "2026-01-01")

    matches, [result] = holds([clause], {"deal.starts": "2026-03-31 or later"})

    assert (matches, result.found) == (True, "2026-03-31")
