"""Roles, and leaving: what must happen at once when a person's rights change."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from routing.actors import Actor
from routing.door import Result, operation
from routing.gates import Context, GateResult, passed, refused
from routing.models.clients import Client
from routing.models.people import Team, User
from routing.models.work import WorkItem
from routing.records import save, tell
from routing.roles import AM, AUDITOR, CREATIVE, EVERYONE, INTEGRATIONS, OPS, QA, Role, grant

grant("routing.see_all_work", QA, OPS, INTEGRATIONS, AUDITOR)
grant("routing.see_unrestricted_work", AM)
grant("routing.see_team_work", CREATIVE)
grant("routing.view_workitem", *EVERYONE)
grant("routing.view_event", OPS, AUDITOR)
grant("routing.view_seal", OPS, AUDITOR)
for _verb in ("view", "add", "change"):
    grant(f"routing.{_verb}_user", OPS)
for _verb in ("view", "add", "change", "delete"):
    grant(f"routing.{_verb}_team", OPS)
    grant(f"routing.{_verb}_teammembership", OPS)


class CannotLeave(Exception):
    """A person still answers for work that the named successor cannot take; ``results`` says which and why."""

    def __init__(self, results: Sequence[Result]) -> None:
        super().__init__(f"{len(results)} open items cannot be handed to this successor.")
        self.results = results


def set_roles(user: User, roles: Collection[Role], *, by: Actor, at: datetime, reason: str) -> None:
    """
    Give a person exactly these roles. Losing one ends every session at once.

    :raises PermissionDenied: if ``by`` may not change users
    """
    by.require("routing.change_user", to="change roles")
    with transaction.atomic():
        had = set(user.groups.values_list("name", flat=True))
        wanted = {str(role) for role in roles}
        user.groups.set(Group.objects.filter(name__in=wanted))
        if had - wanted:
            user.session_epoch += 1
        changes = [f"+{name}" for name in sorted(wanted - had)] + [f"-{name}" for name in sorted(had - wanted)]
        save(user, by=by, at=at, reason=f"{reason} ({', '.join(changes) or 'no change'})")
        tell("routing.user.set_roles", user.pk, by=by, at=at)


def successor_is_free(row: WorkItem, context: Context) -> GateResult:
    """Refuses a successor who already stands on the other side of the pair."""
    leaver, heir = context.details["leaver"], context.details["heir"]
    pair = {row.owner_id, row.backup_id}
    if leaver in pair and heir in pair:
        return refused("successor", _("The successor is already owner or backup here: hand this over first."), clears_by=_("You"))
    return passed("successor")


replace_person = operation(
    WorkItem, "replace_person", _("Replace a person"), may=(OPS,), gates=(successor_is_free,), through_hold=True, system=True
)


def deactivate(user: User, *, heir: User, by: Actor, at: datetime, reason: str) -> int:
    """
    Let a person go: the successor takes every place in open work, clients and teams, in one transaction.

    :returns: how many open items changed hands
    :raises PermissionDenied: if ``by`` may not change users
    :raises CannotLeave: if any item cannot be handed over; then nothing was changed
    """
    by.require("routing.change_user", to="deactivate people")
    with transaction.atomic():
        places = Q(owner=user) | Q(backup=user) | Q(doer=user)
        ids = list(WorkItem.objects.filter(places, is_open=True).values_list("pk", flat=True))
        results = replace_person(ids, by=by, at=at, reason=reason, leaver=user.pk, heir=heir.pk) if ids else []
        stuck = [result for result in results if not result.done]
        if stuck:
            raise CannotLeave(stuck)
        for client in Client.objects.filter(Q(owner=user) | Q(backup=user)):
            client.owner, client.backup = (heir if person == user else person for person in (client.owner, client.backup))
            save(client, by=by, at=at, reason=reason)
        for team in Team.objects.filter(lead=user):
            team.lead = heir
            save(team, by=by, at=at, reason=reason)
        user.is_active = False
        user.session_epoch += 1
        save(user, by=by, at=at, reason=reason)
        tell("routing.user.deactivate", user.pk, by=by, at=at)
    return len(ids)
