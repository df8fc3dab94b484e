"""Dumps of the database, taken before its schema changes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from psycopg.conninfo import make_conninfo

from config.storage import databases


class DumpFailed(Exception):
    """No dump was written. The message holds the output of pg_dump."""


def dump(program: str, url: str, target: Path) -> None:
    """
    Write a dump of the database at ``url``, completely or not at all.

    :raises DumpFailed: with the output of pg_dump
    """
    parts = databases.parse(url)
    # The password is in the environment, because other users of the machine can read arguments.
    environ = {**os.environ, "PGPASSWORD": parts.pop("password", "")}
    fresh = target.with_suffix(".partial")
    command = [
        program,
        "--format=custom",
        "--no-password",
        f"--file={fresh}",
        make_conninfo(**parts),
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environ)
    if done.returncode:
        fresh.unlink(missing_ok=True)
        raise DumpFailed(f"{program} said: {done.stderr.strip()}")
    fresh.chmod(0o600)
    fresh.replace(target)
