"""Plans that follow a template: filled from its lines, moved with the launch date. Pure values."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from secrets import token_hex

from delivery.briefs.plan import Planned
from delivery.plans.lines import TemplateLine
from delivery.plans.relative import DayOffset, due_on
from routing.kernel.days import IsWorkingDay


class Fate(StrEnum):
    """What happens to the due date of a planned deliverable."""

    MOVES = "moves"
    SAME = "same"  # it follows, to the day that it has already
    BY_HAND = "by_hand"  # somebody moved it, so it stays
    ENDED = "ended"  # its work is over, or is being published
    OWN = "own"  # no template planned it


@dataclass(frozen=True, slots=True)
class PlannedMove:
    """A planned deliverable before and after the launch date is moved."""

    before: Planned
    after: Planned
    fate: Fate


@dataclass(frozen=True, slots=True)
class Underway:
    """
    Deliverables that exist, by their keys: the due dates of those that may still move, and the
    others.
    """

    due: Mapping[str, date | None]
    ended: Collection[str] = ()


NONE_UNDERWAY = Underway({})


def fill(
    lines: Sequence[TemplateLine], launch: date | None, is_working: IsWorkingDay
) -> tuple[Planned, ...]:
    """
    Return what a template plans.

    :raises NoWorkingDay: if the calendar has none where a line needs it
    """
    return tuple(
        Planned(
            # Random instead of counted: another brief of the request may have used the number.
            key=token_hex(6),
            title=each.title,
            format=each.format,
            hours=each.hours,
            due=due_of(each.offset, launch, is_working),
            role=each.role,
            offset=each.offset,
        )
        for each in lines
    )


def refill(plan: Sequence[Planned], filled: Sequence[Planned]) -> tuple[Planned, ...]:
    """
    Return a plan with what a template plans in place of what another template planned.

    What people planned or moved themselves stays.
    """
    kept = [each for each in plan if not each.follows]
    return (*kept, *filled)


def due_of(offset: DayOffset | None, launch: date | None, is_working: IsWorkingDay) -> date | None:
    """:raises NoWorkingDay: if the calendar has none where it is needed"""
    if offset is None or launch is None:
        return None
    return due_on(launch, offset, is_working)


def moved(
    plan: Sequence[Planned], launch: date, is_working: IsWorkingDay, underway: Underway
) -> tuple[PlannedMove, ...]:
    """
    Return what happens to each planned deliverable if the launch date becomes ``launch``.

    :raises NoWorkingDay: if the calendar has none where it is needed
    """
    return tuple(_moved(each, launch, is_working, underway) for each in plan)


def _moved(
    each: Planned, launch: date, is_working: IsWorkingDay, underway: Underway
) -> PlannedMove:
    if each.offset is None:
        return PlannedMove(each, each, Fate.OWN)
    if each.key in underway.ended:
        return PlannedMove(each, each, Fate.ENDED)
    own_date = underway.due.get(each.key, each.due)
    if each.by_hand or own_date != each.due:
        # The plan then says the date that the work really has.
        return PlannedMove(each, replace(each, by_hand=True, due=own_date), Fate.BY_HAND)
    after = replace(each, due=due_of(each.offset, launch, is_working))
    return PlannedMove(each, after, Fate.SAME if after.due == each.due else Fate.MOVES)


def with_text(body: str, text: str) -> str:
    """Return the text of a brief followed by that of its template, unless it has it already."""
    if not text.strip() or text.strip() in body:
        return body
    return f"{body.rstrip()}\n\n{text}" if body.strip() else text
