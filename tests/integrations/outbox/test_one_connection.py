"""An attempt opens one connection to its system, however many calls it makes."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from django.utils import timezone

from demo.sandbox.cms import CMS
from demo.sandbox.cms_server import serve_cms
from integrations.models import Connection, Outbound
from integrations.outbox.deliver import deliver_due
from tests.integrations.conftest import Sandbox
from tests.integrations.inbox.senders import make_connection
from tests.integrations.outbox.remote import Time, deliver, send
from tests.integrations.publishing.writers import article, kept_connection
from tests.world import World


def accepted(server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The addresses of clients whose connections this server accepts from now on."""
    found: list[Any] = []
    accept = server.get_request

    def get_request() -> tuple[Any, Any]:
        connection, address = accept()
        found.append(address)
        return connection, address

    monkeypatch.setattr(server, "get_request", get_request)
    return found


@pytest.fixture
def cms() -> Iterator[ThreadingHTTPServer]:
    server = serve_cms(CMS("author", "pass word"), 0)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def wordpress(cms: ThreadingHTTPServer, world: World) -> Connection:
    url = f"http://127.0.0.1:{cms.server_port}"
    return kept_connection("wordpress", base_url=url, token="author:pass word", private=(url,))


def test_a_new_page_takes_one_connection_to_wordpress(
    wordpress: Connection,
    cms: ThreadingHTTPServer,
    time: Time,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connections = accepted(cms, monkeypatch)
    content = article("bread", body="<p>Fresh every day.</p>").content
    send(wordpress, "first", verb="publish", content=content)

    deliver(time)

    assert Outbound.objects.get().state == Outbound.State.DELIVERED
    assert len(connections) == 1


def test_each_attempt_opens_a_connection_of_its_own_and_closes_it(
    wordpress: Connection,
    cms: ThreadingHTTPServer,
    time: Time,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connections = accepted(cms, monkeypatch)
    for slug in ("bread", "rolls"):
        content = article(slug, body="<p>Fresh every day.</p>").content
        send(wordpress, slug, obj=f"deliverable:{slug}", verb="publish", content=content)

    deliver(time)

    assert list(Outbound.objects.values_list("state", flat=True)) == ["delivered", "delivered"]
    assert len(connections) == 2


def test_an_update_of_a_deal_takes_one_connection_to_hubspot(
    world: World, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    hubspot = make_connection("hubspot", world, base_url=sandbox.url)
    connections = accepted(sandbox.server, monkeypatch)
    deal = sandbox.deal(dealname="Site")
    content = {"properties": {"throughline_state": "routed"}}
    send(hubspot, "first", obj=f"deal:{deal}", content=content, remote_id=deal)

    deliver_due(clock=timezone.now)

    assert Outbound.objects.get().state == Outbound.State.DELIVERED
    assert len(connections) == 1
