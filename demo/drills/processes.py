"""Faults of our own processes: killed, frozen, or there twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from time import monotonic, sleep

from config.embedded import running
from config.paths import ROOT
from config.up import WORKERS
from demo.drills import product
from demo.drills.deals import (
    OK,
    again_until_kept,
    comes_through,
    decided,
    make,
    one_effect,
    post_until_kept,
    sender,
    told,
    waiting,
)
from demo.drills.registry import DrillField, drill
from demo.walkthrough.transcript import StepFailed
from routing.models import Notification

KILLS = 3


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
        answer = again_until_kept(lambda: posted.post(events))[-1]
    field.count("answer_after", answer, holds=answer == OK)
    decided(field, job)
    one_effect(field, job)


@drill(25, about_s=90)
def workers_killed(field: DrillField) -> None:
    """The workers are killed three times while a deal is processed and reported back."""
    job = make(field, "Workers killed")
    post_until_kept(field)
    began = monotonic()
    with field.fault():
        for _ in range(KILLS):
            for name in WORKERS:
                with suppress(StepFailed):  # the last one is not back yet
                    product.send(name, signal.SIGKILL)
            sleep(2)
    comes_through(field, job, 150)
    field.count("recovered_s", round(monotonic() - began, 1), holds=True)


@drill(34, about_s=90)
def beat_frozen(field: DrillField) -> None:
    """Beat is frozen for a minute: what was due meanwhile happens once when it continues."""
    pid = product.process("beat")
    with field.fault(lambda: product.thaw(pid)):
        product.send("beat", signal.SIGSTOP)
        job = make(field, "Beat frozen")
        post_until_kept(field)
        decided(field, job, 120)
        field.watch(60)
    comes_through(field, job)
    after = make(field, "After beat")
    post_until_kept(field)
    comes_through(field, after, 150)


@drill(33, about_s=60)
def two_beats(field: DrillField) -> None:
    """A second beat runs beside the first for half a minute: everything is still done once."""
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
        field.watch(30)
    one_effect(field, job)
    sent = Notification.objects.filter(item__run=job.run)
    twice = sent.count() - sent.values("item", "recipient", "words").distinct().count()
    field.count("told_twice", twice, holds=twice == 0)
