"""A web server that is killed in the hook's view, before it answers: what the vendor sends again is one event."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import httpx
import psycopg
import pytest

from integrations.models import Inbound
from routing.models import Dispatch, Event
from tests.config.conftest import free_port
from tests.integrations.senders import event, make_connection, new_deal, signed
from tests.processes import Process, running, until
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)
WEB = [sys.executable, "-m", "gunicorn", "-c", "python:config.gunicorn", "config.wsgi"]
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'integrations_inbound'::regclass"


def post(port: int, body: bytes) -> httpx.Response:
    """With the address that the connection makes public, whatever port the server listens on."""
    headers = {"content-type": "application/json", "host": "localhost", **signed(body)}
    return httpx.post(f"http://127.0.0.1:{port}/hooks/hubspot-main/", content=body, headers=headers, trust_env=False, timeout=30)


@contextmanager
def web(port: int) -> Iterator[Process]:
    with running(WEB, BIND=f"127.0.0.1:{port}", WEB_WORKERS="1") as [made]:
        until(lambda: answers(port), "The web server did not start.")
        yield made


def answers(port: int) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(f"http://127.0.0.1:{port}/healthz", headers={"host": "localhost"}, trust_env=False).status_code == 200
    return False


@contextmanager
def nobody_may_store() -> Iterator[psycopg.Connection[Any]]:
    """Whoever stores a delivery waits at the last moment before it is kept."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as other:
        other.execute("LOCK TABLE integrations_inbound IN EXCLUSIVE MODE")
        yield other


def unanswered(port: int, bodies: Sequence[bytes]) -> None:
    """Killed while it stores these, before it can answer."""
    with nobody_may_store() as other, web(port) as server, ThreadPoolExecutor(len(bodies)) as senders:
        sent = [senders.submit(post, port, body) for body in bodies]
        until(lambda: other.execute(WAITING).fetchone() == (len(bodies),), "They were never stored.")
        server.kill()
        assert all(isinstance(each.exception(30), httpx.HTTPError) for each in sent)


def idle() -> bool:
    """Nothing that the dead server began is still going on."""
    busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND state <> 'idle' AND pid <> pg_backend_pid()"
    with psycopg.connect(os.environ["DATABASE_URL"]) as other:
        return other.execute(busy, [other.info.dbname]).fetchone() == (0,)


def test_what_a_killed_server_never_answered_is_one_event_when_it_is_sent_again(committed_world: World):
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
    assert Event.objects.filter(source="hubspot-main").count() == Dispatch.objects.count() == len(new_deal()) + 1
    assert Inbound.objects.count() == 2
