from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from integrations.connections.operations import ConnectionSettings, connect
from integrations.models import Connection
from routing.models import Destination
from routing.people.actors import Actor
from tests.journeys.flight import Flight, flying
from tests.journeys.turned import Time
from tests.processes import beat_every_second
from tests.world import World


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def site(
    committed_world: World, live_server: LiveServer, settings: Settings, tmp_path: Path
) -> Connection:
    settings.SITE_URL, settings.SITES_DIR = live_server.url, tmp_path
    connection, _new = connect(
        ConnectionSettings(kind="static", slug="blog", team=committed_world.team),
        by=Actor.system(),
        at=timezone.now(),
    )
    return connection


@pytest.fixture
def place(committed_world: World, site: Connection) -> Destination:
    return Destination.objects.create(
        client=committed_world.acme, name="Blog", kind="static", path="news"
    )


@pytest.fixture
def flight(committed_world: World) -> Iterator[Flight]:
    """Deals on their way, with a beat that waits for nothing."""
    beat_every_second()
    with flying(committed_world) as made:
        yield made
