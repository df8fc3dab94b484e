"""D4: durations as people write them. What has no unit is asked for one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.kernel.durations import BadDuration, in_words, read_duration, write_duration

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
DAY = 8.5 * HOUR


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("4:00", 4 * HOUR),
        ("4:30", 4.5 * HOUR),
        ("08:00:00", 8 * HOUR),
        ("0:00:30", timedelta(seconds=30)),
        ("4h", 4 * HOUR),
        ("4 h", 4 * HOUR),
        ("4 H 30", 4.5 * HOUR),
        ("4h30", 4.5 * HOUR),
        ("4h30m", 4.5 * HOUR),
        ("4 hours and 30 minutes", 4.5 * HOUR),
        ("4 h, 30 min.", 4.5 * HOUR),
        ("1.5 h", 1.5 * HOUR),
        ("1,5 Std", 1.5 * HOUR),
        ("90 min", 90 * MINUTE),
        ("90 Minuten", 90 * MINUTE),
        ("24 hours", 24 * HOUR),
        ("1 working day", DAY),
        ("2 working days", 2 * DAY),
        ("2 Arbeitstage", 2 * DAY),
        ("1 working day 2 h", DAY + 2 * HOUR),
        ("0.5 working days", DAY / 2),
        ("  4\u00a0h  ", 4 * HOUR),
        ("0 min", timedelta()),
        ("half an hour", HOUR / 2),
        ("eine halbe Stunde", HOUR / 2),
        ("an hour", HOUR),
        ("one hour and 30 minutes", 1.5 * HOUR),
        ("1½ h", 1.5 * HOUR),
        ("½ h", HOUR / 2),
        ("1 1/2 hours", 1.5 * HOUR),
        ("half a working day", DAY / 2),
        ("1 1/2 working days", 1.5 * DAY),
        ("8 working hours", 8 * HOUR),
        ("8 Arbeitsstunden", 8 * HOUR),
        ("two hours", 2 * HOUR),
        ("zwei Stunden", 2 * HOUR),
        ("drei Arbeitstage", 3 * DAY),
        ("anderthalb Stunden", 1.5 * HOUR),
        ("a quarter of an hour", HOUR / 4),
        ("eine Viertelstunde", HOUR / 4),
        ("three quarters of an hour", 0.75 * HOUR),
        ("1:30 h", 1.5 * HOUR),
        ("4:00 Std.", 4 * HOUR),
    ],
)
def test_d4_a_duration_is_read(text: str, found: timedelta) -> None:
    assert read_duration(text, DAY) == found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("4", "“4” has no unit. Enter 4 h, 4 min or 4:00."),
        ("4.5", "has no unit"),
        ("0", "has no unit"),
        ("-4", "cannot be negative"),
        ("-4:00", "cannot be negative"),
        ("\u22124 h", "cannot be negative"),
        ("1 1/2 days", "a day can be 24 hours or a working day"),
        ("half a day", "a day can be 24 hours or a working day"),
        ("11/2 h", "is not a duration"),
        ("1/2/3 h", "is not a duration"),
        ("half", "has no unit"),
        ("1 day", "a day can be 24 hours or a working day"),
        ("2 days", "a day can be 24 hours or a working day"),
        ("2d 4h", "a day can be 24 hours or a working day"),
        ("1 week", "a day can be 24 hours or a working day"),
        ("1 day, 0:00:00", "a day can be 24 hours or a working day"),
        ("4:75", "is not a duration"),
        ("4:5", "is not a duration"),
        ("1:2:3:4", "is not a duration"),
        ("4 h 75", "is not a duration"),
        ("4 h 30 h", "is not a duration"),
        ("30 min 4 h", "is not a duration"),
        ("4 h -30 min", "is not a duration"),
        ("1.000 min", "“1.000 min” is not clear"),
        ("1,000 min", "“1,000 min” is not clear"),
        ("1,500 h", "without a thousands separator"),
        ("1:30 min", "is not a duration"),
        ("some hours", "is not a duration"),
        ("h", "is not a duration"),
        ("PT4H", "is not a duration"),
        ("1e3 h", "is not a duration"),
        ("٤ h", "is not a duration"),
        ("4 fortnights", "is not a duration"),
        ("", "is not a duration"),
        ("10001 h", "is longer than 10000 hours"),
        ("9" * 70 + " h", "is longer than 10000 hours"),
        ("9" * 400 + " h", "is not a duration"),  # nobody means a text that long
    ],
)
def test_d4_what_is_not_certain_says_what_to_enter(text: str, why: str) -> None:
    with pytest.raises(BadDuration) as bad:
        read_duration(text, DAY)

    assert why in str(bad.value)


def test_d4_working_days_of_different_length_are_not_guessed() -> None:
    with pytest.raises(BadDuration, match="working days differ in length"):
        read_duration("2 working days", None)


@given(
    st.timedeltas(timedelta(), 9_999 * HOUR).map(lambda time: time - time % timedelta(seconds=1))
)
def test_d4_a_duration_that_is_written_is_read_as_the_same(time: timedelta) -> None:
    assert read_duration(write_duration(time)) == time
    if time:
        assert read_duration(in_words(time)) == time


@given(st.text(max_size=40))
def test_d4_no_text_fails_otherwise_than_it_says(text: str) -> None:
    try:
        found = read_duration(text, DAY)
    except BadDuration:
        return
    assert timedelta() <= found <= 10_000 * HOUR
