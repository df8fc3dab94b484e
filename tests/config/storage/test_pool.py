"""I9, FAULTS 29: a server that ended all sessions, and is well, keeps nobody waiting."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
import pytest
from django.db import OperationalError, connections
from psycopg import sql

from config.storage.bounded import REST_S, pool_options
from config.storage.postgres.base import DatabaseWrapper

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_clock]

SIZE = 6
OUTAGE_S = 8  # by default the pool then tries again 7 s after the last time


@pytest.fixture
def web() -> Iterator[DatabaseWrapper]:
    """A connection as in the web, with a pool that holds a few."""
    settings = dict(connections["default"].settings_dict)
    settings["CONN_MAX_AGE"], settings["CONN_HEALTH_CHECKS"] = 0, False
    settings["OPTIONS"] = {
        **settings["OPTIONS"],
        **pool_options(SIZE),
        "application_name": "pooled",
    }
    made = DatabaseWrapper(settings, alias="default")
    made.pool.open(wait=True)
    yield made
    made.close()
    made.close_pool()


def ask(web: DatabaseWrapper) -> None:
    """
    Use a connection as a request does.

    :raises OperationalError: if there was none within the time that a request waits
    """
    try:
        with web.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        web.close()


@contextmanager
def nobody_gets_in(superuser_dsn: str, name: str) -> Iterator[None]:
    """While the server refuses new sessions, as it does while it starts."""
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    with psycopg.connect(superuser_dsn, autocommit=True) as superuser:
        superuser.execute(allow.format(sql.Identifier(name), sql.SQL("false")))
        try:
            yield
        finally:
            superuser.execute(allow.format(sql.Identifier(name), sql.SQL("true")))


def end_sessions(superuser_dsn: str, name: str) -> int:
    with psycopg.connect(superuser_dsn, autocommit=True) as superuser:
        rows = superuser.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE application_name = %s",
            [name],
        ).fetchall()
    return len(rows)


def test_i9_the_first_request_after_all_sessions_were_ended_is_answered(
    web: DatabaseWrapper, superuser_dsn: str
) -> None:
    ask(web)

    assert end_sessions(superuser_dsn, "pooled") == SIZE

    for _ in range(3):
        ask(web)


def test_i9_an_outage_has_no_echo_but_the_rest_of_the_watch(
    web: DatabaseWrapper, superuser_dsn: str
) -> None:
    """The pool had tried again after 1, 2, 4… s, and who came meanwhile got a 503."""
    ask(web)

    with nobody_gets_in(superuser_dsn, web.settings_dict["NAME"]):
        end_sessions(superuser_dsn, "pooled")
        until = time.monotonic() + OUTAGE_S
        while time.monotonic() < until:
            with suppress(OperationalError):
                ask(web)
    rested = time.monotonic() + REST_S
    while time.monotonic() < rested:
        with suppress(OperationalError):
            ask(web)

    for _ in range(3):
        ask(web)
