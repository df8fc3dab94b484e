"""Candidates for work: people as frozen values with their current load."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Any

from django.db.models import Count, Q

from routing.cover.absences import Absence
from routing.flows.choose import Candidate, Fallback
from routing.flows.models import Flow
from routing.kernel.roles import Role
from routing.people.clients import Client
from routing.people.staff import TeamMembership, User
from routing.work.items import WorkItem


@dataclass
class Pool:
    """
    Candidates while a batch is decided.
    """

    candidates: list[Candidate]
    accounts: dict[int, tuple[int, int]]

    def fallback(self, flow: Flow, client_id: int | None) -> Fallback:
        account = self.accounts.get(client_id, ()) if client_id else ()
        return Fallback(account, (flow.owner_id, flow.backup_id))

    def chose(self, user_id: int) -> None:
        """Count one more open item for a person, so that the next run of the batch sees it."""
        self.candidates = [
            replace(each, open_items=each.open_items + 1) if each.user_id == user_id else each
            for each in self.candidates
        ]


def pool_for(snapshots: Sequence[Any], at: datetime) -> Pool:
    """
    Return everybody who may own the work of these runs at ``at``, including the fallback.
    """
    clients = Client.objects.filter(
        pk__in=[s.found.client_id for s in snapshots if s.found.client_id]
    )
    accounts = {client.pk: (client.owner_id, client.backup_id) for client in clients}
    fallback = set(chain.from_iterable(accounts.values()))
    for snapshot in snapshots:
        fallback |= {snapshot.run.flow.owner_id, snapshot.run.flow.backup_id}
        if snapshot.by_hand is not None:
            fallback |= {snapshot.by_hand.owner_id, snapshot.by_hand.backup_id}
    return Pool(people(fallback, at), accounts)


def people(others: Iterable[int], at: datetime) -> list[Candidate]:
    managers = Q(groups__name=Role.ACCOUNT_MANAGER.value)
    users = (
        User.objects.people().filter(managers | Q(pk__in=list(others))).order_by("pk").distinct()
    )
    owned = (
        WorkItem.objects.filter(is_open=True, owner__in=users).order_by().values_list("owner_id")
    )
    loads = dict(owned.annotate(many=Count("pk")))
    teams: dict[int, list[int]] = defaultdict(list)
    for user, team in TeamMembership.objects.order_by("team_id").values_list("user_id", "team_id"):
        teams[user].append(team)
    absent = set(Absence.objects.at(at).values_list("user_id", flat=True))
    return [
        Candidate(
            user.pk,
            tuple(teams[user.pk]),
            tuple(sorted(user.skills)),
            user.is_active,
            user.pk in absent,
            loads.get(user.pk, 0),
        )
        for user in users
    ]
