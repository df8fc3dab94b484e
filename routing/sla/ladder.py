"""
The ladder of a clock, as pure functions: the levels it has reached, their times, and the people to
notify at each.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from itertools import chain, pairwise
from typing import NamedTuple

from routing.sla.hours import OpenTime
from routing.sla.timing import Does, Mark


class Level(IntEnum):
    """
    Level of a ladder.

    Levels above ``DEFAULT_PAIR`` repeat it, so that a ladder always reaches someone.
    """

    WARNING = 0
    BREACH = 1
    BACKUP = 2
    TEAM_LEAD = 3
    OPERATIONS_LEAD = 4
    DEFAULT_PAIR = 5


TOP = Level.DEFAULT_PAIR


def level_of(number: int) -> Level:
    """Return the ``number``-th level, including repeats."""
    return Level(min(number, TOP))


class Climber(NamedTuple):
    """
    Values of a clock that its ladder reads.

    ``late_at`` is the time of the breach. It is empty while the clock is paused.
    """

    next_level: int  # the lowest level that nobody was notified of
    warn_at: datetime | None
    late_at: datetime | None
    running_since: datetime | None
    spent: timedelta  # working time up to its last mark
    target: timedelta
    every: timedelta  # working time from one rung to the next


class Reached(NamedTuple):
    level: int
    due_at: datetime


# Returns when this much working time had been spent, for times before the last mark.
Past = Callable[[timedelta], datetime]


def worktime_to(level: int, target: timedelta, every: timedelta) -> timedelta:
    """
    Return the working time until a level above the breach.
    """
    # Working time, so a paused clock does not climb.
    return target + (level - Level.BREACH) * every


def reached_at(clock: Climber, level: int, hours: OpenTime, past: Past) -> datetime | None:
    """
    Return the time at which a level was reached, or will be if the clock keeps its turn. Return
    None if it never will be.

    :raises OutOfReach: if it is more than five years ahead
    """
    if level == Level.WARNING:
        return clock.warn_at
    if level == Level.BREACH:
        return clock.late_at
    left = worktime_to(level, clock.target, clock.every) - clock.spent
    if left <= timedelta():
        return past(left + clock.spent)
    if clock.running_since is None:
        return None
    return hours.add(clock.running_since, left)


def climb(
    clock: Climber, hours: OpenTime, at: datetime, past: Past
) -> tuple[list[Reached], datetime | None]:
    """
    Return the levels that were reached by ``at`` and that nobody was notified of, lowest first, and
    the time of the next one.

    If several repeats of the top level were missed, only the newest is returned.

    :raises OutOfReach: if the next one is more than five years ahead
    """
    found: list[Reached] = []
    level = clock.next_level
    due_at = reached_at(clock, level, hours, past)
    while due_at is not None and _is_over(level, due_at, at):
        # After a long downtime there may be thousands of repeats. Jump to the newest.
        if level > TOP and (newest := _newest(clock, hours, at)) > level:
            level, due_at = newest, reached_at(clock, newest, hours, past)
            continue
        found.append(Reached(level, due_at))
        level += 1
        due_at = reached_at(clock, level, hours, past)
    return found, due_at


def _is_over(level: int, due_at: datetime, at: datetime) -> bool:
    # Work that ends exactly when it is due is on time.
    if level == Level.BREACH:
        return due_at < at
    return due_at <= at


def _newest(clock: Climber, hours: OpenTime, at: datetime) -> int:
    worked = clock.spent
    if clock.running_since:
        worked += hours.between(clock.running_since, at)
    return Level.BREACH + (worked - clock.target) // clock.every


def when_spent(marks: Sequence[Mark], hours: OpenTime, worktime: timedelta) -> datetime:
    """
    Return the time at which a clock had used this much working time, according to its marks.

    :raises ValueError: if it had not by the last mark
    """
    left = worktime
    for mark, following in pairwise(marks):
        if mark.turn.does == Does.RUN:
            ran = hours.between(mark.at, following.at)
            if ran >= left:
                return hours.add(mark.at, left)
            left -= ran
    raise ValueError("That much had not been spent by then.")


def recipients(
    level: int, places: Sequence[Sequence[int]], present: Collection[int]
) -> tuple[int, ...]:
    """
    Return the people to notify at a level: those present at its place, or else at the next place
    above.

    People at a lower place were notified before and are left out. If nobody else is present, the
    people at the highest place with anybody are returned.

    :param places: owner, backup, team lead, operations lead, and default owner and backup, as ids
    :param present: people who are active and not absent
    """
    own = max(0, level_of(level) - Level.BREACH)
    known = set(chain.from_iterable(places[:own]))
    for place in places[own:]:
        if people := _among(place, present, known):
            return people
    for place in reversed(places):
        if people := _among(place, present, ()):
            return people
    return ()


def _among(
    place: Sequence[int], present: Collection[int], known: Collection[int]
) -> tuple[int, ...]:
    found = [person for person in place if person in present and person not in known]
    return tuple(dict.fromkeys(found))
