"""
Clearance: the people who may be given the work of a restricted client.

It is an input of every choice of a person: owners, backups, assignees, approvers, successors and
those whom an escalation reaches. Whoever was given work before keeps seeing it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, OuterRef, Q

from routing.people.clients import Client
from routing.people.staff import TeamMembership, User

SEE_ALL = "routing.see_all_work"


@dataclass(frozen=True, slots=True)
class Clearance:
    """
    The people who are cleared, by the restricted client, among the clients that were asked about.

    Anybody is cleared for the work of other clients, and for work without a client.
    """

    cleared: Mapping[int, frozenset[int]] = field(default_factory=dict)

    def admits(self, person: int | None, client: int | None) -> bool:
        people = self.people(client)
        return people is None or person in people

    def admits_to_all(self, person: int, clients: Iterable[int | None]) -> bool:
        return all(self.admits(person, client) for client in clients)

    def among(self, people: Iterable[int], client: int | None) -> list[int]:
        """Return those of these people who are cleared for a client, in the same order."""
        return [person for person in people if self.admits(person, client)]

    def people(self, client: int | None) -> frozenset[int] | None:
        """Return the ids of those who are cleared for a client, or None for anybody."""
        return self.cleared.get(client or 0)


def clearance_of(clients: Iterable[Client]) -> Clearance:
    """
    Return who is cleared: those who may see all work, the client's team, and its owner and backup.

    It asks nothing unless one of the clients is restricted.
    """
    restricted = [client for client in clients if client.restricted]
    if not restricted:
        return Clearance()
    everywhere = set(User.objects.people().who_may(SEE_ALL).values_list("pk", flat=True))
    members: dict[int, set[int]] = defaultdict(set)
    teams = TeamMembership.objects.filter(team__in={client.team_id for client in restricted})
    for team, person in teams.values_list("team_id", "user_id"):
        members[team].add(person)
    return Clearance(
        {
            client.pk: frozenset(
                everywhere | members[client.team_id] | {client.owner_id, client.backup_id}
            )
            for client in restricted
        }
    )


def clearance_for(clients: Iterable[int | None]) -> Clearance:
    """Return who is cleared for these clients, by id. Nothing is asked without an id."""
    ids = {client for client in clients if client is not None}
    return clearance_of(Client.objects.filter(pk__in=ids, restricted=True)) if ids else Clearance()


def clearance_of_items(items: Collection[Any]) -> Clearance:
    """
    Return who is cleared for the clients of these work items.

    Clients that are loaded are not asked for.
    """
    loaded = {item.client for item in items if item._meta.get_field("client").is_cached(item)}
    known = {client.pk for client in loaded if client is not None}
    wanted = {item.client_id for item in items} - known - {None}
    rest = Client.objects.filter(pk__in=wanted, restricted=True) if wanted else ()
    return clearance_of([*filter(None, loaded), *rest])


def closed_clients(clients: Iterable[int | None]) -> ArraySubquery:
    """
    Return, for a query of users, the restricted ones of these clients that they have no place in.

    They are closed to a user who may not see all work. It costs no statement of its own.
    """
    ids = {client for client in clients if client is not None}
    teams = TeamMembership.objects.filter(user=OuterRef(OuterRef("pk"))).values("team")
    person = OuterRef("pk")
    closed = Client.objects.filter(pk__in=ids, restricted=True).exclude(
        Q(team__in=teams) | Q(owner=person) | Q(backup=person)
    )
    return ArraySubquery(closed.order_by("pk").values("pk"))


def uncleared(person: str, client: str) -> Q:
    """
    Return the condition on rows whose person is not cleared for their client.

    :param person: the lookup of the user
    :param client: the lookup of the client
    """
    of_team = TeamMembership.objects.filter(user=OuterRef(person), team__clients=OuterRef(client))
    everywhere = User.objects.people().who_may(SEE_ALL).order_by().values("pk")
    return (
        Q(**{f"{client}__restricted": True})
        & ~Q(Exists(of_team))
        & ~Q(**{f"{person}__in": everywhere})
        & ~Q(**{f"{client}__owner": F(person)})
        & ~Q(**{f"{client}__backup": F(person)})
    )
