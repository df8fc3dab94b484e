"""Valkey and the product's processes, started for one measurement as `make run` starts them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from config.embedded import processes, valkey
from config.up import ALONE, QUEUES

PYTHON = (sys.executable, "-W", "ignore", "-m")
CELERY = (*PYTHON, "celery", "-A", "bench.work")
WORKER = (*CELERY, "worker", "-Q", QUEUES, "-c", "2", *ALONE)
BEAT = (*CELERY, "beat", "--pidfile=")


def var_dir() -> Path:
    """Return the product's folder of this run, which holds all logs."""
    var = Path(os.environ["VAR_DIR"])
    var.mkdir(parents=True, exist_ok=True)
    return var


def store(stack: ExitStack) -> valkey.Valkey:
    """Start a Valkey that stops with the stack."""
    var = var_dir()
    found = valkey.Valkey(var / "valkey", var / "valkey.socket")
    stack.callback(_stop, valkey.wait(found, var / "valkey.log"))
    return found


def environment(store: valkey.Valkey, more: Mapping[str, str]) -> dict[str, str]:
    """Return ours without the owner's password, which no process of the product has."""
    environ = {**os.environ, "REDIS_URL": store.url, **more}
    del environ["DATABASE_OWNER_URL"]
    return environ


def start(stack: ExitStack, name: str, command: Sequence[str], environ: Mapping[str, str]) -> None:
    """Start a process that stops with the stack."""
    log = stack.enter_context((var_dir() / f"{name}.log").open("ab"))
    process = subprocess.Popen(
        command,
        env=environ,
        stdout=log,
        stderr=log,
        start_new_session=True,
        preexec_fn=processes.tied(signal.SIGTERM),  # noqa: PLW1509 - only the child can tie itself to us
    )
    stack.callback(_stop, process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(60)
