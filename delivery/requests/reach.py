"""
People of a client who get e-mails about a request, and those who can be reached in the portal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from delivery.requests.models import Request
from routing.kernel.sql import run as sql
from routing.people.clients import Membership

# Roles that may submit, answer and withdraw for a client.
ASKING = (Membership.Role.REQUESTER, Membership.Role.APPROVER)
# Asked in every acceptance and delivery. A prepared statement takes a quarter of the time of
# Django's own, which builds a contact and a user from 40 columns; see docs/performance.md.
MEMBERS = """
    SELECT m.client_id, c.id, c.full_name, c.email, m.role, coalesce(u.is_active, false)
    FROM routing_membership m JOIN routing_contact c ON c.id = m.contact_id
        LEFT JOIN routing_user u ON u.id = c.user_id
    WHERE m.client_id = ANY(%s) AND c.erased_at IS NULL ORDER BY m.id"""


@dataclass(frozen=True, slots=True)
class ClientPerson:
    """A contact with their role at the client of a request."""

    contact_id: int
    full_name: str
    email: str
    role: str
    has_access: bool

    @classmethod
    def of(cls, member: Membership) -> Self:
        """Return the person of a membership, loaded with its contact and the contact's user."""
        contact, user = member.contact, member.contact.user
        may_enter = user is not None and user.is_active
        return cls(contact.pk, contact.full_name, contact.email, member.role, may_enter)

    @property
    def may_answer(self) -> bool:
        """Return whether the person can be reached in the portal and may answer there."""
        return self.has_access and self.role in ASKING


@dataclass(frozen=True, slots=True)
class Reach:
    """
    ``informed`` get e-mails about the request. ``answering`` can answer a question in the portal,
    so a question reaches them.
    """

    informed: tuple[ClientPerson, ...] = ()
    answering: tuple[ClientPerson, ...] = ()

    @property
    def asked(self) -> tuple[ClientPerson, ...]:
        """Return everybody who gets an e-mail with a question."""
        return tuple(dict.fromkeys((*self.answering, *self.informed)))


def reach_of(rows: Sequence[Request]) -> Mapping[int, Reach]:
    """
    Return the people of each request, by its id, in one statement.

    The person who asked comes first. If that person cannot be reached, it is everybody of the
    client who may submit requests and has portal access. Somebody who left the client gets nothing.
    """
    people: dict[int, list[ClientPerson]] = defaultdict(list)
    clients = {row.item.client_id for row in rows} - {None}
    if clients:
        for client, *person in sql(MEMBERS, [list(clients)]):
            people[client].append(ClientPerson(*person))
    return {row.pk: _reach(row, people[row.item.client_id or 0]) for row in rows}


def _reach(row: Request, people: Sequence[ClientPerson]) -> Reach:
    own = tuple(each for each in people if each.contact_id == row.contact_id)
    others = tuple(each for each in people if each.may_answer)
    answering = tuple(each for each in own if each.may_answer) or others
    informed = tuple(each for each in own if each.email) or others
    return Reach(informed, answering)
