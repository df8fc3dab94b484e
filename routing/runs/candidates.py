"""Candidates for work: people as frozen values with their current load."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Lower

from routing.cover.absences import Absence
from routing.flows.choose import Candidate, Choice, Fallback
from routing.flows.models import Flow
from routing.flows.registry import owner_facts
from routing.flows.versions import published
from routing.kernel.roles import Role
from routing.kernel.sql import run
from routing.people.clearance import Clearance, clearance_of
from routing.people.clients import Client
from routing.people.rights import OWN_WORK
from routing.people.staff import TeamMembership, User
from routing.runs.decisions import Decision
from routing.work.items import WorkItem

DECIDING = 7_203_006  # key of the advisory locks on teams
SKEW = timedelta(seconds=1)  # between the clocks of two processes


@dataclass(frozen=True, slots=True)
class NamedOwner:
    """
    Whom another system calls the owner, in the fact of that name. ``user_id`` is None if nobody
    here has the address, which is a person's and so is not recorded.
    """

    fact: str
    user_id: int | None


@dataclass
class Pool:
    """
    Candidates while a batch is decided. ``named`` has the owners that other systems name, by run.
    """

    candidates: list[Candidate]
    accounts: dict[int, tuple[int, int]]
    last: datetime | None = None  # the newest decision that any candidate knows of
    clearance: Clearance = field(default_factory=Clearance)
    named: Mapping[int, NamedOwner] = field(default_factory=dict)

    def for_client(self, client_id: int | None) -> list[Candidate]:
        """Return the candidates, each with whether they are cleared for a restricted client."""
        cleared = self.clearance.people(client_id)
        if cleared is None:
            return self.candidates
        return [replace(each, cleared=each.user_id in cleared) for each in self.candidates]

    def fallback(self, flow: Flow, client_id: int | None) -> Fallback:
        account = self.accounts.get(client_id, ()) if client_id else ()
        return Fallback(account, (flow.owner_id, flow.backup_id))

    def moment(self, at: datetime) -> datetime:
        """
        Return the instant of the next decision.

        Decisions follow one another by a microsecond at least, so that it is certain who was given
        work last.
        """
        if self.last is None or not at <= self.last < at + SKEW:
            return at
        return self.last + timedelta(microseconds=1)

    def chose(self, choice: Choice, at: datetime) -> None:
        """Give the next run of the batch the candidates as this choice leaves them."""
        given, self.last = instant(at), at
        found = []
        for each in self.candidates:
            if each.user_id == choice.owner_id:
                found.append(replace(each, open_items=each.open_items + 1, given_at=given))
            elif each.user_id == choice.backup_id:
                found.append(replace(each, backed_at=given))
            else:
                found.append(each)
        self.candidates = found


def instant(at: datetime | None) -> str:
    """Return an instant whose text has the order of time, or an empty text."""
    return at.astimezone(UTC).isoformat(timespec="microseconds") if at else ""


def one_batch_at_a_time(runs: Iterable[tuple[int, int]]) -> None:
    """
    Wait until no other process decides for the teams of these runs, until the transaction ends.

    Two processes that count open work at the same time would give the next item to the same person.
    Call it before rows are locked, so that nothing waits for whoever waits here.

    :param runs: pairs of a run and its flow version
    """
    teams = set()
    for version in {version for _run, version in runs}:
        teams |= {rule.team_id for rule in published(version).rules}
    # In one order everywhere, or two processes would wait for each other.
    run(
        "SELECT pg_advisory_xact_lock(%s, team) FROM (SELECT unnest(%s::int[]) team ORDER BY 1) t",
        [DECIDING, sorted(teams)],
    )


def pool_for(snapshots: Sequence[Any], at: datetime) -> Pool:
    """
    Return everybody who may own the work of these runs at ``at``, including the fallback.
    """
    clients = list(
        Client.objects.filter(pk__in=[s.found.client_id for s in snapshots if s.found.client_id])
    )
    accounts = {client.pk: (client.owner_id, client.backup_id) for client in clients}
    fallback = set(chain.from_iterable(accounts.values()))
    for snapshot in snapshots:
        fallback |= {snapshot.run.flow.owner_id, snapshot.run.flow.backup_id}
        if snapshot.by_hand is not None:
            fallback |= {snapshot.by_hand.owner_id, snapshot.by_hand.backup_id}
    named = named_owners(snapshots)
    fallback |= {each.user_id for each in named.values() if each.user_id is not None}
    found = people(fallback, at)
    known = max((max(each.given_at or "", each.backed_at or "") for each in found), default="")
    last = datetime.fromisoformat(known) if known else None
    return Pool(found, accounts, last, clearance_of(clients), named)


def named_owners(snapshots: Sequence[Any]) -> Mapping[int, NamedOwner]:
    """Return whom other systems call the owner, by run, for flows that have a field for it."""
    asked: dict[int, tuple[str, str]] = {}
    for snapshot in snapshots:
        read = {spec.name for spec in snapshot.plan.fields}
        for fact in owner_facts():
            address = str(snapshot.found.facts.get(fact) or "").strip().casefold()
            if fact in read and address:
                asked.setdefault(snapshot.run.pk, (fact, address))
    if not asked:
        return {}
    staff = User.objects.people().annotate(address=Lower("email"))
    known = staff.filter(address__in={address for _fact, address in asked.values()})
    users = dict(known.values_list("address", "pk"))
    return {run: NamedOwner(fact, users.get(address)) for run, (fact, address) in asked.items()}


def people(others: Iterable[int], at: datetime) -> list[Candidate]:
    managers = Q(groups__name=Role.ACCOUNT_MANAGER.value)
    wanted = User.objects.people().filter(managers | Q(pk__in=list(others)))
    # The newest decision of each, which an index gives for each person without reading the others.
    users: Any = (
        wanted.order_by("pk").distinct().annotate(given=_newest("owner"), backed=_newest("backup"))
    )
    owned = (
        WorkItem.objects.filter(is_open=True, owner__in=users).order_by().values_list("owner_id")
    )
    loads = dict(owned.annotate(many=Count("pk")))
    teams: dict[int, list[int]] = defaultdict(list)
    for user, team in TeamMembership.objects.order_by("team_id").values_list("user_id", "team_id"):
        teams[user].append(team)
    able = set(wanted.who_may(OWN_WORK).order_by().values_list("pk", flat=True))
    absent = set(Absence.objects.at(at).values_list("user_id", flat=True))
    return [
        Candidate(
            user.pk,
            tuple(teams[user.pk]),
            tuple(sorted(user.skills)),
            user.is_active,
            user.pk in absent,
            loads.get(user.pk, 0),
            instant(user.given),
            instant(user.backed),
            user.pk in able,
        )
        for user in users
    ]


def _newest(place: str) -> Subquery:
    decisions = Decision.objects.filter(**{place: OuterRef("pk")}).order_by("-at")
    return Subquery(decisions.values("at")[:1])
