"""
People of a client who get e-mails about a request, and those who can be reached in the portal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from delivery.requests.models import Request
from routing.people.clients import Contact, Membership

# Roles that may submit, answer and withdraw for a client.
ASKING = (Membership.Role.REQUESTER, Membership.Role.APPROVER)


@dataclass(frozen=True, slots=True)
class ClientPerson:
    """A contact with their role at the client of a request."""

    contact: Contact
    role: str

    @property
    def has_access(self) -> bool:
        return self.contact.user is not None and self.contact.user.is_active

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
        members = Membership.objects.filter(client__in=clients, contact__erased_at=None)
        for each in members.select_related("contact__user").order_by("pk"):
            people[each.client_id].append(ClientPerson(each.contact, each.role))
    return {row.pk: _reach(row, people[row.item.client_id or 0]) for row in rows}


def _reach(row: Request, people: Sequence[ClientPerson]) -> Reach:
    own = tuple(each for each in people if each.contact.pk == row.contact_id)
    others = tuple(each for each in people if each.may_answer)
    answering = tuple(each for each in own if each.may_answer) or others
    informed = tuple(each for each in own if each.contact.email) or others
    return Reach(informed, answering)
