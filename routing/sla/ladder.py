"""
The ladder of a clock: which levels it has reached and when, and whom each one goes to. Frozen
values in, answers out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from itertools import pairwise
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

    ``late_at`` is the time of the breach, and empty while the clock is paused.
    """

    next_level: int  # the first that was not told
    warn_at: datetime | None
    late_at: datetime | None
    running_since: datetime | None
    spent: timedelta  # working time up to its last mark
    target: timedelta
    every: timedelta  # working time from one rung to the next


class Reached(NamedTuple):
    level: int
    due_at: datetime


# When this much working time had been spent, before the last mark.
Past = Callable[[timedelta], datetime]


def worktime_to(level: int, target: timedelta, every: timedelta) -> timedelta:
    """
    Return the working time until a level above the breach.

    It stands still while the clock does.
    """
    return target + (level - Level.BREACH) * every


def reached_at(clock: Climber, level: int, hours: OpenTime, past: Past) -> datetime | None:
    """
    Return the time at which a level was or will be reached if the clock keeps its turn, or None if
    it never will be.

    :raises OutOfReach: if it lies more than five years ahead
    """
    if level == Level.WARNING:
        return clock.warn_at
    if level == Level.BREACH:
        return clock.late_at
    left = worktime_to(level, clock.target, clock.every) - clock.spent
    if left <= timedelta():
        return past(left + clock.spent)
    return hours.add(clock.running_since, left) if clock.running_since else None


def climb(
    clock: Climber, hours: OpenTime, at: datetime, past: Past
) -> tuple[list[Reached], datetime | None]:
    """
    The levels that were reached by ``at`` and not told yet, lowest first, and when the next one
    will be.

    Of repeats that nobody was there to send only the newest is one: each of the rungs below is
    given once.

    :raises OutOfReach: if the next one lies more than five years ahead
    """
    found: list[Reached] = []
    level = clock.next_level
    due_at = reached_at(clock, level, hours, past)
    while due_at is not None and _is_over(level, due_at, at):
        if level > TOP and (newest := _newest(clock, hours, at)) > level:
            level, due_at = newest, reached_at(clock, newest, hours, past)
            continue
        found.append(Reached(level, due_at))
        level += 1
        due_at = reached_at(clock, level, hours, past)
    return found, due_at


def _is_over(level: int, due_at: datetime, at: datetime) -> bool:
    # What ends at the very instant it is due is on time.
    return due_at < at if level == Level.BREACH else due_at <= at


def _newest(clock: Climber, hours: OpenTime, at: datetime) -> int:
    worked = clock.spent + (
        hours.between(clock.running_since, at) if clock.running_since else timedelta()
    )
    return Level.BREACH + (worked - clock.target) // clock.every


def when_spent(marks: Sequence[Mark], hours: OpenTime, worktime: timedelta) -> datetime:
    """
    Return the time at which a clock had used this much, by its marks.

    :raises ValueError: if it had not by the last of them
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
    Return the people to notify at a level: those present at its place, else those at the next place
    above.

    Whoever stands at a lower place knows already, and counts above only when nobody else is there:
    then it is the highest place with anybody. Empty when nobody at all is there.

    :param places: owner, backup, team lead, operations lead and default pair, as user ids
    :param present: who is active and not absent
    """
    own = max(0, level_of(level) - Level.BREACH)
    known = {person for place in places[:own] for person in place}
    for place in places[own:]:
        if people := tuple(
            dict.fromkeys(person for person in place if person in present and person not in known)
        ):
            return people
    for place in reversed(places):
        if people := tuple(dict.fromkeys(person for person in place if person in present)):
            return people
    return ()
