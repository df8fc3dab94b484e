from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from routing.models import SLAPolicy
from routing.sla.operations.calendars import ensure_defaults
from tests.storages import use
from tests.world import World


@pytest.fixture
def policy(world: World) -> SLAPolicy:
    """
    The policy ``standard``, counted in the agency's hours: Monday to Friday, 9:00 to 17:30 UTC.
    """
    return ensure_defaults(at=timezone.now())


@pytest.fixture
def own_folder(settings: Settings, tmp_path: Path) -> Path:
    """A private storage of the test's own."""
    use(settings, "routing.kernel.storage.PrivateStorage", tmp_path)
    return tmp_path


@pytest.fixture
def agency(world: World) -> World:
    """
    Five different places on the ladder: Alice, Bob, Cora who leads, Olga, and Ivan with Audrey.
    """
    world.team.lead = world.cora
    world.agency.owner, world.agency.backup = world.ivan, world.audrey
    world.team.save()
    world.agency.save()
    return world
