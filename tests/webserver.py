"""The web server as production runs it, on this test's database; and a vendor who posts to it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx
import psycopg

from tests.integrations.inbox.senders import signed
from tests.processes import Process, running, until

WEB = [sys.executable, "-m", "gunicorn", "-c", "python:config.web.gunicorn", "config.wsgi"]
_WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'integrations_inbound'::regclass"  # noqa: E501


def post(port: int, body: bytes) -> httpx.Response:
    """With the address that the connection makes public, whatever port the server listens on."""
    headers = {"content-type": "application/json", "host": "localhost", **signed(body)}
    return httpx.post(
        f"http://127.0.0.1:{port}/hooks/hubspot-main/",
        content=body,
        headers=headers,
        trust_env=False,
        timeout=30,
    )


@contextmanager
def web(port: int) -> Iterator[Process]:
    with running(WEB, BIND=f"127.0.0.1:{port}", WEB_WORKERS="1") as [made]:
        until(lambda: answers(port), "The web server did not start.")
        yield made


def answers(port: int) -> bool:
    with suppress(httpx.HTTPError):
        return (
            httpx.get(
                f"http://127.0.0.1:{port}/healthz", headers={"host": "localhost"}, trust_env=False
            ).status_code
            == 200
        )
    return False


@contextmanager
def nobody_may_store() -> Iterator[psycopg.Connection[Any]]:
    """Whoever stores a delivery waits at the last moment before it is kept."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as other:
        other.execute("LOCK TABLE integrations_inbound IN EXCLUSIVE MODE")
        yield other


def waiting(other: psycopg.Connection[Any], number: int) -> bool:
    return other.execute(_WAITING).fetchone() == (number,)
