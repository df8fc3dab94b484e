"""What becomes of a worker's children."""

from __future__ import annotations

import subprocess
import sys

from config.paths import ROOT

LATE = """
import os, time
from celery import signals
import config.celery

signals.worker_init.send(sender=None)
worker = os.getpid()
if os.fork():
    os._exit(0)
while os.getppid() == worker:
    time.sleep(0.01)
signals.worker_process_init.send(sender=None)
print("outlived its worker", flush=True)
"""


def test_a_child_that_begins_after_its_worker_was_killed_ends_too() -> None:
    """Seen after kill -9 of a product that had just become ready: two children stayed."""
    done = subprocess.run(
        [sys.executable, "-c", LATE],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,  # until the child has ended as well
        text=True,
        timeout=60,
        check=True,
    )

    assert not done.stdout, done.stderr
