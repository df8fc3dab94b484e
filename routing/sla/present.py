"""People who are present now, and their places on the ladder of a work item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from routing.cover.absences import Absence
from routing.cover.agency import Agency
from routing.kernel.roles import Role
from routing.people.staff import Team, User
from routing.sla.ladder import level_of, recipients


@dataclass(frozen=True)
class Present:
    """
    People who can be notified now, read once for a batch.

    ``there`` has those who are active and not absent. Of several operations leads, only the one
    with the lowest id counts.
    """

    there: frozenset[int]
    team_leads: Mapping[int, int]
    operations_leads: Sequence[int]
    default_pair: Sequence[int]
    _known: dict[tuple[Any, ...], tuple[int, ...]] = field(default_factory=dict, repr=False)

    @classmethod
    def at(cls, instant: datetime) -> Self:
        away = Absence.objects.at(instant).values("user_id")
        there = frozenset(
            User.objects.staff().exclude(pk__in=away).order_by().values_list("pk", flat=True)
        )
        leads = (
            User.objects.staff()
            .filter(groups__name=Role.OPERATIONS.value)
            .order_by("pk")
            .values_list("pk", flat=True)
        )
        pair = Agency.objects.values_list("owner_id", "backup_id").first() or ()
        return cls(
            there,
            dict(Team.objects.order_by().values_list("pk", "lead_id")),
            [pk for pk in leads if pk in there][:1],
            pair,
        )

    def for_level(
        self,
        level: int,
        owner: int | None,
        backup: int | None,
        team: int | None,
        cleared: frozenset[int] | None = None,
    ) -> tuple[int, ...]:
        """
        Return the ids of the people to notify at a level of this work, none if nobody is present.

        :param cleared: who may know of the work of a restricted client, beside its owner and
            backup; None for everybody
        """
        # Many clocks of a batch have the same people, so each answer is worked out once.
        key = (level_of(level), owner or 0, backup or 0, team or 0, cleared)
        if key not in self._known:
            lead = self.team_leads.get(team or 0)
            own = [[each] if each else [] for each in (owner, backup)]
            above = [[lead] if lead else [], self.operations_leads, self.default_pair]
            if cleared is not None:
                above = [_among(place, cleared) for place in above]
            self._known[key] = recipients(level, [*own, *above], self.there)
        return self._known[key]


def _among(place: Sequence[int], people: frozenset[int]) -> list[int]:
    return [person for person in place if person in people]
