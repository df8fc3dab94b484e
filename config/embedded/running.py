"""Files of `make run` in var/ for other processes: its lock, address and environment."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from config.paths import var_dir


@dataclass(frozen=True, slots=True)
class Running:
    pid: int
    url: str


class AlreadyRunning(Exception):
    """Another supervisor has locked this var/."""


def lock(var: Path, me: Running) -> int:
    """
    Lock var/ until this process ends.

    The kernel releases the lock however the process ends, so no stale file can block a start.

    :raises AlreadyRunning: if another process has the lock; the message names its pid and URL
    """
    held = os.open(var / "run.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        other = read(var)
        who = f"pid {other.pid}, {other.url}" if other else "it is still starting"
        raise AlreadyRunning(
            f"Throughline already runs on {var} ({who}). Stop it first, or set VAR_DIR to another "
            f"folder."
        ) from None
    write_private(var / "run.json", json.dumps(asdict(me)))
    (var / "run.env").unlink(missing_ok=True)
    return held


def read(var: Path) -> Running | None:
    """Return what runs on var/, or None."""
    try:
        return Running(**json.loads((var / "run.json").read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def publish(var: Path, environ: Mapping[str, str]) -> None:
    """Write the environment for `manage.py`, so that its commands use the same servers."""
    write_private(var / "run.env", json.dumps(dict(environ), indent=1))


def retire(var: Path) -> None:
    (var / "run.env").unlink(missing_ok=True)
    (var / "run.json").unlink(missing_ok=True)


def environment() -> dict[str, str]:
    """Return the environment of the product that runs on this var/, or an empty one."""
    try:
        found: dict[str, str] = json.loads((var_dir() / "run.env").read_text())
    except FileNotFoundError:
        return {}
    return found


def write_private(path: Path, content: str | bytes) -> None:
    """Replace a file by ``content``. It is never readable by others, not even for a moment."""
    # O_EXCL refuses a file or a link that somebody else placed there meanwhile.
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
