"""The sandbox over loopback HTTP, and a connection that is allowed to reach exactly it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from threading import Thread
from typing import Any

import httpx
import pytest

from demo.sandbox.cms import CMS
from demo.sandbox.cms_server import CmsFaults, serve_cms
from demo.sandbox.crm import CRM
from demo.sandbox.server import serve
from integrations.base import doorbell
from integrations.models import Connection
from tests.integrations.inbox.senders import make_connection
from tests.integrations.publishing.writers import Site, loose_connection
from tests.wordpress import WordPress, basic
from tests.world import World


@pytest.fixture(autouse=True)
def rings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the calls that wake workers, instead of a thread that speaks to the broker."""
    heard: list[str] = []
    monkeypatch.setattr(doorbell.process, "ring", lambda: heard.append(doorbell.process.task))
    return heard


class Sandbox:
    """A CRM that answers, and what it would have posted."""

    def __init__(self, kind: type[CRM] = CRM) -> None:
        self.told: list[dict[str, Any]] = []
        self.crm = kind(portal_id=4242, app_id=77, tell=self.told.append, seed=1)
        self.server = serve(self.crm, "token-of-tests", 0)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def revoke_token(self) -> None:
        self.crm.token = "another"

    def company(self, **properties: str) -> str:
        return self.crm.create("company", {"properties": properties}, "userId:1").id

    def contact(self, **properties: str) -> str:
        return self.crm.create("contact", {"properties": properties}, "userId:1").id

    def deal(self, *, company: str = "", contacts: tuple[str, ...] = (), **properties: str) -> str:
        linked = [(company, 5)] * bool(company) + [(contact, 3) for contact in contacts]
        associations = [
            {"to": {"id": key}, "types": [{"associationTypeId": kind}]} for key, kind in linked
        ]
        return self.crm.create(
            "deal", {"properties": properties, "associations": associations}, "userId:1"
        ).id


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


@pytest.fixture
def play() -> Iterator[Site]:
    """The sandbox's content system, where every fault is to be had."""
    cms, faults = CMS("author", "pass word"), CmsFaults(slow_s=0.5)
    server = serve_cms(cms, 0, faults)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    headers = {"authorization": basic("author:pass word")}

    def call(method: str, path: str, **options: Any) -> Any:
        answer = httpx.request(
            method, f"{url}/wp-json/wp/v2{path}", headers=headers, trust_env=False, **options
        )
        answer.raise_for_status()
        return answer.json()

    def misbehave(fault: str, number: int = 1) -> None:
        faults.waiting.extend([("", "POST")] * (number - 1))
        faults.add(fault)

    yield Site(loose_connection("wordpress", url, "author:pass word"), call, misbehave)
    server.shutdown()
    server.server_close()


def _real(wordpress: WordPress, user: str) -> Site:
    token = wordpress.new_token(user)
    connection = loose_connection("wordpress", wordpress.url, token)
    return Site(
        connection,
        wordpress.call,
        partial(wordpress.misbehave, token),
        partial(wordpress.call, user=user),
    )


@pytest.fixture(params=["sandbox", pytest.param("author", marks=pytest.mark.wordpress)])
def site(request: pytest.FixtureRequest) -> Site:
    """
    The sandbox, and a real WordPress as the least role that may publish, whose HTML it cleans.
    """
    if request.param == "sandbox":
        found: Site = request.getfixturevalue("play")
        return found
    return _real(request.getfixturevalue("wordpress"), request.param)


@pytest.fixture
def author(wordpress: WordPress) -> Site:
    return _real(wordpress, "author")


@pytest.fixture
def editor(wordpress: WordPress) -> Site:
    return _real(wordpress, "editor")
