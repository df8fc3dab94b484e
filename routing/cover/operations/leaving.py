"""Changes of a person's roles, deactivation and reactivation."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from routing.cover.succession import hand_on, held_by
from routing.kernel.roles import AM, AUDITOR, CREATIVE, EVERYONE, INTEGRATIONS, OPS, QA, Role, grant
from routing.people.actors import Actor
from routing.people.clearance import clearance_for
from routing.people.clients import Client
from routing.people.rights import DO_WORK, OWN_WORK
from routing.people.saving import save_with_reason, tell
from routing.people.security import SecurityEvent, record_security
from routing.people.staff import User
from routing.work.door import OperationResult, operation
from routing.work.gates import ContextWith, GateResult, passed, refused
from routing.work.items import WorkItem
from routing.work.operations.items import NOT_CLEARED
from routing.work.registry import announce, reactions

grant("routing.see_all_work", QA, OPS, INTEGRATIONS, AUDITOR)
grant("routing.see_unrestricted_work", AM)
grant("routing.see_team_work", CREATIVE)
grant("routing.view_workitem", *EVERYONE)
grant("routing.view_event", OPS, AUDITOR)
grant("routing.view_seal", OPS, AUDITOR)
grant("routing.view_erasure", OPS, AUDITOR)
for _verb in ("view", "add", "change"):
    grant(f"routing.{_verb}_user", OPS)
for _verb in ("view", "add", "change", "delete"):
    grant(f"routing.{_verb}_team", OPS)
    grant(f"routing.{_verb}_teammembership", OPS)

Kind = SecurityEvent.Kind
ROLES_SET = announce("routing.user.set_roles")
DEACTIVATED = announce("routing.user.deactivate")


class CannotLeave(Exception):
    """
    The successor cannot take all places of the person. ``results`` says which ones, and why.
    """

    def __init__(self, results: Sequence[OperationResult]) -> None:
        super().__init__(f"{len(results)} places cannot be handed to this successor.")
        self.results = results


def _locked(*users: User) -> list[User]:
    """Lock these people and read them again, because a form may have read them long ago."""
    # In the order of ids, so that two people who hand over to each other do not deadlock.
    found = (
        User.objects.people()
        .order_by("pk")
        .select_for_update(no_key=True)
        .in_bulk([user.pk for user in users])
    )
    return [found[user.pk] for user in users]


def set_roles(user: User, roles: Collection[Role], *, by: Actor, at: datetime, reason: str) -> None:
    """
    Give a person exactly these roles. Losing a role ends all their sessions.

    :raises PermissionDenied: if ``by`` may not change users
    """
    by.require("routing.change_user", to="change roles")
    with transaction.atomic():
        [now] = _locked(user)
        had = set(now.groups.values_list("name", flat=True))
        wanted = {str(role) for role in roles}
        now.groups.set(Group.objects.filter(name__in=wanted))
        if had - wanted:
            now.session_epoch += 1
        changes = [f"+{name}" for name in sorted(wanted - had)]
        changes += [f"-{name}" for name in sorted(had - wanted)]
        save_with_reason(
            now,
            by=by,
            at=at,
            reason=f"{reason} ({', '.join(changes) or 'no change'})",
            only=["session_epoch"],
        )
        said = ", ".join(changes) or "no change"
        record_security(Kind.ROLES_CHANGED, at=at, user=now, by=by.user_id, detail=said)
        tell(ROLES_SET.kind, now.pk, by=by, at=at)
        for reaction in reactions(ROLES_SET.kind):
            reaction([now], by, at)
    user.session_epoch = now.session_epoch


@dataclass(frozen=True, slots=True)
class ReplacePersonDetails:
    """The person who leaves and their successor, by user id."""

    leaver: int
    heir: int


def successor_is_free(row: WorkItem, context: ContextWith[ReplacePersonDetails]) -> GateResult:
    """Refuses a successor who is already the other of owner and backup."""
    named, pair = context.details, {row.owner_id, row.backup_id}
    if named is not None and named.leaver in pair and named.heir in pair:
        return refused(
            "successor",
            _("The successor is already owner or backup here. Reassign this first."),
            clears_by=_("You"),
        )
    return passed("successor")


def cleared_successors(
    rows: Sequence[WorkItem], by: Actor, at: datetime, details: ReplacePersonDetails | None
) -> Mapping[int, bool]:
    """
    Return for each item whether the successor is cleared for its client.

    A successor of the client's owner or backup takes that place as well, which clears them.
    """
    if details is None:
        return {}
    clearance = clearance_for(row.client_id for row in rows)
    pair = Q(owner=details.leaver) | Q(backup=details.leaver)
    theirs: set[int | None] = set()
    if clearance.cleared:
        theirs = set(Client.objects.filter(pair).values_list("pk", flat=True))
    return {
        row.pk: row.client_id in theirs or clearance.admits(details.heir, row.client_id)
        for row in rows
    }


def successor_is_cleared(row: WorkItem, context: ContextWith[ReplacePersonDetails]) -> GateResult:
    """Refuses a successor who may not be given the work of a restricted client."""
    if context.facts.get(row.pk, True):
        return passed("clearance")
    return refused(
        "clearance",
        NOT_CLEARED,
        clears_by=_("You: reassign this work first, or add the successor to the client's team"),
    )


replace_person = operation(
    WorkItem,
    "replace_person",
    _("Replace person"),
    done=_("%(who)s replaced a person who left"),
    may=(OPS,),
    gates=(successor_is_free, successor_is_cleared),
    facts=cleared_successors,
    through_hold=True,
    details=ReplacePersonDetails,
    system=True,
)


def _unfit(leaver: User, heir: User, work: Sequence[WorkItem]) -> list[OperationResult]:
    """Return a refusal, if the successor may not take the places that the person has."""
    if heir.pk == leaver.pk or not heir.is_active or not heir.is_staff:
        who = refused(
            "heir",
            _("The successor must be a different, active staff member."),
            clears_by=_("You: choose someone else"),
        )
        return [OperationResult(heir.pk, False, (who,), heir)]
    answers = any(leaver.pk in {item.owner_id, item.backup_id} for item in work)
    needed = OWN_WORK if answers or held_by(leaver) else DO_WORK
    if (work or needed == OWN_WORK) and not User.objects.people().who_may(needed).filter(
        pk=heir.pk
    ):
        who = refused(
            "heir",
            _("The successor needs a role that can take this work."),
            clears_by=_("You: choose someone else"),
        )
        return [OperationResult(heir.pk, False, (who,), heir)]
    return []


def deactivate(user: User, *, heir: User, by: Actor, at: datetime, reason: str) -> int:
    """
    Deactivate a person. In the same transaction, the successor takes every place they have in open
    work, clients, flows, teams and other configuration.

    :returns: the number of open items that changed hands
    :raises PermissionDenied: if ``by`` may not change users
    :raises CannotLeave: if any place cannot be handed over; nothing was changed
    """
    by.require("routing.change_user", to="deactivate people")
    with transaction.atomic():
        leaver, successor = _locked(user, heir)
        mine = Q(owner=leaver) | Q(backup=leaver) | Q(doer=leaver)
        work = list(WorkItem.objects.filter(mine, is_open=True).order_by("pk"))
        stuck = _unfit(leaver, successor, work)
        if stuck:
            raise CannotLeave(stuck)
        # Work, then configuration, then the account. If one place is refused, all is rolled back,
        # so no work is left with a person who cannot sign in.
        ids = [item.pk for item in work]
        named = ReplacePersonDetails(leaver.pk, successor.pk)
        results = replace_person(ids, by=by, at=at, reason=reason, details=named) if ids else []
        stuck = [result for result in results if not result.done]
        stuck += hand_on(leaver, successor, by=by, at=at, reason=reason)
        if stuck:
            raise CannotLeave(stuck)
        leaver.is_active = False
        leaver.session_epoch += 1
        save_with_reason(leaver, by=by, at=at, reason=reason, only=["is_active", "session_epoch"])
        record_security(Kind.DEACTIVATED, at=at, user=leaver, by=by.user_id)
        tell(DEACTIVATED.kind, leaver.pk, by=by, at=at)
        for reaction in reactions(DEACTIVATED.kind):
            reaction([leaver], by, at)
    user.is_active, user.session_epoch = False, leaver.session_epoch
    return len(ids)


def reactivate(user: User, *, by: Actor, at: datetime, reason: str) -> None:
    """
    Let a person who left sign in again, with the roles they had. Their work stays with the
    successor.

    :raises PermissionDenied: if ``by`` may not change users
    """
    by.require("routing.change_user", to="reactivate people")
    with transaction.atomic():
        [now] = _locked(user)
        now.is_active = True
        save_with_reason(now, by=by, at=at, reason=reason, only=["is_active"])
        record_security(Kind.REACTIVATED, at=at, user=now, by=by.user_id)
        tell("routing.user.reactivate", now.pk, by=by, at=at)
    user.is_active = True
