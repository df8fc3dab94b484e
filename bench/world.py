"""
Actors and client of all contenders: an account manager up to acceptance, the system's user after
it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from django.contrib.auth.models import Group
from django.utils.timezone import now

from delivery.requests.operations import requests
from routing.kernel.roles import Role
from routing.people.actors import Actor
from routing.people.clients import Client
from routing.people.staff import Team, TeamMembership, User
from routing.work.door import Operation
from routing.work.items import RefCounter

DETAILS = "A landing page for the autumn campaign, with the three offers of the brief, as part"
TITLE = "Landing page for autumn, part"
REASON = "as agreed on Monday"


@dataclass(frozen=True, slots=True)
class World:
    client: Client
    manager: User
    system: User
    by_manager: Actor
    by_system: Actor
    clock: Callable[[], datetime] = now

    @classmethod
    def made(cls, code: str) -> Self:
        """
        A client of its own for each process, so that what is measured is work, not waiting for one
        counter.
        """
        manager, backup = (
            User.objects.create_user(
                f"{name}.{code.lower()}@bench.invalid", "", full_name=name.title(), is_staff=True
            )
            for name in ("manager", "backup")
        )
        manager.groups.add(Group.objects.get(name=Role.ACCOUNT_MANAGER))
        team = Team.objects.create(name=f"Team {code}", lead=manager)
        TeamMembership.objects.create(team=team, user=manager)
        client = Client.objects.create(
            code=code, name=f"Client {code}", team=team, owner=manager, backup=backup
        )
        RefCounter.objects.create(prefix=code)
        system = User.objects.system()
        return cls(
            client, manager, system, Actor.of(User.objects.get(pk=manager.pk)), Actor.of(system)
        )

    def steps(self) -> list[tuple[Operation[Any], Actor, User]]:
        """The four transitions from captured to delivered, and who takes them."""
        return [
            (requests.triage, self.by_manager, self.manager),
            (requests.accept, self.by_manager, self.manager),
            (requests.begin, self.by_system, self.system),
            (requests.deliver, self.by_system, self.system),
        ]
