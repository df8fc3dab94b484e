"""
Portal access of contacts, which people of the agency give and withdraw. A CRM never does.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from routing.kernel.domains import canonical_address
from routing.kernel.roles import AM, OPS, grant
from routing.people.actors import Actor
from routing.people.clients import Contact, Membership
from routing.people.merges import survivor_of
from routing.people.saving import save_with_reason, tell
from routing.people.security import SecurityEvent, record_security
from routing.people.staff import User
from routing.work.gates import GateResult, refused
from routing.work.registry import announce, reactions
from routing.work.visibility import contacts_seen_by

grant("routing.invite_contact", AM, OPS, name="Can invite a contact to the portal")
grant("routing.withdraw_contact", AM, OPS, name="Can withdraw a contact's access to the portal")

Kind = SecurityEvent.Kind
INVITED = announce("routing.contact.invite")
WITHDRAWN = announce("routing.contact.withdraw")
MEMBERSHIP_CHANGED = announce("routing.membership.change")
_RANK = {Membership.Role.VIEWER: 0, Membership.Role.REQUESTER: 1, Membership.Role.APPROVER: 2}


class CannotInvite(Exception):
    """The contact cannot be invited. ``refusals`` says why."""

    def __init__(self, refusals: Sequence[GateResult]) -> None:
        super().__init__(" ".join(str(each.message) for each in refusals))
        self.refusals = refusals


def has_access(contact: Contact) -> bool:
    return contact.user is not None and contact.user.is_active


def refusals_to_invite(contact: Contact) -> list[GateResult]:
    """
    Return the reasons against inviting this contact now.

    The button and the operation share the answer.
    """
    found = []
    if contact.erased_at is not None:
        found.append(
            refused("erased", _("This person's data was erased on request."), clears_by=_("Nobody"))
        )
    if has_access(contact):
        found.append(
            refused(
                "has_access",
                _("This contact already has access."),
                clears_by=_("Nobody. No action is needed"),
            )
        )
    if not contact.email:
        found.append(
            refused(
                "no_email",
                _("Portal sign-in needs an e-mail address, and there is none."),
                clears_by=_("You: add the e-mail address"),
            )
        )
    elif (
        User.objects.filter(email=canonical_address(contact.email))
        .exclude(contact=contact.pk)
        .exists()
    ):
        taken = _("This address belongs to a staff account or another contact.")
        found.append(
            refused("address_taken", taken, clears_by=_("You: enter the contact's own address"))
        )
    if not contact.memberships.exists():
        found.append(
            refused(
                "no_client",
                _("The contact does not belong to a client yet."),
                clears_by=_("You: add a client below"),
            )
        )
    return found


def invite(contact_id: int, *, by: Actor, at: datetime, write: bool = True) -> Contact:
    """
    Let a contact sign in with their current address, and send them an e-mail. This also restores
    access that was withdrawn.

    :param write: False to send no e-mail, as in the demo
    :raises PermissionDenied: if ``by`` may not invite
    :raises Contact.DoesNotExist: if there is no such contact, or ``by`` may not see them
    :raises CannotInvite: see ``refusals_to_invite``; nothing was changed
    """
    by.require("routing.invite_contact", to="invite contacts")
    with transaction.atomic():
        contact = _locked(contact_id, by)
        against = refusals_to_invite(contact)
        if against:
            raise CannotInvite(against)
        client = contact.memberships.select_related("client").order_by("client__name")[0].client
        user = contact.user or User(timezone=client.timezone)
        user.email, user.full_name = canonical_address(contact.email), contact.full_name
        user.kind, user.is_active = User.Kind.PERSON, True
        user.is_staff = user.is_superuser = False
        user.password = make_password(None)
        user.session_epoch += 1
        save_with_reason(user, by=by, at=at, reason="Invited to the portal.")
        # allauth sends codes to these addresses too. One of an earlier invitation must not sign
        # anybody in.
        EmailAddress.objects.filter(user=user).delete()
        contact.user = user
        contact.save(update_fields=["user"])
        record_security(Kind.INVITED, at=at, user=user, by=by.user_id)
        tell(INVITED.kind, contact.pk, by=by, at=at)
        for reaction in reactions(INVITED.kind) if write else ():
            reaction([contact], by, at)
    return contact


def withdraw(contact_id: int, *, by: Actor, at: datetime, reason: str) -> Contact:
    """
    End a contact's access and all their sessions. Their requests stay. Calling it again changes
    nothing.

    :raises PermissionDenied: if ``by`` may not withdraw access
    :raises Contact.DoesNotExist: if there is no such contact, or ``by`` may not see them
    """
    by.require("routing.withdraw_contact", to="withdraw access to the portal")
    with transaction.atomic():
        contact = _locked(contact_id, by)
        if has_access(contact):
            _end(contact, by=by, at=at, reason=reason, active=False)
            record_security(Kind.WITHDRAWN, at=at, user=contact.user, by=by.user_id)
            tell(WITHDRAWN.kind, contact.pk, by=by, at=at)
            for reaction in reactions(WITHDRAWN.kind):
                reaction([contact], by, at)
    return contact


def keep_membership(membership: Membership, *, by: Actor, at: datetime, reason: str = "") -> None:
    """
    Save a contact's role at a client.

    A lower role than before, or another client, ends all their sessions.
    """
    with transaction.atomic():
        before = Membership.objects.filter(pk=membership.pk).select_for_update().first()
        save_with_reason(membership, by=by, at=at, reason=reason)
        if before and _less(before, membership):
            end_sessions(before.contact_id, by=by, at=at, reason="A role in the portal was lost.")
        follow_merge(membership, by=by, at=at, reason=reason)
        for reaction in reactions(MEMBERSHIP_CHANGED.kind):
            reaction([membership], by, at)


def follow_merge(membership: Membership, *, by: Actor, at: datetime, reason: str = "") -> None:
    """Give a contact of an alias the same role at the client that it was merged into."""
    client = survivor_of(membership.client)
    if client.pk == membership.client_id:
        return
    theirs = Membership.objects.filter(contact=membership.contact_id, client=client)
    if not theirs.exists():
        row = Membership(contact_id=membership.contact_id, client=client, role=membership.role)
        keep_membership(row, by=by, at=at, reason=reason)


def end_membership(membership: Membership, *, by: Actor, at: datetime, reason: str = "") -> None:
    """Remove a contact from a client, and end their sessions."""
    with transaction.atomic():
        # simple-history reads who deleted a row, when and why from the instance.
        membership._history_user, membership._history_date, membership._change_reason = (  # type: ignore[attr-defined]
            User(pk=by.user_id),
            at,
            reason,
        )
        membership.delete()
        end_sessions(membership.contact_id, by=by, at=at, reason="A role in the portal was lost.")
        for reaction in reactions(MEMBERSHIP_CHANGED.kind):
            reaction([membership], by, at)


def end_sessions(contact_id: int, *, by: Actor, at: datetime, reason: str) -> None:
    """End all sessions of a contact, who then has to sign in again."""
    contact = Contact.objects.select_related("user").get(pk=contact_id)
    if has_access(contact):
        _end(contact, by=by, at=at, reason=reason, active=True)


def _less(before: Membership, after: Membership) -> bool:
    same = (before.contact_id, before.client_id) == (after.contact_id, after.client_id)
    return not same or _RANK[Membership.Role(after.role)] < _RANK[Membership.Role(before.role)]


def _locked(contact_id: int, by: Actor) -> Contact:
    seen = contacts_seen_by(by).values("pk")
    # Without select_related: after waiting for the lock, PostgreSQL reads this row again, but not
    # the rows joined to it.
    return Contact.objects.select_for_update().get(pk=contact_id, pk__in=seen)


def _end(contact: Contact, *, by: Actor, at: datetime, reason: str, active: bool) -> None:
    user = User.objects.select_for_update(no_key=True).get(contact=contact.pk)
    user.is_active = active
    user.session_epoch += 1
    save_with_reason(user, by=by, at=at, reason=reason, only=["is_active", "session_epoch"])
