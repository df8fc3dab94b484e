"""An embedded PostgreSQL on a unix socket, with a password for each role."""

from __future__ import annotations

import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from config.embedded import places, processes
from config.embedded.identity import Identity
from config.storage import databases

SUPERUSER, OWNER, APP = "postgres", "throughline_owner", "throughline_app"
DATABASE = "throughline"
START_TIMEOUT_S = 20
_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_wal_size=2GB")
_ENVIRON = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/"}


@dataclass(frozen=True, slots=True)
class Postgres:
    data: Path
    socket: Path
    programs: Path
    identity: Identity
    passwords: dict[str, str]  # by role
    durable: bool = True

    def prepare(self) -> None:
        """
        Create the cluster unless it exists.

        The password is passed in a private file, because arguments are visible to other users.
        """
        if (self.data / "PG_VERSION").exists():
            return
        with tempfile.NamedTemporaryFile("w", dir=self.socket) as secret:
            secret.write(self.passwords[SUPERUSER])
            secret.flush()
            self.identity.own(Path(secret.name))
            command = [
                str(self.programs / "initdb"),
                "-D",
                str(self.data),
                "-U",
                SUPERUSER,
                f"--pwfile={secret.name}",
            ]
            options = [
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-instructions",
            ]
            self._run([*command, *options, *([] if self.durable else ["--no-sync"])])

    def command(self) -> list[str]:
        settings = ["listen_addresses=", "max_connections=100", *([] if self.durable else _FAST)]
        flags: list[str] = []
        for setting in settings:
            flags += ["-c", setting]
        return [
            str(self.programs / "postgres"),
            "-D",
            str(self.data),
            "-k",
            str(self.socket),
            *flags,
        ]

    def start(self, log: Path) -> subprocess.Popen[bytes]:
        with log.open("ab") as out:
            # SIGINT is PostgreSQL's fast shutdown: it ends sessions and writes a checkpoint.
            # SIGTERM would wait for clients.
            return subprocess.Popen(
                self.command(),
                stdout=out,
                stderr=out,
                cwd="/",
                env=_ENVIRON,
                start_new_session=True,
                preexec_fn=processes.tied(signal.SIGINT, self.identity.before),
                **self.identity.popen(),
            )

    def ready(self) -> bool:
        command = [str(self.programs / "pg_isready"), "-q", "-h", str(self.socket)]
        return subprocess.run(command, check=False, env=_ENVIRON).returncode == 0

    def url(self, role: str, dbname: str = DATABASE) -> str:
        return databases.build(
            user=role, password=self.passwords[role], host=str(self.socket), dbname=dbname
        )

    def _run(self, command: list[str]) -> None:
        done = subprocess.run(
            command, check=False, capture_output=True, cwd="/", env=_ENVIRON, text=True,
            preexec_fn=self.identity.before, **self.identity.popen(),
        )  # fmt: skip
        if done.returncode:
            raise OSError(f"{Path(command[0]).name} failed: {done.stderr.strip()}")


def place(
    data: Path, identity: Identity, passwords: dict[str, str], *, durable: bool = True
) -> Postgres:
    where = places.data_dir(data, identity)
    return Postgres(
        where,
        places.socket_dir(identity),
        places.postgres_programs(identity),
        identity,
        passwords,
        durable,
    )


def wait(server: Postgres, log: Path) -> subprocess.Popen[bytes]:
    """
    Start the server, and try again while a killed predecessor still exists.

    :raises OSError: with the end of the server's log
    """
    until = time.monotonic() + START_TIMEOUT_S
    while True:
        process = server.start(log)
        while process.poll() is None and time.monotonic() < until:
            if server.ready():
                return process
            time.sleep(0.03)
        if time.monotonic() >= until:
            process.kill()
            process.wait()
            raise OSError(
                f"PostgreSQL did not start within {START_TIMEOUT_S} s. Its log ends:\n{_tail(log)}"
            )
        time.sleep(0.3)


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-8:])


def furnish(superuser: str, *, owner: tuple[str, str], app: tuple[str, str], dbname: str) -> None:
    """
    Create the two roles (name, password) and the database unless they exist.

    The owner can create tables. The other role can only connect, until migrating grants it more.
    """
    furnish_roles(superuser, owner, app)
    furnish_database(superuser, dbname, owner=owner[0], app=app[0])


def furnish_roles(superuser: str, *roles: tuple[str, str]) -> None:
    with psycopg.connect(superuser, autocommit=True) as connection:
        for role, password in roles:
            known = connection.execute(
                "SELECT 1 FROM pg_roles WHERE rolname = %s", [role]
            ).fetchone()
            verb = sql.SQL("ALTER" if known else "CREATE")
            # The password is set each time, so that it follows the secrets file.
            connection.execute(
                sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}").format(
                    verb, sql.Identifier(role), password
                )
            )


def furnish_database(superuser: str, dbname: str, *, owner: str, app: str) -> None:
    name = sql.Identifier(dbname)
    with psycopg.connect(superuser, autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [dbname])
        if known.fetchone() is None:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(name, sql.Identifier(owner))
            )
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
        connection.execute(
            sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, sql.Identifier(app))
        )
