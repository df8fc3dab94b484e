"""A database that answers nothing is given up in time."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress

import psutil
import psycopg
import pytest

from config.storage import bounded
from config.storage.bounded import BoundedConnection


@pytest.fixture
def session(superuser_dsn: str) -> Iterator[BoundedConnection]:
    with BoundedConnection.connect(superuser_dsn, autocommit=True) as made:
        yield made


def backend_of(session: BoundedConnection) -> psutil.Process:
    return psutil.Process(session.info.backend_pid)


def test_a_server_that_was_stopped_is_given_up_and_the_connection_with_it(
    session: BoundedConnection, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(bounded, "PATIENCE_S", 0.5)
    backend = backend_of(session)
    try:
        backend.send_signal(signal.SIGSTOP)
    except psutil.AccessDenied:
        pytest.skip(f"The server belongs to somebody else than {os.geteuid()}.")

    try:
        with pytest.raises(psycopg.OperationalError, match="did not answer"):
            session.execute("SELECT 1")
    finally:
        with suppress(psutil.NoSuchProcess):
            backend.send_signal(signal.SIGCONT)

    assert session.closed


def test_what_is_slow_but_in_time_is_waited_for(
    session: BoundedConnection, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(bounded, "PATIENCE_S", 60)

    assert session.execute("SELECT 1 FROM pg_sleep(0.3)").fetchone() == (1,)


def test_an_error_of_the_server_is_its_own(session: BoundedConnection):
    with pytest.raises(psycopg.errors.UndefinedTable):
        session.execute("SELECT 1 FROM nowhere")

    assert not session.closed
