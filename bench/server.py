"""
A PostgreSQL for one run, with the durability of production, migrated by its owner and used as the
app's role.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.fernet import Fernet

from config.embedded import identity, postgres


@contextmanager
def running() -> Iterator[postgres.Postgres]:
    """Start it and let the environment name it, for settings that are read afterwards."""
    base = Path(tempfile.mkdtemp(prefix="throughline-bench-"))
    base.chmod(0o711)  # PostgreSQL may run as nobody
    passwords = {
        role: secrets.token_urlsafe(18)
        for role in (postgres.SUPERUSER, postgres.OWNER, postgres.APP)
    }
    server = postgres.place(base / "postgres", identity.choose(), passwords, durable=True)
    try:
        server.prepare()
        process = postgres.wait(server, base / "postgres.log")
        try:
            _furnish(server)
            os.environ |= _environment(server, base)
            yield server
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)
    finally:
        for folder in (base, server.socket, server.data):
            shutil.rmtree(folder, ignore_errors=True)


def _furnish(server: postgres.Postgres) -> None:
    owner, app = ((role, server.passwords[role]) for role in (postgres.OWNER, postgres.APP))
    postgres.furnish(
        server.url(postgres.SUPERUSER, "postgres"), owner=owner, app=app, dbname=postgres.DATABASE
    )


def _environment(server: postgres.Postgres, base: Path) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "VAR_DIR": str(base / "var"),
        "DATABASE_URL": server.url(postgres.APP),
        "DATABASE_OWNER_URL": server.url(postgres.OWNER),
        "REDIS_URL": "unix:///nobody-listens-here?db=0",
        "SITE_URL": "http://bench.invalid",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "ERASURE_KEY": secrets.token_urlsafe(48),
        "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "STATIC_HASHED": "false",
        "LOG_LEVEL": "WARNING",
    }
