"""
Cover gaps: open work whose owner and backup are both away at one time before it is due.

Absences are few, so they are paired first, and only the work of such pairs is read.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from routing.kernel.reasons import Reason
from routing.kernel.sql import run
from routing.work.display import exact

DAYS = 14  # that the nightly look reaches ahead

# Of each pair of people the times at which both are away, and of each piece of their work the first
# such time. The exceptions of this kind are no work that needs cover: there would be one about each
# other.
GAPS = """
    WITH pairs AS MATERIALIZED (
        SELECT a.user_id AS owner, b.user_id AS backup, a.id AS first, b.id AS second,
            greatest(a.starts_at, b.starts_at, %(now)s) AS starts,
            least(a.ends_at, b.ends_at) AS ends
        FROM routing_absence a JOIN routing_absence b
            ON b.user_id <> a.user_id AND b.starts_at < a.ends_at AND b.ends_at > a.starts_at
        WHERE a.ends_at > %(now)s AND b.ends_at > %(now)s {absences})
    SELECT DISTINCT ON (w.id) w.id, w.ref, w.owner_id, w.backup_id, w.team_id, w.client_id,
        w.next_due_at, pairs.starts, pairs.ends, pairs.first, pairs.second
    FROM pairs JOIN routing_workitem w ON w.owner_id = pairs.owner AND w.backup_id = pairs.backup
    WHERE w.is_open AND w.next_due_at IS NOT NULL AND {work}
        AND NOT EXISTS (SELECT FROM routing_exceptioncase e
            WHERE e.item_id = w.id AND e.reason = %(reason)s)
    ORDER BY w.id, pairs.starts, pairs.first, pairs.second"""
AHEAD = GAPS.format(
    absences="AND a.starts_at < %(until)s AND b.starts_at < %(until)s {whose}",
    work="""w.next_due_at > %(now)s AND w.next_due_at <= %(until)s
        AND pairs.starts < w.next_due_at""",
)
OF_ALL = AHEAD.format(whose="")
OF_PEOPLE = AHEAD.format(
    whose="AND (a.user_id = ANY(%(people)s::bigint[]) OR b.user_id = ANY(%(people)s::bigint[]))"
)
# What is overdue by now has a gap while both are away.
OF_WORK = GAPS.format(
    absences="",
    work="""w.id = ANY(%(items)s::bigint[])
        AND (pairs.starts < w.next_due_at OR pairs.starts = %(now)s)""",
)
RULES = {
    "owners_substitute": _("Proposed: the substitute of the owner."),
    "backups_substitute": _("Proposed: the substitute of the backup."),
    "team": _("Proposed: a person of the team with the owner's role, with the least open work."),
    "role": _("Proposed: a person with the owner's role, with the least open work."),
    "": _("Nobody who could take it is there."),
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """A person by user id, and the code of the rule that chose them. Nobody has no code."""

    user_id: int | None = None
    rule: str = ""


@dataclass(frozen=True, slots=True)
class CoverGap:
    """
    A piece of work that nobody covers from ``starts_at`` to ``ends_at``, by ids.

    ``absences`` are those of the owner and the backup that make the gap. Without ``proposal``
    nobody could take it.
    """

    item_id: int
    ref: str
    owner_id: int
    backup_id: int
    team_id: int | None
    client_id: int | None
    due_at: datetime
    starts_at: datetime
    ends_at: datetime
    absences: tuple[int, int]
    proposal: Proposal = Proposal()

    @property
    def why(self) -> str:
        words = _("Owner and backup are both away from %(starts)s to %(ends)s, before it is due.")
        said = words % {"starts": exact(self.starts_at), "ends": exact(self.ends_at)}
        return f"{said} {RULES[self.proposal.rule]}"

    @property
    def key(self) -> tuple[int, int, str]:
        """Return what makes it the same gap on the next night."""
        return (*self.absences, self.ends_at.isoformat())


def gaps_ahead(at: datetime, days: int, people: Collection[int] | None = None) -> list[CoverGap]:
    """
    Return the gaps before open work that is due after ``at`` and within so many days, the earliest
    due first, without proposals.

    :param people: only gaps that an absence of one of these users makes; None for all
    """
    values = {"now": at, "until": at + timedelta(days=days), "reason": Reason.COVER_GAP.value}
    if people is None:
        return _in_order(run(OF_ALL, values))
    return _in_order(run(OF_PEOPLE, values | {"people": sorted(people)}))


def gaps_of(items: Collection[int], at: datetime) -> list[CoverGap]:
    """Return the gaps of these work items, whenever they are due, without proposals."""
    if not items:
        return []
    values = {"now": at, "items": sorted(items), "reason": Reason.COVER_GAP.value}
    return _in_order(run(OF_WORK, values))


def _in_order(rows: Sequence[tuple[Any, ...]]) -> list[CoverGap]:
    found = []
    for item, ref, owner, backup, team, client, due, starts, ends, *absences in rows:
        first, second = absences
        found.append(
            CoverGap(item, ref, owner, backup, team, client, due, starts, ends, (first, second))
        )
    return sorted(found, key=lambda gap: (gap.due_at, gap.item_id))
