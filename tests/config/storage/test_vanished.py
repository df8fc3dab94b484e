"""A database whose machine vanishes is given up by whoever waits for it, workers included."""

from __future__ import annotations

import socket

import pytest
from django.conf import settings
from psycopg import pq
from psycopg.conninfo import make_conninfo

from config.storage import databases


@pytest.mark.parametrize("alias", ["default", "owner"])
def test_i9_the_system_asks_a_silent_database_and_gives_up_within_a_minute(alias: str) -> None:
    given = settings.DATABASES[alias]["OPTIONS"]
    known = {name: given[name] for name in databases.KEEPALIVE}
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        where = make_conninfo("", host="127.0.0.1", port=port, user="x", dbname="x", **known)
        connection = pq.PGconn.connect_start(where.encode())
        connection.connect_poll()
        with socket.socket(fileno=socket.dup(connection.socket)) as ours:
            asks = ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            after_s = ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
            every_s = ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL)
            times = ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT)
            unsent_ms = ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        connection.finish()

    assert asks
    assert after_s + every_s * times <= 60
    assert 0 < unsent_ms <= 60_000


def test_an_address_may_say_otherwise() -> None:
    made = databases.for_django("postgresql://a:b@h/d?keepalives_idle=5")

    assert made["OPTIONS"]["keepalives_idle"] == "5"


def test_i9_no_task_waits_without_a_limit() -> None:
    assert 0 < settings.CELERY_TASK_SOFT_TIME_LIMIT < settings.CELERY_TASK_TIME_LIMIT <= 300
