"""Actors: a person or a service user with their permissions, read once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from routing.people.clients import Membership
from routing.people.rights import NONE
from routing.people.staff import User


@dataclass(frozen=True, slots=True)
class Actor:
    """
    Who acts in one request, task or command, with the rights they had when it began.

    A contact has ``contact_id`` and the roles of their memberships as (client id, role), and never
    a permission.
    """

    user_id: int
    name: str
    permissions: frozenset[str]
    team_ids: frozenset[int]
    is_service: bool = False
    contact_id: int | None = None
    client_roles: frozenset[tuple[int, str]] = frozenset()

    @classmethod
    def of(cls, user: User) -> Self:
        """
        Return the actor for a user.

        An inactive user may do nothing. A service user may do everything: its caller decides.
        """
        service = user.kind == User.Kind.SERVICE
        if not service and not user.is_staff:
            return cls._contact(user)
        rights = NONE if service else user.rights
        return cls(user.pk, user.full_name, rights.permissions, rights.team_ids, service)

    @classmethod
    def _contact(cls, user: User) -> Self:
        """Return the actor for a contact, without permissions. Groups are for staff only."""
        found = Membership.objects.filter(contact__user=user, contact__erased_at=None).values_list(
            "contact", "client", "role"
        )
        mine = list(found) if user.is_active else []
        contact = mine[0][0] if mine else None
        return cls(
            user.pk,
            user.full_name,
            frozenset(),
            frozenset(),
            False,
            contact,
            frozenset((client, role) for _, client, role in mine),
        )

    @classmethod
    def system(cls) -> Self:
        return cls.of(User.objects.system())

    def may(self, permission: str) -> bool:
        return self.is_service or permission in self.permissions

    def clients_as(self, *roles: str) -> frozenset[int]:
        """
        Return the ids of the clients where this contact has one of the roles, or of all their
        clients if no role is given.
        """
        return frozenset(client for client, role in self.client_roles if not roles or role in roles)

    def require(self, permission: str, to: str) -> None:
        """
        Refuse an actor without the permission.

        :param to: what was attempted, for the message
        :raises PermissionDenied: if this actor lacks the permission
        """
        if not self.may(permission):
            raise PermissionDenied(f"{self.name} may not {to}.")


def actor_of(request: HttpRequest) -> Actor:
    """
    Return the signed-in actor of a request.

    :raises PermissionDenied: if nobody is signed in
    """
    if not isinstance(request.user, User):
        raise PermissionDenied("Sign in first.")
    return Actor.of(request.user)
