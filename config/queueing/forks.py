"""
Import the product once, and fork Celery's processes from that when `make run` asks for one.

Started as ``python -m config.queueing.forks WIRE ROOM`` by ``config.embedded.nursery``.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from celery.__main__ import main as celery
from django.urls import get_resolver

from config.celery import app
from config.embedded import processes

# What Celery imports only once it knows what it is to be.
LATER = (
    "celery.apps.beat",
    "celery.apps.worker",
    "celery.bin.celery",
    "celery.concurrency.prefork",
    "celery.worker.consumer",
    "django_celery_beat.schedulers",
)
ADOPTED_WITHIN_S = 10
# Where the command line lies in memory: fields 48 and 49 of /proc/self/stat, two before a bracket.
_ARGUMENTS = slice(45, 47)


def serve(wire: socket.socket) -> Sequence[str]:
    """
    Answer each order with the id of a process, until nobody can send any more.

    It returns in each of these processes, with the command that it is to be; else with nothing.
    """
    while order := wire.recv(10_000):
        # The collector would write into each object, and so make a copy of it in each process.
        gc.collect()
        gc.freeze()
        told, tell = os.pipe()
        between = os.fork()
        if not between:
            _fork_once_more(tell)
            wire.close()
            return _begun(json.loads(order))
        os.close(tell)
        os.waitpid(between, 0)  # from here on, whoever asked is its parent
        wire.send(os.read(told, 20))
        os.close(told)
    return ()


def _fork_once_more(tell: int) -> None:
    """Fork and end, so that the process becomes a child of whoever asked for it."""
    between = os.getpid()
    made = os.fork()
    if made:
        os.write(tell, str(made).encode())
        os._exit(0)
    os.close(tell)
    until = time.monotonic() + ADOPTED_WITHIN_S
    while os.getppid() == between and time.monotonic() < until:
        time.sleep(0.001)


def _begun(order: dict[str, Any]) -> Sequence[str]:
    """Lead a session, end with the parent, and write into a log of its own."""
    os.setsid()
    processes.die_with(order["parent"], signal.SIGKILL)
    log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    command: Sequence[str] = order["command"]
    return command


def name(command: Sequence[str]) -> None:
    """Write a command line over the one that this process was started with, for those who look."""
    fields = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    start, end = (int(number) for number in fields[_ARGUMENTS])
    line = b"\0".join(word.encode() for word in command) + b"\0"
    room = end - start
    ctypes.memmove(start, line[:room].ljust(room, b"\0"), room)


def main() -> None:
    wire = socket.socket(fileno=int(sys.argv[1]))
    app.loader.import_default_modules()
    get_resolver().url_patterns  # noqa: B018 - what most tasks import later
    for each in LATER:
        import_module(each)
    command = serve(wire)
    if command:
        name(command)
        # ``python -m celery`` and what follows it.
        sys.argv = ["celery", *command[3:]]
        celery()


if __name__ == "__main__":
    main()
