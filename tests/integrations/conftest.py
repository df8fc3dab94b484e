"""The sandbox over loopback HTTP, and a connection that is allowed to reach exactly it."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest

from integrations import doorbell
from integrations.models import Connection
from integrations.sandbox.crm import CRM
from integrations.sandbox.server import serve
from tests.integrations.senders import make_connection
from tests.world import World


@pytest.fixture(autouse=True)
def rings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was rung for, instead of a thread that speaks to the broker."""
    heard: list[str] = []
    monkeypatch.setattr(doorbell.process, "ring", lambda: heard.append(doorbell.process.task))
    return heard


class Sandbox:
    """A CRM that answers, and what it would have posted."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.crm = CRM(portal_id=4242, app_id=77, tell=self.told.append, seed=1)
        self.server = serve(self.crm, "token-of-tests", 0)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def revoke_token(self) -> None:
        self.server.RequestHandlerClass.token = "another"  # type: ignore[attr-defined]

    def company(self, **properties: str) -> str:
        return self.crm.create("company", {"properties": properties}, "userId:1").id

    def contact(self, **properties: str) -> str:
        return self.crm.create("contact", {"properties": properties}, "userId:1").id

    def deal(self, *, company: str = "", contacts: tuple[str, ...] = (), **properties: str) -> str:
        linked = [(company, 5)] * bool(company) + [(contact, 3) for contact in contacts]
        associations = [{"to": {"id": key}, "types": [{"associationTypeId": kind}]} for key, kind in linked]
        return self.crm.create("deal", {"properties": properties, "associations": associations}, "userId:1").id


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox()
    yield made
    made.stop()


@pytest.fixture
def hubspot(world: World, sandbox: Sandbox) -> Connection:
    return make_connection("hubspot", world, base_url=sandbox.url)


@pytest.fixture
def form(world: World) -> Connection:
    return make_connection("form", world)


@pytest.fixture
def committed_hubspot(committed_world: World, sandbox: Sandbox) -> Connection:
    return make_connection("hubspot", committed_world, base_url=sandbox.url)
