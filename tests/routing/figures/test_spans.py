"""Spans: days of the agency as instants, and the span before."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from routing.figures.addresses import read_selection, selection
from routing.figures.dimensions import BadKey, period_key, read_period
from routing.figures.spans import BadInstant, Span, read_instant, write_instant

BERLIN = ZoneInfo("Europe/Berlin")


def test_a_day_on_which_clocks_are_turned_has_25_hours() -> None:
    span = Span.of_days(date(2026, 10, 25), date(2026, 10, 25), BERLIN)

    assert span.until - span.since == timedelta(hours=25)
    assert span.days(BERLIN) == (date(2026, 10, 25), date(2026, 10, 25))


@pytest.mark.parametrize(
    ("first", "last", "before"),
    [
        ("2026-11-01", "2026-11-30", ("2026-10-01", "2026-10-31")),
        ("2026-01-01", "2026-03-31", ("2025-10-01", "2025-12-31")),
        ("2026-01-01", "2026-12-31", ("2025-01-01", "2025-12-31")),
        ("2026-11-23", "2026-11-29", ("2026-11-16", "2026-11-22")),
        ("2026-10-20", "2026-10-29", ("2026-10-10", "2026-10-19")),
    ],
)
def test_the_period_before_has_as_many_days_or_whole_months(
    first: str, last: str, before: tuple[str, str]
) -> None:
    span = Span.of_days(date.fromisoformat(first), date.fromisoformat(last), BERLIN)

    found = span.before(BERLIN)

    assert tuple(day.isoformat() for day in found.days(BERLIN)) == before
    assert found.until == span.since


def test_a_span_of_instants_is_preceded_by_one_as_long() -> None:
    start = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    span = Span(start, start + timedelta(hours=3))

    assert span.before(BERLIN) == Span(start - timedelta(hours=3), start)


@pytest.mark.parametrize("period", ["day", "week", "month", "quarter", "year"])
def test_a_period_is_read_as_it_is_written(period: str) -> None:
    first = {"year": date(2021, 1, 1), "quarter": date(2026, 10, 1), "month": date(2026, 2, 1)}
    day = first.get(period, date(2020, 12, 28))  # the Monday of the 53rd week

    assert read_period(period, period_key(period, day)) == day
    with pytest.raises(BadKey):
        read_period(period, "2026-W99-Q9")


def test_an_instant_is_read_as_it_is_written() -> None:
    at = datetime(2026, 10, 25, 0, 30, 0, 1, tzinfo=UTC)

    assert read_instant(write_instant(at)) == at
    for text in ("2026-10-25T00:30:00", "soon"):
        with pytest.raises(BadInstant):
            read_instant(text)


def test_a_group_is_read_as_it_is_written() -> None:
    group: dict[str, str | None] = {"rule": "Big & small = 50 %/½", "client": None, "step": ""}

    assert read_selection(selection(group, apart=True)) == (group, True)
    assert read_selection(selection({}, apart=False)) == ({}, False)
