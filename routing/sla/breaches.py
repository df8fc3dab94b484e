"""
Registry of work that is escalated when its clock is breached, such as an exception that nobody
resolved in time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from routing.people.actors import Actor
from routing.work.door import Operation, move
from routing.work.locking import lock

Finder = Callable[[datetime], Mapping[int, int]]


@dataclass(frozen=True, slots=True)
class Affected:
    """Rows for an operation that runs when their clock is breached, by id of the clock."""

    operation: Operation[None]
    by_clock: Mapping[int, int]

    def rows(self, clocks: Collection[int]) -> list[int]:
        return [self.by_clock[clock] for clock in clocks if clock in self.by_clock]


_finders: list[tuple[Operation[None], Finder]] = []


def on_breach(operation: Operation[None], find: Finder) -> None:
    """
    Register an operation for a breach.

    :param find: returns the ids of rows whose clocks may be breached at an instant, by id of the
        clock
    """
    _finders.append((operation, find))


def affected_by_breach(at: datetime) -> list[Affected]:
    return [Affected(operation, find(at)) for operation, find in _finders]


def lock_affected(affected: Sequence[Affected], clocks: Collection[int]) -> None:
    for each in affected:
        if rows := each.rows(clocks):
            lock(each.operation.model, rows)


def escalate_affected(
    affected: Sequence[Affected], breached: Collection[int], *, by: Actor, at: datetime, reason: str
) -> None:
    for each in affected:
        if rows := each.rows(breached):
            move(each.operation, rows, by=by, at=at, reason=reason)
