"""
A web server that is killed in the hook's view, before it answers: what the vendor sends again is
one event.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest

from integrations.models import Inbound
from routing.models import Dispatch, Event
from tests.config.conftest import free_port
from tests.integrations.inbox.senders import event, make_connection, new_deal
from tests.processes import until
from tests.webserver import nobody_may_store, post, waiting, web
from tests.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_clock]


def unanswered(port: int, bodies: Sequence[bytes]) -> None:
    """Killed while it stores these, before it can answer."""
    with (
        nobody_may_store() as other,
        web(port) as server,
        ThreadPoolExecutor(len(bodies)) as senders,
    ):
        sent = [senders.submit(post, port, body) for body in bodies]
        until(lambda: waiting(other, len(bodies)), "They were never stored.")
        server.kill()
        assert all(isinstance(each.exception(30), httpx.HTTPError) for each in sent)


def idle() -> bool:
    """Nothing that the dead server began is still going on."""
    busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND state <> 'idle' AND pid <> pg_backend_pid()"  # noqa: E501
    with psycopg.connect(os.environ["DATABASE_URL"]) as other:
        return other.execute(busy, [other.info.dbname]).fetchone() == (0,)


@pytest.mark.drill
def test_what_a_killed_server_never_answered_is_one_event_when_it_is_sent_again(
    committed_world: World,
):
    make_connection("hubspot", committed_world)
    port = free_port()
    bodies = [json.dumps(events).encode() for events in (new_deal(), [event(objectId=9002)])]

    unanswered(port, bodies)
    until(idle)
    with web(port):
        again = [post(port, body) for body in bodies]
        once_more = [post(port, body) for body in bodies]

    assert [answer.status_code for answer in again + once_more] == [200] * 4
    assert [answer.json()["captured"] for answer in once_more] == [0, 0]
    assert (
        Event.objects.filter(source="hubspot-main").count()
        == Dispatch.objects.count()
        == len(new_deal()) + 1
    )
    assert Inbound.objects.count() == 2
