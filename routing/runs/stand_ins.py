"""Who could take work that nobody covers: the substitute first, and then a rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from django.db.models import Count

from routing.cover.absences import Absence
from routing.kernel.reasons import Reason
from routing.people.clearance import Clearance, clearance_for
from routing.people.rights import OWN_WORK
from routing.people.staff import TeamMembership, User
from routing.runs.cover_gaps import CoverGap, Proposal
from routing.runs.exceptions import ExceptionCase
from routing.work.items import WorkItem

SUBSTITUTES = ("owners_substitute", "backups_substitute")  # rules, in the order of absences
Time = tuple[datetime, datetime]  # the first moment away and the first moment back


@dataclass(slots=True)
class StandIns:
    """
    People who may own work, with what decides between them. Each proposal counts as open work for
    the next.
    """

    now: datetime
    able: frozenset[int]
    roles: Mapping[int, frozenset[str]]
    members: Mapping[int, frozenset[int]]  # by team
    away: Mapping[int, Sequence[Time]]
    substitutes: Mapping[int, int]  # by absence
    loads: dict[int, int]
    clearance: Clearance = field(default_factory=Clearance)

    @classmethod
    def at(cls, instant: datetime) -> Self:
        """Read everybody, with the work they own now and what is proposed to them."""
        able = User.objects.staff().who_may(OWN_WORK)
        roles: dict[int, set[str]] = defaultdict(set)
        for user, role in User.objects.staff().values_list("pk", "groups__name"):
            roles[user] |= {role} - {None}
        members: dict[int, set[int]] = defaultdict(set)
        for user, team in TeamMembership.objects.values_list("user_id", "team_id"):
            members[team].add(user)
        away: dict[int, list[Time]] = defaultdict(list)
        substitutes = {}
        for absence in Absence.objects.filter(ends_at__gt=instant).order_by("pk"):
            away[absence.user_id].append((absence.starts_at, absence.ends_at))
            if absence.substitute_id is not None:
                substitutes[absence.pk] = absence.substitute_id
        return cls(
            instant,
            frozenset(able.values_list("pk", flat=True)),
            {user: frozenset(found) for user, found in roles.items()},
            {team: frozenset(found) for team, found in members.items()},
            away,
            substitutes,
            _loads(),
        )

    def propose(self, gaps: Sequence[CoverGap]) -> list[CoverGap]:
        """Return the gaps in their order, each with who could take the work."""
        self.clearance = clearance_for(gap.client_id for gap in gaps)
        found = []
        for gap in gaps:
            proposal = self.proposal(gap)
            if proposal.user_id is not None:
                self.loads[proposal.user_id] = self.loads.get(proposal.user_id, 0) + 1
            found.append(replace(gap, proposal=proposal))
        return found

    def proposal(self, gap: CoverGap) -> Proposal:
        """
        Return the substitute of the owner or else of the backup, if they fit. Otherwise whoever
        fits, has one of the owner's roles, and owns the least open work; people of the team of the
        work come before others.
        """
        for absence, rule in zip(gap.absences, SUBSTITUTES, strict=True):
            substitute = self.substitutes.get(absence)
            if substitute is not None and self.fits(substitute, gap):
                return Proposal(substitute, rule)
        members = self.members.get(gap.team_id or 0, frozenset())
        for people, rule in ((members, "team"), (self.able - members, "role")):
            if (user := self._freest(people, gap)) is not None:
                return Proposal(user, rule)
        return Proposal()

    def _freest(self, people: Iterable[int], gap: CoverGap) -> int | None:
        """Return who of these fits and has one of the owner's roles, with the least open work."""
        wanted = self.roles.get(gap.owner_id, frozenset())
        best: tuple[int, int] | None = None
        for user in people:
            if wanted and not wanted & self.roles.get(user, frozenset()):
                continue
            place = (self.loads.get(user, 0), user)
            if (best is None or place < best) and self.fits(user, gap):
                best = place
        return best[1] if best else None

    def fits(self, user: int, gap: CoverGap) -> bool:
        """
        Return whether the gap would be closed if this person owned the work: they may own it, and
        are never away together with the backup before it is due.
        """
        if user in {gap.owner_id, gap.backup_id} or user not in self.able:
            return False
        if not self.clearance.admits(user, gap.client_id):
            return False
        until = gap.due_at if gap.due_at > self.now else gap.ends_at
        backups = self.away.get(gap.backup_id, ())
        for mine_from, mine_to in self.away.get(user, ()):
            for their_from, their_to in backups:
                if max(mine_from, their_from, self.now) < min(mine_to, their_to, until):
                    return False
        return True


def _loads() -> dict[int, int]:
    """Return how much open work each person owns, with what open exceptions propose to them."""
    owned = WorkItem.objects.filter(is_open=True).order_by().values_list("owner_id")
    loads: dict[int, int] = defaultdict(int, dict(owned.annotate(many=Count("pk"))))
    proposed = ExceptionCase.objects.filter(
        reason=Reason.COVER_GAP, state__in=ExceptionCase.open_states
    ).values_list("evidence__proposed", flat=True)
    for user in proposed:
        if user is not None:
            loads[user] += 1
    return loads
