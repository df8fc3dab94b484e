"""Faults inside: processes that are killed or frozen, and servers that hang up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from time import monotonic, sleep

import psycopg
from django.db import connections
from django.db.utils import InterfaceError, OperationalError
from redis import Redis

from config.embedded import running
from config.paths import ROOT
from delivery.models import Request
from delivery.requests.operations import requests
from demo.drills import product
from demo.drills.deals import (
    IN_STEP_S,
    OK,
    at_once,
    decided,
    make,
    one_effect,
    post_until_kept,
    sender,
    told,
    waiting,
)
from demo.drills.registry import DrillField, drill
from demo.walkthrough.people import by
from demo.walkthrough.transcript import StepFailed
from demo.walkthrough.walk import now
from integrations.base.adapter import CallFailed
from integrations.http.client import SafeClient
from routing.models import Escalation

SOON_S = 5.0  # by when a sender has to be answered: HubSpot waits no longer
FROZEN_S = 10.0
KILLS = 3
INSIDE = (
    "http://127.0.0.1:8000",
    "http://2130706433:8000",
    "http://0177.0.0.1:8000",
    "http://[::ffff:127.0.0.1]:8000",
    "http://[64:ff9b::7f00:1]:8000",
    "http://169.254.169.254",
    "http://localhost:8000",
)


def _still_works(field: DrillField, name: str, within_s: float = 150) -> None:
    """Check that a new deal comes through from the webhook to the CRM, once."""
    job = make(field, name)
    post_until_kept(field)
    decided(field, job, within_s)
    told(field, job, within_s)
    one_effect(field, job)


@drill(22, about_s=45)
def web_killed(field: DrillField) -> None:
    """The web server is killed while deliveries arrive. Their sender sends them again."""
    job = make(field, "Web killed")
    events, posted = waiting(field), sender(field)
    with field.fault():
        pid = product.send("web", signal.SIGKILL)
        field.walk.transcript.wait("it is gone", lambda: not product.is_there(pid), 20, "")
        answer = posted.post(events)
        field.count("answer_while_gone", answer, holds=answer != OK)
        until = monotonic() + 90
        while (answer := posted.post(events)) != OK and monotonic() < until:
            sleep(1)
    field.count("answer_after", answer, holds=answer == OK)
    decided(field, job)
    one_effect(field, job)


@drill(25, about_s=90)
def workers_killed(field: DrillField) -> None:
    """The workers are killed three times while a deal is worked on and told."""
    job = make(field, "Workers killed")
    post_until_kept(field)
    began = monotonic()
    with field.fault():
        for _ in range(KILLS):
            for name in ("worker", "worker-outbound", "worker-slow"):
                with suppress(StepFailed):  # the last one is not back yet
                    product.send(name, signal.SIGKILL)
            sleep(2)
    decided(field, job, 150)
    told(field, job, 150)
    field.count("recovered_s", round(monotonic() - began, 1), holds=True)
    one_effect(field, job)


@drill(27, about_s=60)
def broker_frozen(field: DrillField) -> None:
    """Valkey is frozen for ten seconds while deals come in, and forgets everything."""
    job = make(field, "Broker frozen")
    pid = product.process("valkey")
    with field.fault(lambda: product.thaw(pid)):
        product.send("valkey", signal.SIGSTOP)
        began = monotonic()
        answers = post_until_kept(field)
        took_s = monotonic() - began
        sleep(FROZEN_S)
    field.count("answers", answers, holds=answers[-1] == OK)
    field.count("answered_in_s", round(took_s, 2), holds=took_s < SOON_S)
    with Redis.from_url(os.environ["REDIS_URL"]) as client:
        client.flushall()
    decided(field, job, 120)
    told(field, job, 120)
    one_effect(field, job)


@drill(27, about_s=60)
def broker_killed(field: DrillField) -> None:
    """Valkey is killed while a deal comes in."""
    job = make(field, "Broker killed")
    with field.fault():
        product.send("valkey", signal.SIGKILL)
        answers = post_until_kept(field)
    field.count("answers", answers, holds=answers[-1] == OK)
    decided(field, job, 150)
    told(field, job, 150)
    one_effect(field, job)


@drill(28, about_s=45)
def broker_hangs_up(field: DrillField) -> None:
    """Valkey ends every connection, ten times."""
    job = make(field, "Broker hangs up")
    with field.fault(), Redis.from_url(os.environ["REDIS_URL"]) as client:
        post_until_kept(field)
        for _ in range(10):
            client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            sleep(0.3)
    decided(field, job, 120)
    told(field, job, 120)
    one_effect(field, job)


@drill(29, about_s=60)
def database_frozen(field: DrillField) -> None:
    """PostgreSQL is frozen for ten seconds: the sender is asked to come again, in time."""
    job = make(field, "Database frozen")
    events, posted = waiting(field), sender(field)
    pid = product.process("postgres")
    with field.fault(lambda: product.thaw(pid)):
        product.send("postgres", signal.SIGSTOP)
        began = monotonic()
        answer = posted.post(events)
        took_s = monotonic() - began
        sleep(max(0.0, FROZEN_S - took_s))
    field.count("answer_meanwhile", answer, holds=answer in {0, 503})
    field.count("answered_in_s", round(took_s, 2), holds=took_s < SOON_S)
    _comes_through(field, lambda: posted.post(events))
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
    decided(field, job, 120)
    told(field, job, 120)
    one_effect(field, job)


@drill(29, about_s=60)
def database_restarted(field: DrillField) -> None:
    """PostgreSQL is killed and starts again by itself."""
    job = make(field, "Database restarted")
    events, posted = waiting(field), sender(field)
    with field.fault():
        product.send("postgres", signal.SIGKILL)
        answer = posted.post(events)
    field.count("answer_meanwhile", answer, holds=answer in {0, 503})
    _comes_through(field, lambda: posted.post(events))
    _until_database(field)
    decided(field, job, 150)
    told(field, job, 150)
    one_effect(field, job)


@drill(34, about_s=90)
def beat_frozen(field: DrillField) -> None:
    """Beat is frozen for a minute: what was due meanwhile happens once when it goes on."""
    pid = product.process("beat")
    with field.fault(lambda: product.thaw(pid)):
        product.send("beat", signal.SIGSTOP)
        job = make(field, "Beat frozen")
        post_until_kept(field)
        decided(field, job, 120)
        until = monotonic() + 60
        field.walk.transcript.wait("a minute has passed", lambda: monotonic() > until, 70, "")
    told(field, job, 120)
    one_effect(field, job)
    _still_works(field, "After beat")


@drill(33, about_s=60)
def two_beats(field: DrillField) -> None:
    """A second beat runs beside the first for half a minute: each thing is still done once."""
    job = make(field, "Two beats")
    command = [sys.executable, "-m", "celery", "-A", "config.celery", "beat", "--pidfile="]
    environ = {**os.environ, **running.environment()}
    with (
        subprocess.Popen(
            command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as second,
        field.fault(second.kill),
    ):
        post_until_kept(field)
        decided(field, job)
        told(field, job)
        until = monotonic() + 30
        field.walk.transcript.wait("half a minute", lambda: monotonic() > until, 40, "")
    one_effect(field, job)
    levels = Escalation.objects.filter(clock__item__run=job.run)
    twice = levels.count() - levels.values("clock", "level").distinct().count()
    field.count("levels_told_twice", twice, holds=twice == 0)


@drill(32, about_s=20)
def two_at_once(field: DrillField) -> None:
    """Two people accept the same request at the same moment: one does, the other is told."""
    job = make(field, "Two at once")
    post_until_kept(field)
    decided(field, job)
    request = Request.objects.get(item__run=job.run)
    cast = field.walk.cast
    actors = [by(cast.account), by(cast.second)]

    def accept(place: int) -> int:
        try:
            [result] = requests.accept([request.pk], by=actors[place], at=now())
        finally:
            connections.close_all()
        return int(result.done)

    with field.fault():
        done, _p95 = at_once(2, accept, 2)
    field.count("accepted", sum(done), holds=sum(done) == 1)
    rows = request.history.filter(state=Request.State.ACCEPTED).count()
    field.count("history_rows", rows, holds=rows == 1)


def _comes_through(field: DrillField, post: Callable[[], int]) -> None:
    until, answer = monotonic() + 90, 0
    while answer != OK and monotonic() < until:
        answer = post()
        if answer != OK:
            sleep(IN_STEP_S / 5)
    field.count("answer_after", answer, holds=answer == OK)


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


@drill(52, about_s=5)
def inside_addresses(field: DrillField) -> None:
    """Addresses of our own network are given as those of a site: none is ever contacted."""
    with field.fault():
        reached = [address for address in INSIDE if _reaches(address)]
    field.count("reached", reached, holds=not reached)


def _reaches(address: str) -> bool:
    try:
        with SafeClient(address, total_s=5) as client:
            client.get("/healthz")
    except CallFailed:
        return False
    return True
