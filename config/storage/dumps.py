"""Dumps of the database, taken before its schema changes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from psycopg.conninfo import make_conninfo

from config.storage import databases


class DumpFailed(Exception):
    """Nothing was written; the message holds what pg_dump said."""


def dump(program: str, url: str, target: Path) -> None:
    """
    Write a pg_dump of ``url``, complete or not at all.

    :raises DumpFailed: with what pg_dump said
    """
    parts = databases.parse(url)
    # The password goes by environment: anybody on the machine can read arguments.
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
