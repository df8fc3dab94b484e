"""
Real workers, beats and web servers on this test's database, to be killed, stopped and started.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from time import monotonic, sleep
from typing import IO

import psutil
from celery import Celery
from django.apps import apps
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from redis import Redis

from config.celery import BEAT
from config.paths import ROOT
from config.queueing import beats
from config.up import ALONE, QUEUES

PATIENCE_S = 90  # what a slow machine may take; nothing is asserted on speed
CELERY = [sys.executable, "-m", "celery", "-A", "config.celery"]
WORKER = [*CELERY, "worker", "-Q", QUEUES, "-c", "1", *ALONE]
BEATING = [*CELERY, "beat", "--pidfile="]


class Process:
    """One that runs on the database of this test, with what its log says."""

    def __init__(self, command: list[str], **environ: str) -> None:
        self.log: IO[bytes] = TemporaryFile()  # noqa: SIM115  # closed with the process
        self.popen = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environ},
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
        )

    def kill(self) -> None:
        """With -9, and wait until its children are gone with it."""
        family = self._family()
        self.popen.kill()
        self.popen.wait(PATIENCE_S)
        psutil.wait_procs(family, timeout=PATIENCE_S)

    def stop(self) -> int:
        """As a deployment does: ask it to end, and wait."""
        self.popen.terminate()
        return self.ended()

    def ended(self) -> int:
        """Once it was asked to."""
        family = self._family()
        code = self.popen.wait(PATIENCE_S)
        psutil.wait_procs(family, timeout=PATIENCE_S)
        return code

    def said(self) -> str:
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def _family(self) -> list[psutil.Process]:
        try:
            return psutil.Process(self.popen.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []


@contextmanager
def running(*commands: list[str], **environ: str) -> Iterator[list[Process]]:
    """Killed at the end, whatever becomes of them before."""
    made = [Process(command, **environ) for command in commands]
    try:
        yield made
    finally:
        for each in made:
            each.kill()
            each.log.close()


def until(
    holds: Callable[[], bool], what: str = "", meanwhile: Callable[[], object] = lambda: None
) -> None:
    """
    Wait for a condition, doing something ``meanwhile`` once a look; it is an error if it does not
    come.
    """
    end = monotonic() + PATIENCE_S
    while not holds():
        assert monotonic() < end, what or "It did not happen in time."
        meanwhile()
        sleep(0.1)


def ring(app: Celery) -> None:
    """Send all tasks of beat now, unless earlier ones still wait and would only pile up."""
    with Redis.from_url(os.environ["REDIS_URL"]) as broker:
        if any(broker.llen(queue) for queue in QUEUES.split(",")):
            return
    for beat in BEAT:
        app.send_task(beat.task, queue=beat.queue, ignore_result=True)


def beat_every_second() -> None:
    """Beat's table, as a migration writes it, but quicker."""
    beats.sync(apps)
    every, _new = IntervalSchedule.objects.get_or_create(every=1, period="seconds")
    PeriodicTask.objects.filter(name__startswith=beats.PREFIX).update(
        interval=every, expire_seconds=None
    )
