"""Faults of PostgreSQL: frozen, killed, and hanging up."""

from __future__ import annotations

import signal
from time import monotonic, sleep

import psycopg
from django.db import connections
from django.db.utils import InterfaceError, OperationalError

from demo.drills import product
from demo.drills.deals import (
    OK,
    SOON_S,
    again_until_kept,
    comes_through,
    decided,
    make,
    one_effect,
    post_until_kept,
    sender,
    waiting,
)
from demo.drills.registry import DrillField, drill

FROZEN_S = 10.0
MEANWHILE = {0, 503}  # no answer, or “come again”


@drill(29, about_s=60)
def database_frozen(field: DrillField) -> None:
    """PostgreSQL is frozen for ten seconds: the sender is asked in time to send again."""
    job = make(field, "Database frozen")
    events, posted = waiting(field), sender(field)
    pid = product.process("postgres")
    with field.fault(lambda: product.thaw(pid)):
        product.send("postgres", signal.SIGSTOP)
        began = monotonic()
        answer = posted.post(events)
        took_s = monotonic() - began
        sleep(max(0.0, FROZEN_S - took_s))
    field.count("answer_meanwhile", answer, holds=answer in MEANWHILE)
    field.count("answered_in_s", round(took_s, 2), holds=took_s < SOON_S)
    after = again_until_kept(lambda: posted.post(events))[-1]
    field.count("answer_after", after, holds=after == OK)
    decided(field, job, 120)
    one_effect(field, job)


@drill(29, about_s=45)
def database_sessions_ended(field: DrillField) -> None:
    """Every session of the product's database is ended while a deal is worked on."""
    job = make(field, "Sessions ended")
    post_until_kept(field)
    with field.fault():
        ended = _end_sessions()
    field.count("sessions_ended", ended, holds=ended > 0)
    connections.close_all()  # ours was among them
    comes_through(field, job)


@drill(29, about_s=60)
def database_restarted(field: DrillField) -> None:
    """PostgreSQL is killed and starts again by itself."""
    job = make(field, "Database restarted")
    events, posted = waiting(field), sender(field)
    with field.fault():
        product.send("postgres", signal.SIGKILL)
        answer = posted.post(events)
    field.count("answer_meanwhile", answer, holds=answer in MEANWHILE)
    after = again_until_kept(lambda: posted.post(events))[-1]
    field.count("answer_after", after, holds=after == OK)
    _until_database(field)
    comes_through(field, job, 150)


def _end_sessions() -> int:
    """End the sessions of the app's role, as that role may. Return their number."""
    statement = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE usename = current_user AND pid <> pg_backend_pid()"
    )
    options = connections["default"].get_connection_params()
    with psycopg.connect(
        host=options.get("host"),
        port=options.get("port"),
        dbname=options["dbname"],
        user=options["user"],
        password=options["password"],
        autocommit=True,
    ) as session:
        row = session.execute(statement).fetchone()
    return int(row[0]) if row else 0


def _until_database(field: DrillField) -> None:
    """Wait until the database answers this process again."""

    def answers() -> bool:
        connections.close_all()
        try:
            connections["default"].ensure_connection()
        except (OperationalError, InterfaceError):
            return False
        return True

    field.walk.transcript.wait("the database answers", answers, 60, "See var/log/postgres.log.")
