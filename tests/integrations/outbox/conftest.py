from __future__ import annotations

import pytest

from integrations.adapters import registry
from integrations.base import doorbell
from integrations.models import Connection
from tests.integrations.inbox.senders import make_connection
from tests.integrations.outbox.remote import KIND, Shelf, ShelfAdapter, Time
from tests.world import World


@pytest.fixture(autouse=True)
def rings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the calls that wake workers, instead of a thread that speaks to the broker."""
    heard: list[str] = []
    for bell in (doorbell.process, doorbell.outbound):
        monkeypatch.setattr(bell, "ring", lambda *_, bell=bell: heard.append(bell.task))
    return heard


@pytest.fixture
def shelves(monkeypatch: pytest.MonkeyPatch) -> ShelfAdapter:
    adapter = ShelfAdapter()
    monkeypatch.setitem(registry._ADAPTERS, KIND, adapter)
    return adapter


@pytest.fixture
def shelf(shelves: ShelfAdapter) -> Shelf:
    """Provide the system behind the connection ``shelf-main``."""
    shelves.shelves["shelf-main"] = Shelf()
    return shelves.shelves["shelf-main"]


@pytest.fixture
def connection(shelf: Shelf, world: World) -> Connection:
    return make_connection(KIND, world)


@pytest.fixture
def committed_connection(shelf: Shelf, committed_world: World) -> Connection:
    return make_connection(KIND, committed_world)


@pytest.fixture
def time() -> Time:
    return Time()
