"""Operations on any work item: hold, resume, reassign."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from routing.kernel.roles import AM, CREATIVE, INTEGRATIONS, OPS, QA, grant
from routing.people.actors import Actor
from routing.people.clearance import SEE_ALL, closed_clients
from routing.people.rights import DO_WORK, OWN_WORK
from routing.people.staff import User
from routing.work.details import HandOverDetails, HoldDetails, ResumeLaterDetails
from routing.work.door import Operation, OperationResult, carry, move, operation, release
from routing.work.foresight import Consequence, foresee
from routing.work.gates import (
    ContextWith,
    GateContext,
    GateResult,
    is_mine_or_my_teams,
    is_open,
    passed,
    refused,
)
from routing.work.items import WorkItem
from routing.work.locking import lock, open_along

grant("routing.reassign_team_workitem", AM, name="Can reassign the work of their teams")
grant("routing.reassign_any_workitem", OPS, name="Can reassign anybody's work")
LONGEST_HOLD = timedelta(days=731)
AT_ONCE = 100  # items that resume in one transaction
NOT_CLEARED = _(
    "The client is restricted. Only its owner, its backup, its team and people who see all work "
    "can have its work."
)


def hold_with_children(
    step: Operation[None], ids: Sequence[int], *, by: Actor, at: datetime, reason: str = ""
) -> list[OperationResult]:
    """
    Put items and everything open below and beside them on hold. A part that is on hold keeps its
    own hold.
    """
    with transaction.atomic(savepoint=False):
        # Everything below is locked in one go. Locked level by level, two holds of overlapping
        # work could wait for each other in a circle.
        _lock_all(ids)
        results = move(
            step.with_details(HoldDetails),
            ids,
            by=by,
            at=at,
            reason=reason,
            details=HoldDetails(reason),
        )
        for root in [result.row for result in results if result.done]:
            # One root after the other: a part of two of them is held by the first.
            below = [child for child, held_by in open_along([root.pk]) if held_by is None]
            if below:
                details = HoldDetails(reason, under=root)
                carry(HOLD_BELOW, below, by=by, at=at, reason=reason, details=details)
    return results


def resume_with_children(
    step: Operation[None], ids: Sequence[int], *, by: Actor, at: datetime, reason: str = ""
) -> list[OperationResult]:
    """Resume items, and the parts and companions that were held with them."""
    with transaction.atomic(savepoint=False):
        _lock_all(ids)
        results = move(step, ids, by=by, at=at, reason=reason)
        release([result.id for result in results if result.done], by=by, at=at, reason=reason)
    return results


def hand_over_with_parts(
    step: Operation[HandOverDetails],
    ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    details: HandOverDetails,
) -> list[OperationResult]:
    """Reassign items, and the work below and beside them that the person chose to take along."""
    if not details.along:
        return move(step, ids, by=by, at=at, reason=reason, details=details)
    with transaction.atomic(savepoint=False):
        _lock_all(ids)
        results = move(step, ids, by=by, at=at, reason=reason, details=details)
        done = [result.id for result in results if result.done]
        parts = {part for part, _held_by in open_along(done)} & set(details.along) if done else ()
        # Each group of parts with one assignee is one call, because the assignees stay.
        by_doer: dict[int | None, list[int]] = defaultdict(list)
        for part in WorkItem.objects.filter(pk__in=parts).order_by("pk"):
            by_doer[part.doer_id].append(part.pk)
        for doer, some in by_doer.items():
            same = HandOverDetails(details.owner, details.backup, doer)
            move(step, some, by=by, at=at, reason=reason, details=same)
    return results


def _lock_all(ids: Sequence[int]) -> None:
    """Lock items, everything below them and what goes along with it, in the order of ids."""
    along = [item for item, _held_by in open_along(ids)]
    lock(WorkItem, {*ids, *along}, below=True)


def not_held_yet(row: WorkItem, context: GateContext) -> GateResult:
    """Refuses work that is on hold already."""
    if row.held_at is None:
        return passed("hold", _("Not on hold."))
    return refused("hold", _("Already on hold."), evidence=row.hold_reason)


def held_itself(row: WorkItem, context: GateContext) -> GateResult:
    """Refuses work that is not on hold, or that is held with the work it is part of."""
    if row.held_by_id == row.pk:
        return passed("held", _("On hold."), evidence=row.hold_reason)
    if row.held_at is None:
        return refused("held", _("Not on hold."))
    return refused(
        "held",
        _("This is on hold with its parent work. Resume the parent."),
        clears_by=_("Someone who can resume work"),
    )


def day_is_to_come(row: WorkItem, context: ContextWith[ResumeLaterDetails]) -> GateResult:
    """Refuses today and earlier days, as the owner counts, and days years ahead."""
    day = context.details.day if context.details else None
    if day is None or timedelta() < day - _today_of(row, context.at) <= LONGEST_HOLD:
        return passed("day")
    return refused("day", _("Enter a day after today, within two years."), clears_by=_("You"))


def _today_of(row: WorkItem, at: datetime) -> date:
    return at.astimezone(ZoneInfo(row.owner.timezone) if row.owner else UTC).date()


@dataclass(frozen=True, slots=True)
class NamedPeople:
    """Ids of the named people who are active staff, who may own work, and who may do it."""

    active: frozenset[int] = frozenset()
    owners: frozenset[int] = frozenset()
    doers: frozenset[int] = frozenset()
    names: str = ""  # of those who may neither own nor do what they are named for
    uncleared: str = ""  # names of those who are not cleared for the client of the work


def named_people(
    rows: Sequence[WorkItem], by: Actor, at: datetime, details: HandOverDetails | None
) -> Mapping[int, NamedPeople]:
    """Return what the named people may be, and who of them is not cleared for the work."""
    people = (details.owner, details.backup, details.doer) if details else ()
    named = [person for person in people if person is not None]
    found = NamedPeople()
    if details and named:
        staff = User.objects.staff().filter(pk__in=named)
        rights = staff.with_rights(owns=OWN_WORK, does=DO_WORK, sees=SEE_ALL)
        able: list[Any] = list(
            rights.annotate(closed=closed_clients(row.client_id for row in rows))
        )
        names = {person.pk: person.full_name for person in able}
        owners = frozenset(person.pk for person in able if person.owns)
        doers = frozenset(person.pk for person in able if person.does)
        unfit = {details.owner, details.backup} - owners | {details.doer} - doers
        said = ", ".join(sorted(name for person, name in names.items() if person in unfit))
        found = NamedPeople(frozenset(names), owners, doers, said)
        return {row.pk: replace(found, uncleared=_uncleared(row, able)) for row in rows}
    return dict.fromkeys((row.pk for row in rows), found)


def _uncleared(row: WorkItem, people: Sequence[Any]) -> str:
    # PostgreSQL has no array, and so None, where none of the rows has a client.
    closed_to = [each for each in people if not each.sees and row.client_id in (each.closed or ())]
    return ", ".join(sorted(each.full_name for each in closed_to))


def new_pair_fits(row: WorkItem, context: ContextWith[HandOverDetails]) -> GateResult:
    """Refuses anything but two different, active people who may own work."""
    details = context.details
    if details is None:
        return passed("pair")
    owner, backup, doer = details.owner, details.backup, details.doer
    if owner is None or backup is None or owner == backup:
        return refused("pair", _("Choose an owner and a different backup."), clears_by=_("You"))
    known: NamedPeople = context.facts[row.pk]
    if {owner, backup, doer} - {None} - known.active:
        return refused(
            "pair",
            _("Owner, backup and assignee must be active staff."),
            clears_by=_("You: choose someone else"),
        )
    if {owner, backup} - known.owners:
        return refused(
            "pair",
            _("Owner and backup need a role that can own work."),
            evidence=known.names,
            clears_by=_("You: choose someone else"),
        )
    if doer is not None and doer not in known.doers:
        return refused(
            "pair",
            _("The assignee needs a role that can do work."),
            evidence=known.names,
            clears_by=_("You: choose someone else"),
        )
    return passed("pair", _("Owner and backup are two active people."))


def new_people_are_cleared(row: WorkItem, context: ContextWith[HandOverDetails]) -> GateResult:
    """Refuses people who may not be given the work of a restricted client."""
    known: NamedPeople | None = context.facts.get(row.pk)
    if known is None or not known.uncleared:
        return passed("clearance")
    return refused(
        "clearance",
        NOT_CLEARED,
        evidence=known.uncleared,
        clears_by=_("You: choose someone else, or an operations lead: change the team"),
    )


grant(OWN_WORK, AM, QA, OPS, INTEGRATIONS, name="Can own or back up work")
grant(DO_WORK, AM, CREATIVE, QA, OPS, INTEGRATIONS, name="Can be the assignee of work")
hold = operation(
    WorkItem,
    "hold",
    _("Put on hold"),
    done=_("%(who)s put the work on hold"),
    may=(AM, OPS),
    gates=(is_open, not_held_yet),
    through_hold=True,
    needs_reason=True,
    verb_details=HoldDetails,
    run=hold_with_children,
)
resume = operation(
    WorkItem,
    "resume",
    _("Resume"),
    done=_("%(who)s resumed the work"),
    may=(AM, OPS),
    gates=(is_open, held_itself),
    through_hold=True,
    run=resume_with_children,
)
resume_later = operation(
    WorkItem,
    "resume_later",
    _("Resume on a day"),
    done=_("%(who)s set the day on which the work resumes"),
    may=(AM, OPS),
    gates=(is_open, held_itself, day_is_to_come),
    through_hold=True,
    details=ResumeLaterDetails,
)
hand_over = operation(
    WorkItem,
    "hand_over",
    _("Reassign"),
    done=_("%(who)s reassigned the work"),
    may=(AM, QA, OPS, INTEGRATIONS),
    gates=(is_open, is_mine_or_my_teams, new_pair_fits, new_people_are_cleared),
    facts=named_people,
    through_hold=True,
    needs_reason=True,
    details=HandOverDetails,
    for_gates=("along",),
    run=hand_over_with_parts,
)
# Declared without a permission: whoever may put the whole on hold may do so with its parts.
HOLD_BELOW: Operation[HoldDetails] = Operation(
    WorkItem,
    "hold",
    _("Put on hold"),
    done=_("%(who)s put the work on hold"),
    gates=(is_open, not_held_yet),
    through_hold=True,
    details=HoldDetails,
    system=True,
)

# -- Work that resumes by itself -------------------------------------------------------------------


def resume_due(*, at: datetime) -> int:
    """
    Resume the held work whose day has come, as its owner counts days, and return how many items.

    It may run twice at a time: what another one has resumed is refused.
    """
    # A day begins up to a day earlier in another zone than in UTC.
    soon = WorkItem.objects.filter(
        is_open=True, held_by=F("pk"), resumes_date__lte=at.date() + timedelta(days=1)
    ).select_related("owner")
    rows = soon.order_by("pk")
    due = [row.pk for row in rows if row.resumes_date and row.resumes_date <= _today_of(row, at)]
    reason, done = gettext("The day on which it was to resume."), 0
    for place in range(0, len(due), AT_ONCE):
        some = resume(due[place : place + AT_ONCE], by=Actor.system(), at=at, reason=reason)
        done += sum(result.done for result in some)
    return done


# -- What else a hold reaches ----------------------------------------------------------------------


@foresee(hold)
def held_as_well(rows: Sequence[WorkItem]) -> Sequence[Consequence]:
    """The open parts below that are not on hold yet."""
    own = [row.pk for row in rows]
    below = [item for item, held_by in open_along(own) if held_by is None]
    return [Consequence(_("Parts that are put on hold as well"), _names(below))]


@foresee(resume)
def resumed_as_well(rows: Sequence[WorkItem]) -> Sequence[Consequence]:
    """The parts that were held with these. A part with a hold of its own stays on hold."""
    own = {row.pk for row in rows}
    below = [item for item, held_by in open_along(own) if held_by in own]
    return [Consequence(_("Parts that are resumed as well"), _names(below))]


def _names(items: Sequence[int]) -> tuple[str, ...]:
    return tuple(map(str, WorkItem.objects.filter(pk__in=items).order_by("pk")))


__all__: list[Any] = ["hand_over", "hold", "resume", "resume_later"]
