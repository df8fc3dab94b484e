"""Contacts with access to the portal, and their browsers."""

from __future__ import annotations

from django.test import Client as Browser
from django.utils import timezone

from routing.cover.operations.portal_access import invite
from routing.models import Client, Contact, Membership, User
from tests.desk import signed_in
from tests.world import World, by, make_client, make_contact

VIEWER, REQUESTER, APPROVER = Membership.Role


def invited(world: World, name: str, *places: tuple[Client, str]) -> Contact:
    """A contact of these clients, with these roles, whom the account manager has invited."""
    contact = make_contact(name, f"{name.lower()}@client.test")
    for client, role in places:
        Membership.objects.create(contact=contact, client=client, role=role)
    invite(contact.pk, by=by(world.alice), at=timezone.now())
    return Contact.objects.select_related("user").get(pk=contact.pk)


def reachable(client: Client, name: str = "Rita") -> Contact:
    """Somebody of the client who can be asked in the portal; without an invitation's e-mail."""
    email = f"{name.lower()}@{client.code.lower()}.test"
    user = User.objects.create_user(email, full_name=name, timezone=client.timezone)
    contact = make_contact(name, email, user=user)
    Membership.objects.create(contact=contact, client=client, role=REQUESTER)
    return contact


def user_of(contact: Contact) -> User:
    return User.objects.get(contact=contact.pk)


def browser_of(contact: Contact) -> Browser:
    return signed_in(user_of(contact))


def other_client(world: World, code: str = "ZED") -> Client:
    return make_client(code, world.team, world.alice, world.bob)
