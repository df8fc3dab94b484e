from __future__ import annotations

import pytest
from django.test import Client as Browser
from django.utils import timezone

from delivery.flows.client_request import publish_client_request
from routing.models import Contact
from routing.sla.operations.calendars import ensure_defaults
from tests.portal import APPROVER, REQUESTER, browser_of, invited, other_client
from tests.world import World, by


@pytest.fixture
def carla(world: World) -> Contact:
    """An approver of Acme."""
    return invited(world, "Carla", (world.acme, APPROVER))


@pytest.fixture
def zoe(world: World) -> Contact:
    """A requester of another client."""
    return invited(world, "Zoe", (other_client(world), REQUESTER))


@pytest.fixture
def browser(carla: Contact) -> Browser:
    """Carla's."""
    return browser_of(carla)


@pytest.fixture
def flow(world: World) -> str:
    """The slug of the published form."""
    ensure_defaults(at=timezone.now(), timezone="Europe/London", country="GB", region="ENG")
    return publish_client_request(
        owner=world.olga, backup=world.bob, team=world.team, by=by(world.olga), at=timezone.now()
    ).flow.slug
