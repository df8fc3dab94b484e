"""The work that is due while a person is away, with who covers it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from routing.cover.absences import Absence
from routing.kernel.reasons import Reason
from routing.people.actors import Actor
from routing.people.staff import User
from routing.runs.cover_gaps import gaps_of
from routing.runs.exceptions import ExceptionCase
from routing.work.items import WorkItem
from routing.work.visibility import work_seen_by

SHOWN = 100


@dataclass(frozen=True, slots=True)
class DueWork:
    """
    One piece of work. Without ``proposed`` its backup covers it, unless it is ``uncovered``.

    ``case`` is the open exception about it, if the reader may see it.
    """

    item: WorkItem
    uncovered: bool = False
    proposed: User | None = None
    case: WorkItem | None = None


def due_in(absence: Absence, by: Actor, at: datetime) -> Sequence[DueWork]:
    """
    Return the first pieces of open work that a person owns and that are due while they are away,
    the earliest due first.
    """
    seen = work_seen_by(by).select_related("client", "backup")
    mine = seen.filter(
        owner=absence.user_id,
        is_open=True,
        next_due_at__gt=max(absence.starts_at, at),
        next_due_at__lte=absence.ends_at,
    )
    rows = list(mine.order_by("next_due_at", "pk")[:SHOWN])
    ids = [row.pk for row in rows]
    gaps = {gap.item_id for gap in gaps_of(ids, at)}
    cases = ExceptionCase.objects.filter(
        reason=Reason.COVER_GAP,
        state__in=ExceptionCase.open_states,
        item__parent__in=gaps,
        item__in=work_seen_by(by).order_by(),
    ).select_related("item")
    about = {case.item.parent_id: case for case in cases}
    proposed = {case.pk: case.evidence.get("proposed") for case in about.values()}
    people = User.objects.in_bulk([user for user in proposed.values() if user is not None])
    found = []
    for row in rows:
        case = about.get(row.pk)
        person = people.get(proposed[case.pk]) if case else None
        found.append(DueWork(row, row.pk in gaps, person, case.item if case else None))
    return found
