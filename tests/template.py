"""
Databases that every worker of a run copies: the migrated one, of which a dump is kept for the next
run, and those of earlier versions.

Migrating takes half a minute of processor time, a restored dump two seconds. A dump is taken up
only if the migrations are the same; what follows each migrate (rights, groups, triggers) is done in
either case.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connections
from psycopg import sql

from config.embedded import identity, places, postgres
from config.storage import databases
from routing.flows.versions import published
from tests.plugin import APP, DATABASE, EMBEDDED, OWNER

ROOT = Path(__file__).resolve().parents[1]
# What decides how a migrated database looks: the migrations, ours and those of what is installed.
SOURCES = ("*/migrations/*.py", "requirements/dev.txt")


def migrated_template(superuser_dsn: str, cache: Any) -> str:
    """Return the name of the database."""
    return made_once(
        superuser_dsn, f"{DATABASE}_template", lambda name: _migrate(name, _kept(cache))
    )


def made_once(superuser_dsn: str, name: str, fill: Callable[[str], None]) -> str:
    """
    Return the name of a database for all workers of a run to copy: the first worker to come makes
    it, and the others wait for it.

    It is made under another name, so that the work of one that failed is not taken for whole.
    """
    making = f"{name}_making"
    with psycopg.connect(superuser_dsn, autocommit=True) as superuser:
        superuser.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
        known = superuser.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if known.fetchone():
            return name
        superuser.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(making))
        )
        postgres.furnish_database(superuser_dsn, making, owner=OWNER, app=APP)
        fill(making)
        superuser.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*map(sql.Identifier, (making, name)))
        )
    return name


def copy_database(superuser_dsn: str, template: str, name: str) -> None:
    with psycopg.connect(superuser_dsn, autocommit=True) as superuser:
        superuser.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                *map(sql.Identifier, (name, template, OWNER))
            )
        )
    postgres.furnish_database(superuser_dsn, name, owner=OWNER, app=APP)  # rights are not copied


def drop_database(superuser_dsn: str, name: str) -> None:
    with psycopg.connect(superuser_dsn, autocommit=True) as superuser:
        superuser.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _migrate(name: str, kept: Path | None) -> None:
    known = kept is not None and kept.exists()
    if known:
        _run("pg_restore", name, "--exit-on-error", str(kept))
    with at_database(name):
        call_command("migrate", verbosity=0, interactive=False)
    if kept is not None and not known:
        for older in kept.parent.glob("*.dump"):
            older.unlink(missing_ok=True)
        part = kept.with_suffix(f".{os.getpid()}")
        _run("pg_dump", name, "--format=custom", f"--file={part}")
        part.rename(kept)


def _kept(cache: Any) -> Path | None:
    """Return where the dump is kept; None with a server of the caller's own."""
    if not EMBEDDED or cache is None:
        return None
    digest = sha256()
    for path in sorted(each for pattern in SOURCES for each in ROOT.glob(pattern)):
        digest.update(path.name.encode() + path.read_bytes())
    folder: Path = cache.mkdir("databases")
    return folder / f"{digest.hexdigest()[:16]}.dump"


def _run(program: str, name: str, *options: str) -> None:
    found = places.postgres_programs(identity.choose()) / program
    parts = databases.parse(os.environ["TEST_SUPERUSER_URL"])
    environ = {"PGPASSWORD": parts["password"]}
    command = [str(found), "-h", parts["host"], "-U", parts["user"], "-d", name, *options]
    subprocess.run(command, env=environ, check=True)


@contextmanager
def at_database(name: str) -> Iterator[None]:
    """Let both roles work there for a while."""
    own = connections["default"].settings_dict["NAME"]
    try:
        use_database(name)
        yield
    finally:
        use_database(own)


def use_database(name: str) -> None:
    """Let both roles work there, and forget what was remembered of another database's ids."""
    for alias in ("default", "owner"):
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name
    ContentType.objects.clear_cache()
    published.cache_clear()
