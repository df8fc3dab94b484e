"""Merge a client into another as its alias, show before what that means, and take it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from routing.cover.operations.portal_access import end_membership, follow_merge
from routing.kernel.roles import AM, AUDITOR, OPS, grant
from routing.people.actors import Actor
from routing.people.clients import Client, Membership
from routing.people.merges import ClientMerge
from routing.people.saving import save_with_reason, tell
from routing.work.visibility import clients_seen_by

grant("routing.view_clientmerge", AM, OPS, AUDITOR)
grant("routing.merge_client", OPS, name="Can merge clients and take that back")


class CannotMerge(ValueError):
    """The clients cannot be merged, or the merge cannot be taken back. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Staying:
    """Rows of one kind that stay with the alias, such as its requests."""

    label: str
    count: int


def stays_with(client: Client) -> Sequence[Staying]:
    """Return what refers to a client and stays with it after a merge, in numbers."""
    found = []
    for relation in client._meta.related_objects:
        model = relation.related_model
        if relation.hidden or model is ClientMerge or isinstance(model, str):
            continue
        count = model._default_manager.filter(**{relation.field.name: client}).count()
        if count:
            label = str(model._meta.verbose_name_plural).capitalize()
            found.append(Staying(label, count))
    return sorted(found, key=lambda each: each.label)


def merge_client(
    alias_id: int, into_id: int, *, by: Actor, at: datetime, reason: str
) -> ClientMerge:
    """
    Let what comes in for one client go to another from now on.

    Its contacts get the same role at the other client, unless they have one there: what they send
    goes there, and they see it.

    :raises PermissionDenied: if ``by`` may not merge clients
    :raises Client.DoesNotExist: if ``by`` does not see both
    :raises CannotMerge: see the class
    """
    by.require("routing.merge_client", to="merge clients")
    with transaction.atomic():
        alias, into = _locked(alias_id, into_id, by)
        _check(alias, into, reason)
        merge = ClientMerge(alias=alias, into=into, reason=reason, by_id=by.user_id, at=at)
        save_with_reason(merge, by=by, at=at, reason=reason)
        for row in Membership.objects.filter(client=alias).order_by("pk"):
            follow_merge(row, by=by, at=at, reason=reason)
        tell("routing.client.merge", alias.pk, by=by, at=at)
    return merge


def take_back(merge_id: int, *, by: Actor, at: datetime, reason: str) -> ClientMerge:
    """
    End a merge. What came in meanwhile stays with the client that it came to.

    Contacts of the alias lose the memberships that the merge gave them, unless a person has changed
    them since.

    :raises PermissionDenied: if ``by`` may not merge clients
    :raises CannotMerge: if a week has passed, or it was taken back before
    """
    by.require("routing.merge_client", to="take merges back")
    with transaction.atomic():
        merge = ClientMerge.objects.select_for_update(of=("self",)).get(
            pk=merge_id, alias__in=clients_seen_by(by)
        )
        if not merge.can_be_taken_back(at):
            raise CannotMerge(_("A merge can be taken back once, and within a week."))
        merge.ended_at = at
        save_with_reason(merge, by=by, at=at, reason=reason)
        for row in _given_by(merge):
            end_membership(row, by=by, at=at, reason=reason)
        tell("routing.client.take_back", merge.alias_id, by=by, at=at)
    return merge


def _given_by(merge: ClientMerge) -> list[Membership]:
    """Return the memberships that a merge gave and that nobody has changed since."""
    contacts = Membership.objects.filter(client=merge.alias_id).values("contact")
    found = []
    for row in Membership.objects.filter(client=merge.into_id, contact__in=contacts):
        changes = list(row.history.values_list("history_type", "history_date", "history_user")[:2])
        if changes == [("+", merge.at, merge.by_id)]:
            found.append(row)
    return found


def _locked(alias_id: int, into_id: int, by: Actor) -> tuple[Client, Client]:
    # In the order of ids, so that two merges of the same clients never wait in a circle.
    seen = clients_seen_by(by).filter(pk__in=[alias_id, into_id]).order_by("pk")
    found = {client.pk: client for client in seen.select_for_update(no_key=True)}
    for client in (alias_id, into_id):
        if client not in found:
            raise Client.DoesNotExist
    return found[alias_id], found[into_id]


def _check(alias: Client, into: Client, reason: str) -> None:
    """:raises CannotMerge: with what is wrong"""
    merged = set(
        ClientMerge.objects.current()
        .filter(alias__in=[alias, into])
        .values_list("alias_id", flat=True)
    )
    if alias.pk == into.pk:
        raise CannotMerge(_("Choose another client."))
    if not reason.strip():
        raise CannotMerge(_("Enter a reason."))
    if alias.pk in merged:
        raise CannotMerge(_("%(name)s is merged already.") % {"name": alias})
    if into.pk in merged:
        raise CannotMerge(
            _("%(name)s is merged into another client. Choose that one.") % {"name": into}
        )
    if alias.restricted and not into.restricted:
        raise CannotMerge(
            _("%(alias)s is restricted and %(into)s is not. Its work would be seen by more people.")
            % {"alias": alias, "into": into}
        )
