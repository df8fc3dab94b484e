"""
Checks of briefs, as the gates of a brief need them.

The room of checks is above this one. It registers what runs them and what answers for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from delivery.briefs.models import Brief
from routing.people.actors import Actor


class AskedCheck(Protocol):
    """
    A check that is asked of a brief. It ``blocks`` the approval if it failed and nobody accepted
    what it found; ``sentence`` says what that is.
    """

    @property
    def name(self) -> str: ...

    @property
    def blocks(self) -> bool: ...

    @property
    def sentence(self) -> str: ...


# Returns the checks of each brief with their newest results, by the id of the brief.
CheckFinder = Callable[[Sequence[Brief]], Mapping[int, Sequence[AskedCheck]]]
Finder = TypeVar("Finder", bound=CheckFinder)
# Runs the checks of briefs, by their ids, and stores the results.
CheckRunner = Callable[[Sequence[int], Actor, datetime], None]

_finders: list[CheckFinder] = []
_runners: list[CheckRunner] = []


def finds_checks(find: Finder) -> Finder:
    """Register a function that says what is asked of briefs, and with which results."""
    _finders.append(find)
    return find


def runs_checks(run: CheckRunner) -> CheckRunner:
    """Register a function that runs the checks of briefs."""
    _runners.append(run)
    return run


def checks_of(rows: Sequence[Brief]) -> Mapping[int, Sequence[AskedCheck]]:
    """Return the checks of open briefs with their newest results. Others have none."""
    found: dict[int, list[AskedCheck]] = {row.pk: [] for row in rows}
    # What has been approved, or has ended, is not checked any more.
    asked = [row for row in rows if row.state in Brief.open_states]
    for find in _finders if asked else ():
        for pk, checks in find(asked).items():
            found[pk] += checks
    return found


def run_checks(ids: Sequence[int], *, by: Actor, at: datetime) -> None:
    """Run the checks of briefs that the actor sees, and store the results."""
    for run in _runners:
        run(ids, by, at)
