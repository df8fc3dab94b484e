"""H2 and FAULTS 21 on the server as production runs it: slow clients and a storm at once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median, quantiles

import pytest

from bench.load_client import send_load
from integrations.models import Inbound
from routing.models import Event
from tests.config.conftest import free_port
from tests.config.web.front import ask, dial, read_answer, request
from tests.config.web.test_front import slow_sockets
from tests.integrations.inbox.senders import event, make_connection, signed
from tests.webserver import web
from tests.world import World

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.real_clock,
    pytest.mark.drill,
]
SLOW, STORM, AT_ONCE = 500, 400, 10


@pytest.fixture
def port(committed_world: World) -> Iterator[int]:
    make_connection("hubspot", committed_world)
    port = free_port()
    with web(port):
        yield port


def delivery(number: int) -> bytes:
    """Prepared, so that the sender takes no more of the machine than it must."""
    body = json.dumps([event(eventId=number, objectId=9_000_000 + number)]).encode()
    lines = "".join(f"{name}: {value}\r\n" for name, value in signed(body).items())
    made = request("/hooks/hubspot-main/", method="POST", body=body, headers=lines)
    return made.replace(b"Host: testserver", b"Host: localhost", 1)


def test_h2_a_storm_is_answered_in_time_while_500_slow_sockets_are_open(port: int) -> None:
    with ExitStack() as stack:
        sockets = slow_sockets(stack, port, SLOW)
        health = []
        for turn in range(9):
            for each in sockets[turn::20]:
                each.send(b"a")
            began = time.monotonic()
            assert ask(port, request("/healthz"))[0] == 200
            health.append(time.monotonic() - began)
        _, took_ms, statuses = send_load(port, [delivery(each) for each in range(STORM)], AT_ONCE)

    assert median(health) < 0.1, health
    assert set(statuses) == {200}
    assert quantiles(took_ms, n=20)[18] < 1000
    assert Inbound.objects.count() == Event.objects.filter(source="hubspot-main").count() == STORM


def test_h16_413_of_a_hook_ends_the_connection_as_announced(port: int) -> None:
    with dial(port) as sock:
        length = "Content-Length: 2000000\r\nHost: localhost\r\n"
        head = request("/hooks/hubspot-main/", method="POST", headers=length)
        sock.sendall(head.replace(b"Host: testserver\r\n", b"") + b"x" * 50_000)
        status, headers, body = read_answer(sock)

    assert (status, headers["connection"], json.loads(body)["error"]) == (413, "close", "too_large")
