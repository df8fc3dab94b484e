"""I9, FAULTS 29: a database that freezes, restarts or hangs up is answered for in time."""

from __future__ import annotations

import http.client
import json
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import psutil
import psycopg
import pytest

from tests.config.conftest import Product, eventually

pytestmark = [pytest.mark.drill, pytest.mark.real_clock]

HOOK, PAGE, READY, ALIVE = "/hooks/nobody/", "/accounts/login/", "/readyz", "/healthz"
WITHIN_S, PAGE_WITHIN_S = 3.0, 5.0  # a page first finds out if the database is only slow
STORM = 120


def ask(product: Product, path: str) -> tuple[int, float]:
    """Its status, and how long that took."""
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", product.port, timeout=60)
    try:
        if path == HOOK:
            connection.request("POST", path, b"{}", {"Content-Type": "application/json"})
        else:
            connection.request("GET", path, headers={"Cookie": "throughline_session=" + "a" * 32})
        return connection.getresponse().status, time.monotonic() - began
    finally:
        connection.close()


def servers(product: Product) -> list[psutil.Process]:
    found = []
    for each in product.family():
        with suppress(psutil.NoSuchProcess):  # they come and go
            if each.name() == "postgres":
                found.append(each)
    return found


def postmaster(product: Product) -> psutil.Process:
    """The one that no other of them started."""
    for each in servers(product):
        with suppress(psutil.NoSuchProcess):
            parent = each.parent()
            if parent is None or parent.name() != "postgres":
                return each
    raise AssertionError("There is no PostgreSQL.")


@contextmanager
def frozen(product: Product) -> Iterator[None]:
    """The whole of PostgreSQL, as on a machine whose disk hangs."""
    stopped = servers(product)
    for each in stopped:
        with suppress(psutil.NoSuchProcess):
            each.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for each in reversed(stopped):
            with suppress(psutil.NoSuchProcess):
                each.send_signal(signal.SIGCONT)


def comes_back(product: Product) -> None:
    assert eventually(lambda: ask(product, READY)[0] == 200, 60)
    assert eventually(lambda: ask(product, HOOK)[0] == 401, 20)
    assert eventually(lambda: ask(product, PAGE)[0] == 200, 20)


def test_i9_a_database_that_freezes_restarts_or_hangs_up_is_answered_for(product: Product) -> None:
    """One start for three faults: each costs seconds."""
    product.start().wait_ready()
    comes_back(product)

    it_freezes(product)
    comes_back(product)
    it_restarts(product)
    comes_back(product)
    it_hangs_up(product)
    comes_back(product)


def it_freezes(product: Product) -> None:
    with frozen(product):
        end = time.monotonic() + 10
        for path in (HOOK, READY, PAGE, HOOK, READY):
            status, took = ask(product, path)
            assert (path, status) == (path, 503)
            assert took < (PAGE_WITHIN_S if path == PAGE else WITHIN_S), (path, took)
        with ThreadPoolExecutor(STORM) as senders:
            answers = list(senders.map(lambda _: ask(product, HOOK), range(STORM)))
        assert {status for status, _ in answers} == {503}
        assert max(took for _, took in answers) < WITHIN_S, answers
        assert ask(product, ALIVE)[0] == 200
        assert ask(product, ALIVE)[1] < 0.1
        assert eventually(lambda: time.monotonic() > end)


def it_restarts(product: Product) -> None:
    postmaster(product).send_signal(signal.SIGINT)
    seen = []
    until = time.monotonic() + 5
    while time.monotonic() < until:
        seen.append(ask(product, HOOK))
    assert {status for status, _ in seen} <= {401, 503}
    assert max(took for _, took in seen) < WITHIN_S


def it_hangs_up(product: Product) -> None:
    """The server is well, so each later request is answered."""
    environ = json.loads((product.var / "run.env").read_text())
    with psycopg.connect(environ["DATABASE_URL"]) as app:
        app.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND usename = current_user"
        )
    seen = [ask(product, path) for _ in range(10) for path in (HOOK, READY)]
    assert {status for status, _ in seen} == {401, 200}
    assert max(took for _, took in seen) < WITHIN_S
