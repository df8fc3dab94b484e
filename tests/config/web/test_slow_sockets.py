"""H2 and FAULTS 21 on the server as production runs it: slow clients and a storm at once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from statistics import median, quantiles

import pytest

from integrations.models import Inbound
from routing.models import Event
from tests.config.conftest import free_port
from tests.config.web.front import ask, dial, read_answer, request
from tests.config.web.test_front import slow_sockets
from tests.integrations.inbox.senders import event, make_connection
from tests.webserver import post, web
from tests.world import World

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.real_clock,
    pytest.mark.drill,
]
SLOW, STORM, AT_ONCE = 500, 600, 30


@pytest.fixture
def port(committed_world: World) -> Iterator[int]:
    make_connection("hubspot", committed_world)
    port = free_port()
    with web(port):
        yield port


def test_h2_a_storm_is_answered_in_time_while_500_slow_sockets_are_open(port: int) -> None:
    def send(number: int) -> tuple[int, float]:
        began = time.monotonic()
        body = json.dumps([event(eventId=number, objectId=9_000_000 + number)]).encode()
        return post(port, body).status_code, time.monotonic() - began

    with ExitStack() as stack:
        sockets = slow_sockets(stack, port, SLOW)
        health = []
        for turn in range(9):
            for each in sockets[turn::20]:
                each.send(b"a")
            began = time.monotonic()
            assert ask(port, request("/healthz"))[0] == 200
            health.append(time.monotonic() - began)
        with ThreadPoolExecutor(AT_ONCE) as senders:
            answers = list(senders.map(send, range(STORM)))

    assert median(health) < 0.1, health
    assert {status for status, _ in answers} == {200}
    assert quantiles([took for _, took in answers], n=20)[18] < 1.0
    assert Inbound.objects.count() == Event.objects.filter(source="hubspot-main").count() == STORM


def test_h16_413_of_a_hook_ends_the_connection_as_announced(port: int) -> None:
    with dial(port) as sock:
        length = "Content-Length: 2000000\r\nHost: localhost\r\n"
        head = request("/hooks/hubspot-main/", method="POST", headers=length)
        sock.sendall(head.replace(b"Host: testserver\r\n", b"") + b"x" * 50_000)
        status, headers, body = read_answer(sock)

    assert (status, headers["connection"], json.loads(body)["error"]) == (413, "close", "too_large")
