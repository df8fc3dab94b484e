"""
The small agency that tests live in: an account manager, her backup, a creative, QA, an operations
lead and an auditor.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

from django.contrib.auth.models import Group
from django.utils import timezone

from delivery.models import Request
from routing.flows.versions import published
from routing.kernel.roles import AM, AUDITOR, CREATIVE, INTEGRATIONS, OPS, QA, Role
from routing.models import Agency, Client, Contact, Team, TeamMembership, User, WorkItem
from routing.people.actors import Actor
from routing.runs.operations.exception_defaults import ensure_routes
from routing.work.creation import create
from tests import replay

MONDAY = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)  # a Monday morning
# Where a test's clock stands (see conftest), and so what ``timezone.now()`` says in helpers,
# operations and defaults of columns.
NOW = datetime.fromisoformat(os.environ.get("TEST_AT") or MONDAY.isoformat()).astimezone(UTC)
ZONE = os.environ.get("TEST_ZONE") or "UTC"  # where people and clients are
_numbers = count(1)
_recorded: dict[str, replay.Recording[World]] = {}  # by the zone of people and clients


def make_user(name: str, *roles: Role, team: Team | None = None, **fields: Any) -> User:
    fields.setdefault("timezone", ZONE)
    user = User.objects.create_user(
        f"{name.lower()}-{next(_numbers)}@agency.test", full_name=name, is_staff=True, **fields
    )
    user.groups.set(Group.objects.filter(name__in=roles))
    if team:
        TeamMembership.objects.create(team=team, user=user)
    return User.objects.get(pk=user.pk)


def make_client(code: str, team: Team, owner: User, backup: User, **fields: Any) -> Client:
    fields.setdefault("timezone", ZONE)
    return Client.objects.create(
        code=code,
        name=fields.pop("name", f"{code} Ltd"),
        team=team,
        owner=owner,
        backup=backup,
        **fields,
    )


@dataclass
class World:
    """People as users; ``by(user)`` is the actor."""

    alice: User  # account manager, owner
    bob: User  # account manager, backup
    cora: User  # creative
    quin: User  # QA reviewer
    olga: User  # operations lead
    ivan: User  # integrations owner
    audrey: User  # auditor
    team: Team
    acme: Client
    agency: Agency


def make_world() -> World:
    ensure_routes()
    published.cache_clear()  # what the test before had published
    alice, bob = make_user("Alice", AM), make_user("Bob", AM)
    team = Team.objects.create(name="North", lead=alice)
    for user in (alice, bob):
        TeamMembership.objects.create(team=team, user=user)
    olga = make_user("Olga", OPS)
    return World(
        alice=alice,
        bob=bob,
        cora=make_user("Cora", CREATIVE, team=team),
        quin=make_user("Quin", QA),
        olga=olga,
        ivan=make_user("Ivan", INTEGRATIONS),
        audrey=make_user("Audrey", AUDITOR),
        team=team,
        acme=make_client("ACM", team, alice, bob),
        agency=Agency.objects.create(pk=1, name="Test agency", team=team, owner=olga, backup=bob),
    )


def same_world() -> World:
    """
    Return the world that `make_world` made first, its rows inserted again: a tenth of its time.

    Only at NOW, and where nobody is yet whom it could meet; elsewhere it is made.
    """
    if timezone.now() != NOW or User.objects.exists():
        return make_world()
    ensure_routes()
    if kept := _recorded.get(ZONE):
        published.cache_clear()
        return kept.play()
    world, recording = replay.record(make_world)
    if recording:
        _recorded[ZONE] = recording
    return world


def by(user: User) -> Actor:
    """The actor that a user is now: rights are read afresh."""
    return Actor.of(User.objects.get(pk=user.pk))


def make_request(client: Client, state: str = Request.State.CAPTURED, **fields: Any) -> Request:
    """A request in any state, owned by the client's pair, as before each had a run."""
    item = WorkItem(
        title=fields.pop("title", "A new site"),
        client=client,
        team_id=client.team_id,
        owner_id=client.owner_id,
        backup_id=client.backup_id,
        parent=fields.pop("parent", None),
    )
    at, who = fields.pop("at", None) or timezone.now(), fields.pop("who", None)
    request = Request(item=item, state=state, details=fields.pop("details", "Five pages"), **fields)
    [made] = create([request], by=by(who) if who else Actor.system(), at=at)
    return made


def make_contact(
    name: str = "Carla Client", email: str = "carla@acme.test", **fields: Any
) -> Contact:
    return Contact.objects.create(full_name=name, email=email, **fields)
