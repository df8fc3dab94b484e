"""The services of `make run`: embedded ones, or those named in the environment."""

from __future__ import annotations

import json
import os
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

from config.embedded import identity, places, postgres, valkey
from config.embedded.running import write_private
from config.embedded.supervise import Child, Supervisor


class Misnamed(Exception):
    """The environment names only one of two addresses that belong together."""


@dataclass(frozen=True, slots=True)
class Services:
    database_url: str
    owner_url: str
    redis_url: str
    pg_dump: str
    embedded: bool  # whether the database is embedded

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of the product, which never has the owner's address."""
        given = {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}
        if self.embedded:
            given["EMBEDDED"] = "true"
        return given


def start(var: Path, passwords: dict[str, str], supervisor: Supervisor) -> Services:
    """
    Start the services that are not named in the environment, under the supervisor.

    :raises Misnamed: if only one of the two database addresses is given
    """
    _sweep_sockets(var)
    app = os.environ.get("DATABASE_URL", "")
    owner = os.environ.get("DATABASE_OWNER_URL", "")
    redis = os.environ.get("REDIS_URL", "")
    if bool(app) != bool(owner):
        raise Misnamed(
            "Set both DATABASE_URL (the role that runs) and DATABASE_OWNER_URL (the role that "
            "migrates), or neither."
        )
    pg_dump, embedded = "pg_dump", not app
    if embedded:
        server = _postgres(var, passwords, supervisor)
        app, owner = server.url(postgres.APP), server.url(postgres.OWNER)
        pg_dump = str(server.programs / "pg_dump")
    redis = redis or _valkey(var, supervisor)
    return Services(app, owner, redis, pg_dump, embedded)


def _postgres(var: Path, passwords: dict[str, str], supervisor: Supervisor) -> postgres.Postgres:
    log = var / "log" / "postgres.log"
    server = postgres.place(var / "postgres", identity.choose(), passwords)
    _remember_socket(var, server.socket)
    if not (server.data / "PG_VERSION").exists():
        (var / "demo-loaded").unlink(missing_ok=True)
    server.prepare()
    child = Child(
        "postgres", lambda: server.start(log), signal.SIGINT, patience_s=60, may_be_cut=False
    )
    supervisor.add(child.adopt(postgres.wait(server, log)))
    roles = {name: (name, passwords[name]) for name in (postgres.OWNER, postgres.APP)}
    superuser = server.url(postgres.SUPERUSER, "postgres")
    postgres.furnish(
        superuser, owner=roles[postgres.OWNER], app=roles[postgres.APP], dbname=postgres.DATABASE
    )
    return server


def _valkey(var: Path, supervisor: Supervisor) -> str:
    log = var / "log" / "valkey.log"
    folder = places.socket_dir(identity.Identity(os.geteuid(), os.getegid()))
    _remember_socket(var, folder)
    server = valkey.Valkey(var / "valkey", folder / "valkey")
    child = Child("valkey", lambda: server.start(log), patience_s=30, may_be_cut=False)
    supervisor.add(child.adopt(valkey.wait(server, log)))
    return server.url


def _remember_socket(var: Path, folder: Path) -> None:
    note = var / "sockets.json"
    known = json.loads(note.read_text()) if note.exists() else []
    write_private(note, json.dumps([*known, str(folder)]))


def _sweep_sockets(var: Path) -> None:
    """Remove the socket folders of earlier runs that were killed."""
    note = var / "sockets.json"
    if not note.exists():
        return
    for folder in json.loads(note.read_text()):
        shutil.rmtree(folder, ignore_errors=True)
    note.unlink(missing_ok=True)


def clear(var: Path) -> None:
    """Remove what is left after everything has stopped."""
    _sweep_sockets(var)
