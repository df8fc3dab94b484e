"""Details of the operations on any work item."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from routing.work.items import WorkItem


@dataclass(frozen=True, slots=True)
class HoldDetails:
    why: str
    under: WorkItem | None = None  # the ancestor whose hold reaches the item


@dataclass(frozen=True, slots=True)
class ResumeLaterDetails:
    """``day`` is the day on which held work resumes, None if a person is to resume it."""

    day: date | None


@dataclass(frozen=True, slots=True)
class HandOverDetails:
    """
    New owner, backup and assignee, by user id. ``along`` are the ids of open items below
    and beside, which get the same owner and backup and keep their assignees.
    """

    owner: int | None
    backup: int | None
    doer: int | None
    along: tuple[int, ...] = ()
