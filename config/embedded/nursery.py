"""
Start Celery's processes from one that has imported the product already.

Each of them would import the same 0.1 GB otherwise. Forked from one, they share it, and start in a
tenth of the time.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from config.embedded import processes
from config.paths import ROOT

IMPORT_TIMEOUT_S = 60
LOOK_S = 0.1
# Command lines are written over that of the first process, which needs the room for them.
ROOM = "-" * 400


class NoNursery(Exception):
    """Nothing can be forked. The message says why."""


class Fork:
    """A process that another one started for us, and that is our child: see ``adopt_orphans``."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self._reap(os.WNOHANG)

    def wait(self, timeout: float | None = None) -> int:
        """:raises subprocess.TimeoutExpired: after ``timeout`` seconds"""
        until = None if timeout is None else time.monotonic() + timeout
        while (code := self._reap(os.WNOHANG)) is None:
            if until is not None and time.monotonic() > until:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            time.sleep(LOOK_S / 10)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def _reap(self, options: int) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, options)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


@dataclass
class Nursery:
    """
    The process that imports the product once. It is started when it is needed, and again if it
    ended.

    :ivar check: called while we wait; it may raise to give up
    """

    log: Path
    check: Callable[[], None]
    _process: subprocess.Popen[bytes] | None = None
    _wire: socket.socket = field(default_factory=socket.socket)

    def fork(self, command: Sequence[str], environ: Mapping[str, str], log: Path) -> Fork:
        """
        Start ``command``, a ``python -m celery``.

        :param environ: of the nursery, so the same for every command
        :raises NoNursery: if it cannot import the product
        """
        if self._process is None or self._process.poll() is not None:
            self._begin(environ)
        order = {"command": list(command), "log": str(log), "parent": os.getpid()}
        try:
            self._wire.send(json.dumps(order).encode())
            return Fork(int(self._answer()))
        except (OSError, ValueError) as error:
            raise NoNursery(f"it did not answer: {error}") from error

    def close(self) -> None:
        """End the process. What it forked goes on."""
        self._wire.close()
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(LOOK_S)
            self._process.kill()
            self._process.wait()

    def _begin(self, environ: Mapping[str, str]) -> None:
        processes.adopt_orphans()
        self._wire.close()
        self._wire, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "config.queueing.forks", str(theirs.fileno()), ROOM],
                env=environ,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                preexec_fn=processes.tied(signal.SIGKILL),
            )

    def _answer(self) -> bytes:
        until = time.monotonic() + IMPORT_TIMEOUT_S
        while not select.select([self._wire], [], [], LOOK_S)[0]:
            self.check()
            if time.monotonic() > until:
                raise NoNursery(f"it did not answer within {IMPORT_TIMEOUT_S} s")
        return self._wire.recv(100)
