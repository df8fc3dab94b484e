"""Processes of the running product, found below the process of `make run`."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

from config.embedded import running
from config.paths import var_dir
from config.up import WORKERS
from demo.walkthrough.transcript import StepFailed

PROC = Path("/proc")
# The word of its command line by which each process is known.
MARKS = {"config.wsgi": "web", "beat": "beat", **{f"{name}@%h": name for name in WORKERS}}
SERVERS = {"valkey-server": "valkey", "postgres": "postgres"}  # by their program


def process(name: str) -> int:
    """
    Return the id of a process that `make run` started.

    :raises StepFailed: if it did not start such a process on this var/
    """
    found = running.read(var_dir())
    if found is not None:
        for pid in _children(found.pid):
            if _named(pid) == name:
                return pid
    raise StepFailed(
        f"`make run` has no process “{name}” here. Drills of processes need a product that "
        f"`make run` started with its own servers."
    )


def send(name: str, number: signal.Signals) -> int:
    """Send a signal to a process and all of its children. Return the id of the process."""
    pid = process(name)
    for each in reversed([pid, *_descendants(pid)]):
        _signal(each, number)
    return pid


def thaw(pid: int) -> None:
    """Let a stopped process and its children go on."""
    for each in [pid, *_descendants(pid)]:
        _signal(each, signal.SIGCONT)


def is_there(pid: int) -> bool:
    return (PROC / str(pid)).exists()


def memory_bytes() -> int:
    """Return the proportional set size of all processes of the product."""
    found = running.read(var_dir())
    return sum(_pss(pid) for pid in _descendants(found.pid)) if found else 0


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:  # it ended meanwhile
        return


def _named(pid: int) -> str:
    words = _read(PROC / str(pid) / "cmdline").split("\0")
    known = [name for mark, name in MARKS.items() if mark in words]
    if known:
        return known[0]
    # Valkey writes its address behind its name, in the same word.
    program = words[0].partition(" ")[0]
    return SERVERS.get(Path(program).name, "")


def _descendants(pid: int) -> list[int]:
    found = []
    for child in _children(pid):
        found += [child, *_descendants(child)]
    return found


def _children(pid: int) -> Iterator[int]:
    for folder in PROC.glob("[0-9]*"):
        # The name of the program stands in brackets and may hold any character.
        fields = _read(folder / "stat").rpartition(")")[2].split()
        if fields[1:2] == [str(pid)]:
            yield int(folder.name)


def _pss(pid: int) -> int:
    for line in _read(PROC / str(pid) / "smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:  # the process ended, or belongs to another user
        return ""
