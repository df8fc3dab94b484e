"""Owner and backup of an exception: one rule for all findings, with the reason in words."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Any, Self

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.cover.absences import Absence
from routing.cover.agency import Agency
from routing.kernel.roles import Role
from routing.people.rights import OWN_WORK
from routing.people.staff import User
from routing.runs.exceptions import ExceptionCase, ExceptionRoute
from routing.runs.models import Run
from routing.work.items import WorkItem

Taker = ExceptionRoute.Taker
PAIR = 2


@dataclass(frozen=True, slots=True)
class Place:
    """People who may take an exception, in order of preference, with a label for them."""

    label: str | Promise
    people: tuple[int, ...]

    @classmethod
    def of(cls, label: str | Promise, *people: int | None) -> Self:
        return cls(label, tuple(person for person in people if person))


@dataclass(frozen=True, slots=True)
class Owners:
    """Owner, backup and the reason for the choice. History keeps the reason, so it names nobody."""

    owner_id: int
    backup_id: int
    why: str


class NobodyLeft(LookupError):
    """Fewer than two active members of staff are left, so nothing can be owned."""


@dataclass(frozen=True, slots=True)
class Staff:
    """
    Active staff, read once for a batch.

    Every line of places ends with ``last``, so that an exception always has an owner while two
    people are active.
    """

    active: frozenset[int]
    absent: frozenset[int]
    agency: Place
    team_id: int | None
    last: tuple[Place, ...]

    @classmethod
    def at(cls, instant: datetime) -> Self:
        staff = User.objects.staff().order_by("pk")
        # Whoever may only look is the last choice, so that an exception has an owner all the same.
        able = tuple(staff.who_may(OWN_WORK).values_list("pk", flat=True))
        active = able if len(able) >= PAIR else tuple(staff.values_list("pk", flat=True))
        roles = staff.filter(groups__name__in=[Role.OPERATIONS, Role.ACCOUNT_MANAGER])
        by_role: dict[str, list[int]] = {}
        for role, person in roles.values_list("groups__name", "pk"):
            by_role.setdefault(role, []).append(person)
        agency = Agency.objects.first()
        pair = (agency.owner_id, agency.backup_id) if agency else ()
        return cls(
            active=frozenset(active),
            absent=frozenset(Absence.objects.at(instant).values_list("user_id", flat=True)),
            agency=Place.of(Taker.AGENCY.label, *pair),
            team_id=agency.team_id if agency else None,
            last=(
                Place.of(gettext_lazy("Operations leads"), *by_role.get(Role.OPERATIONS, ())),
                Place.of(gettext_lazy("Account managers"), *by_role.get(Role.ACCOUNT_MANAGER, ())),
                Place.of(gettext_lazy("Active staff"), *active),
            ),
        )

    def whoever_is_away(self) -> Self:
        """Return the same staff with nobody absent, for work that people keep while absent."""
        return replace(self, absent=frozenset())


def owners_for(
    places: Sequence[Place], staff: Staff, cleared: Collection[int] | None = None
) -> Owners:
    """
    Choose the owner and the backup from ``places``, then the default owner and backup of the
    agency, then the operations leads and everybody else.

    The owner is the first person who is available: active and not absent. If everybody is absent,
    it is the first who is active. The backup is another active person of the same place, or else
    the next one in line.

    :param cleared: who may be given the work of a restricted client; None for everybody. Others
        come last, for an exception that nobody owns would be worse
    :raises NobodyLeft: see the class
    """
    line = [*places, staff.agency, *staff.last]
    everybody = chain.from_iterable(place.people for place in line)
    active = [person for person in everybody if person in staff.active]
    if cleared is not None:
        fit = [person for person in active if person in cleared]
        if len(set(fit)) < PAIR:
            return _with_others(places, staff, fit)
        active = fit
    available = [person for person in active if person not in staff.absent]
    if len(set(active)) < PAIR:
        raise NobodyLeft("Fewer than two active members of staff could own an exception.")
    owner = (available or active)[0]
    # The backup may be absent: people of one place know the work, and an absence ends.
    beside = line[_place_of(owner, line)].people
    others = [person for person in (*available, *active) if person != owner]
    backup = next((person for person in others if person in beside), others[0])
    nobody_there = not available
    return Owners(owner, backup, _why(line, owner, backup, cleared, nobody_there=nobody_there))


def _with_others(places: Sequence[Place], staff: Staff, cleared: Sequence[int]) -> Owners:
    """Choose among everybody, those few who are cleared first."""
    first = Place.of(gettext_lazy("Cleared for this restricted client"), *cleared)
    found = owners_for([first, *places], staff)
    text = _("Fewer than two people are cleared for this restricted client.")
    return replace(found, why=f"{text} {found.why}")


def _why(
    line: Sequence[Place],
    owner: int,
    backup: int,
    cleared: Collection[int] | None,
    *,
    nobody_there: bool,
) -> str:
    clauses = [_("Everybody is absent.")] if nobody_there else []
    before = _place_of(owner, line)
    for place in line[:before]:
        text = _("%(place)s: nobody is available.") if place.people else _("%(place)s: not set.")
        if place.people and cleared is not None and not set(place.people) & set(cleared):
            text = _("%(place)s: nobody is cleared for this restricted client.")
        clauses.append(text % {"place": place.label})
    chosen = line[before]
    if chosen.people[0] == owner:
        clauses.append(_("First available: %(place)s.") % {"place": chosen.label})
    else:
        text = _("First available: %(place)s, the next in line.")
        clauses.append(text % {"place": chosen.label})
    if backup not in chosen.people:
        other = line[_place_of(backup, line)]
        clauses.append(_("Backup: %(place)s.") % {"place": other.label})
    return " ".join(clauses)


def _place_of(person: int, line: Sequence[Place]) -> int:
    return next(number for number, place in enumerate(line) if person in place.people)


def places_for(taker: str, work: WorkItem | None, run: Run | None, staff: Staff) -> list[Place]:
    """Return the place that exception routing names for this taker, and then the work's owners."""
    pair = (work.owner_id, work.backup_id) if work is not None else ()
    own = Place.of(Taker.WORK.label, *pair)
    policy = (run.flow.owner_id, run.flow.backup_id) if run is not None else ()
    routed = {
        Taker.POLICY: Place.of(Taker.POLICY.label, *policy),
        Taker.AGENCY: staff.agency,
    }
    first = routed.get(Taker(taker), own)
    if work is None or first is own:
        return [first]
    return [first, own]


def reasons_of(cases: Collection[ExceptionCase]) -> Mapping[int, str]:
    """Return the reason for the choice of each exception's first owner, by id."""
    history: Any = ExceptionCase.history
    first = history.filter(id__in=[case.pk for case in cases], history_type="+")
    return dict(first.values_list("id", "history_change_reason"))
