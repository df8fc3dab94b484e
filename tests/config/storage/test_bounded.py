"""A database that answers nothing is given up in time."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from time import monotonic

import psutil
import psycopg
import pytest

from config.storage import bounded
from config.storage.bounded import BoundedConnection, DatabaseWatch, answer_within

pytestmark = pytest.mark.real_clock


@pytest.fixture(autouse=True)
def watch(monkeypatch: pytest.MonkeyPatch) -> DatabaseWatch:
    """One that knows nothing of other tests."""
    made = DatabaseWatch()
    monkeypatch.setattr(bounded, "watch", made)
    return made


@pytest.fixture
def session(superuser_dsn: str) -> Iterator[BoundedConnection]:
    with BoundedConnection.connect(superuser_dsn, autocommit=True) as made:
        yield made


def backend_of(session: BoundedConnection) -> psutil.Process:
    return psutil.Process(session.info.backend_pid)


@contextmanager
def frozen(session: BoundedConnection) -> Iterator[None]:
    """Stop the process that serves this session, and no other."""
    backend = backend_of(session)
    try:
        backend.send_signal(signal.SIGSTOP)
    except psutil.AccessDenied:
        pytest.skip(f"The server belongs to somebody else than {os.geteuid()}.")
    try:
        yield
    finally:
        with suppress(psutil.NoSuchProcess):
            backend.send_signal(signal.SIGCONT)


def test_a_server_that_was_stopped_is_given_up_and_the_connection_with_it(
    session: BoundedConnection, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(bounded, "PATIENCE_S", 0.5)

    with frozen(session), pytest.raises(psycopg.OperationalError, match="did not answer"):
        session.execute("SELECT 1")

    assert session.closed


def test_i9_who_gives_up_soon_waits_no_longer_in_all_its_statements(session: BoundedConnection):
    began = monotonic()
    with answer_within(0.6):
        session.execute("SELECT pg_sleep(0.4)")
        with frozen(session), pytest.raises(psycopg.OperationalError, match="did not answer"):
            session.execute("SELECT 1")

    assert monotonic() - began < 5  # without the limit it would be 20 s
    assert session.closed


def test_i9_a_server_that_lets_nobody_in_is_given_up_long_before_a_page_would_be(
    session: BoundedConnection, monkeypatch: pytest.MonkeyPatch, watch: DatabaseWatch
):
    """All of it freezes in a drill; here a new session fails because its address is wrong."""
    monkeypatch.setattr(bounded, "DOUBT_S", 0.3)
    monkeypatch.setattr(bounded, "make_conninfo", lambda *_, **__: "host=/nowhere")

    with frozen(session), pytest.raises(psycopg.OperationalError, match="did not answer"):
        session.execute("SELECT 1")

    with pytest.raises(psycopg.OperationalError, match="a moment ago"):
        watch.ask()


def test_i9_a_statement_that_waits_for_another_is_waited_for_while_the_server_lives(
    session: BoundedConnection, monkeypatch: pytest.MonkeyPatch, watch: DatabaseWatch
):
    monkeypatch.setattr(bounded, "DOUBT_S", 0.2)

    assert session.execute("SELECT 1 FROM pg_sleep(0.9)").fetchone() == (1,)
    watch.ask()


def test_i9_after_a_wait_in_vain_one_thread_tries_and_the_others_are_refused(
    monkeypatch: pytest.MonkeyPatch, watch: DatabaseWatch
):
    monkeypatch.setattr(bounded, "REST_S", 0.0)
    watch.missed()
    with ThreadPoolExecutor(1) as other:
        other.submit(watch.ask).result()  # it may try
        with pytest.raises(psycopg.OperationalError, match="a moment ago"):
            watch.ask()
        other.submit(watch.ask).result()  # and go on trying
        other.submit(watch.answered).result()

    watch.ask()


def test_i9_a_transaction_that_is_under_way_is_not_refused(
    superuser_dsn: str, watch: DatabaseWatch
):
    with BoundedConnection.connect(superuser_dsn) as session:
        session.execute("SELECT 1")
        watch.missed()
        session.execute("SELECT 1")


def test_what_is_slow_but_in_time_is_waited_for(
    session: BoundedConnection, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(bounded, "PATIENCE_S", 60)

    assert session.execute("SELECT 1 FROM pg_sleep(0.3)").fetchone() == (1,)


def test_an_error_of_the_server_is_its_own(session: BoundedConnection):
    with pytest.raises(psycopg.errors.UndefinedTable):
        session.execute("SELECT 1 FROM nowhere")

    assert not session.closed
