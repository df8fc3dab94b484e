"""I9, FAULTS 29: a server that ended all sessions, and is well, keeps nobody waiting."""

from __future__ import annotations

import time
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connections

from config.storage.bounded import BoundedConnection
from config.storage.postgres.base import DatabaseWrapper

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_clock]

SIZE = 6
TIMEOUT_S = 1.8


@pytest.fixture
def web() -> Iterator[DatabaseWrapper]:
    """A connection as in the web, with a pool that holds a few."""
    settings = dict(connections["default"].settings_dict)
    settings["CONN_MAX_AGE"], settings["CONN_HEALTH_CHECKS"] = 0, False
    settings["OPTIONS"] = {
        **settings["OPTIONS"],
        "application_name": "pooled",
        "pool": {
            "min_size": SIZE,
            "max_size": SIZE,
            "timeout": TIMEOUT_S,
            "connection_class": BoundedConnection,
        },
    }
    made = DatabaseWrapper(settings, alias="default")
    made.pool.open(wait=True)
    yield made
    made.close()
    made.close_pool()


def ask(web: DatabaseWrapper) -> float:
    """Use a connection as a request does; how long that took, in seconds."""
    began = time.monotonic()
    try:
        with web.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        web.close()
    return time.monotonic() - began


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

    assert [ask(web) < 1 for _ in range(3)] == [True] * 3
