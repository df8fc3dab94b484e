"""Levels of a ladder: times and recipients."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.sla.hours import Hours
from routing.sla.ladder import TOP, Climber, Level, climb, level_of, recipients, when_spent
from routing.sla.timing import AGENCY, Cause, ClockTurn, Does, Mark

OFFICE = Hours("office", "Europe/Berlin", ((((9 * 60), (17 * 60 + 30)),),) * 5 + ((), ()))
START = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
PLACES = [[1], [2], [3], [4], [5, 6]]
RUN, PAUSE = ClockTurn(Does.RUN, AGENCY, Cause.WORK), ClockTurn(Does.PAUSE, "client", Cause.WAITING)


def climber(next_level: int = 0, target: timedelta = 2 * HOUR, every: timedelta = HOUR) -> Climber:
    return Climber(
        next_level,
        OFFICE.add(START, target * 0.75),
        OFFICE.add(START, target),
        START,
        timedelta(),
        target,
        every,
    )


def never(_: timedelta) -> datetime:
    raise AssertionError("A clock that has only run needs no marks.")


@pytest.mark.parametrize(
    ("level", "told"),
    [
        (Level.WARNING, (1,)),
        (Level.BREACH, (1,)),
        (2, (2,)),
        (3, (3,)),
        (4, (4,)),
        (5, (5, 6)),
        (6, (5, 6)),
        (99, (5, 6)),
    ],
)
def test_each_level_goes_to_its_own_place(level: int, told: tuple[int, ...]) -> None:
    assert recipients(level, PLACES, {1, 2, 3, 4, 5, 6}) == told


@pytest.mark.parametrize(
    ("level", "places", "present", "told"),
    [
        (0, PLACES, {2, 3}, (2,)),
        (2, PLACES, {1, 4}, (4,)),
        (3, [[1], [2], [1], [4], [5]], {1, 2, 4, 5}, (4,)),  # the team lead is the owner, who knows
        (5, [[1], [2], [], [], [1, 2]], {1, 2}, (1, 2)),  # a small agency: nobody else is there
        (4, PLACES, {1}, (1,)),  # nobody above: it goes back down rather than to nobody
        (5, [[1], [2], [3], [4], []], {3, 4}, (4,)),  # before the agency has a default pair
        (1, PLACES, set(), ()),
    ],
)
def test_it_goes_to_somebody_who_is_there(
    level: int, places: list[list[int]], present: set[int], told: tuple[int, ...]
) -> None:
    assert recipients(level, places, present) == told


@given(
    st.integers(0, 12),
    st.lists(st.lists(st.integers(1, 8), max_size=2), min_size=5, max_size=5),
    st.sets(st.integers(1, 8)),
)
def test_it_never_goes_to_somebody_away_and_to_nobody_only_if_all_are(
    level: int, places: list[list[int]], present: set[int]
) -> None:
    told = recipients(level, places, present)

    assert set(told) <= present
    assert bool(told) == bool(present & {person for place in places for person in place})


@given(st.integers(1, 400), st.integers(5, 300), st.integers(0, 60 * 24 * 40))
def test_looking_often_or_once_reaches_the_same_rungs_at_the_same_times(
    target: int, every: int, until: int
) -> None:
    end, terms = (
        START + timedelta(minutes=until),
        (timedelta(minutes=target), timedelta(minutes=every)),
    )
    often, next_level = [], 0
    for part in range(1, 9):
        reached, _ = climb(
            climber(next_level, *terms), OFFICE, START + (end - START) * part / 8, never
        )
        often += reached
        next_level = reached[-1].level + 1 if reached else next_level

    once, wakes_at = climb(climber(0, *terms), OFFICE, end, never)

    assert [each for each in often if each.level <= TOP] == [
        each for each in once if each.level <= TOP
    ]
    assert once[-1:] == often[-1:]
    assert wakes_at is not None
    assert wakes_at >= end
    assert all(each.due_at <= end for each in once)


def test_what_was_spent_when_is_read_from_the_marks() -> None:
    marks = [
        Mark(START, RUN),
        Mark(START + 2 * HOUR, PAUSE),
        Mark(START + 4 * HOUR, RUN),
        Mark(START + 6 * HOUR, PAUSE),
    ]

    assert when_spent(marks, OFFICE, 2 * HOUR) == START + 2 * HOUR
    assert when_spent(marks, OFFICE, 3 * HOUR) == START + 5 * HOUR
    with pytest.raises(ValueError, match="not been spent"):
        when_spent(marks, OFFICE, 5 * HOUR)


def test_a_clock_that_rests_reaches_nothing_more_and_wakes_nobody() -> None:
    resting = Climber(2, None, START, None, 3 * HOUR, 2 * HOUR, 2 * HOUR)

    assert climb(resting, OFFICE, START + 99 * HOUR, never) == ([], None)


def test_levels_above_the_top_are_the_top_again() -> None:
    assert [level_of(number) for number in (0, 5, 6, 70_000)] == [Level.WARNING, TOP, TOP, TOP]
