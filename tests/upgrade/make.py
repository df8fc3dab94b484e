"""
Make the database of a version as its product leaves it, for later code to upgrade: `python -m
tests.upgrade.make first_version`.

Run it on that version's commit, from the checkout. It starts the product on a var/ of its own, with
most of the demo and two deals of the sandbox, waits until everything is sealed and stops it. Then
work is begun that nobody finishes (`tests.upgrade.unfinished`). It writes
`tests/upgrade/<name>.sql.gz`, what the systems outside held, and the demo's first sign-in.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from config.embedded import identity, keys, places, postgres
from config.paths import ROOT
from config.storage import databases

HERE = Path(__file__).resolve().parent
PORT, SANDBOX_PORT, CMS_PORT = "8461", "8462", "8463"
# The keys of nobody: they open only this dump.
KEYS = {
    "SECRET_KEY": "upgrade-" * 8,
    "ERASURE_KEY": "upgrade-" * 8,
    "ENCRYPTION_KEYS": "dXBncmFkZS11cGdyYWRlLXVwZ3JhZGUtdXBncmFkZS0=",
}
TOKEN, CMS_TOKEN = "upgrade-token", "author:upgrade-token"
# Psql's, which nothing but psql understands.
META_COMMANDS = re.compile(r"^\\(un)?restrict .*\n", re.MULTILINE)
PATIENCE_S = 180


def manage(environ: dict[str, str], *words: str) -> str:
    command = [sys.executable, str(ROOT / "manage.py"), *words]
    return subprocess.run(
        command, env=environ, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def until(condition: Callable[[], bool], what: str, every_s: float = 1) -> None:
    """:raises TimeoutError: if it has not come true in time"""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(every_s)


@contextmanager
def product(environ: dict[str, str]) -> Iterator[None]:
    """The product, from ready to stopped."""
    process = subprocess.Popen(
        [sys.executable, "-m", "config.up"],
        env=environ,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    try:
        if not any("is ready" in line for line in process.stdout):
            raise ChildProcessError("The product did not start.")
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def deals(environ: dict[str, str], var: Path) -> None:
    """Two deals of the sandbox, as far as they come without a person."""
    secret = var / "token"
    secret.write_text(TOKEN)
    files = (
        f"--token-file={secret}",
        f"--secret-file={secret}",
        f"--base-url=http://127.0.0.1:{SANDBOX_PORT}",
    )
    manage(environ, "connect", "hubspot", "--slug=crm", "--portal-id=1", *files)
    sandbox = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "sandbox", "hubspot", f"--port={SANDBOX_PORT}"],
        env=environ,
    )
    try:
        time.sleep(5)  # it says nothing to a pipe until it ends
        for _ in range(2):
            subject = manage(environ, "sample", "hubspot").split()[-1]
            until(partial(_waits, environ, subject), "the deal's run never stopped for a person")
    finally:
        sandbox.send_signal(signal.SIGINT)
        sandbox.wait(10)


def _waits(environ: dict[str, str], subject: str) -> bool:
    return "waiting" in manage(environ, "trace", subject)


@contextmanager
def database_alone(var: Path) -> Iterator[dict[str, str]]:
    """The database of a product that has stopped, and where it is."""
    passwords = keys.load(var)
    server = postgres.place(
        var / "postgres", identity.choose(), {role: passwords[role] for role in keys.ROLES}
    )
    process = postgres.wait(server, var / "log" / "postgres.log")
    try:
        yield {
            "DATABASE_URL": server.url(postgres.APP),
            "DATABASE_OWNER_URL": server.url(postgres.OWNER),
        }
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
        shutil.rmtree(server.socket, ignore_errors=True)


def dump(url: str) -> bytes:
    parts = databases.parse(url)
    environ = {**os.environ, "PGPASSWORD": parts["password"]}
    program = places.postgres_programs(identity.choose()) / "pg_dump"
    where = ["-h", parts["host"], "-U", parts["user"], "-d", parts["dbname"]]
    # Any client can run it, as any role.
    how = ["--no-owner", "--no-privileges", "--inserts", "--rows-per-insert=200"]
    text = subprocess.run(
        [program, *where, *how], env=environ, check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    return META_COMMANDS.sub("", text).encode()


def unfinished(environ: dict[str, str], what: str) -> None:
    # What fails there is meant to.
    settings = {"DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "ERROR"}
    subprocess.run(
        [sys.executable, "-m", "tests.upgrade.unfinished", what],
        env=environ | settings,
        cwd=ROOT,
        check=True,
    )


def main(name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        var = Path(folder) / "var"
        environ = {**os.environ, **KEYS, "VAR_DIR": str(var), "PORT": PORT, "DEMO": "no"}
        with product(environ):
            running = environ | json.loads((var / "run.env").read_text())
            unfinished(running, "demo")
            deals(environ, Path(folder))
            until(
                lambda: "\n0 rows are not sealed" in manage(environ, "verify"),
                "not everything was sealed",
            )
        with database_alone(var) as where:
            unfinished(running | where, str(HERE / f"{name}.outside.json"))
            written = dump(where["DATABASE_OWNER_URL"])
        sign_in = (var / "sign-ins").read_text().splitlines()[0]
    (HERE / f"{name}.sql.gz").write_bytes(gzip.compress(written, mtime=0))
    (HERE / f"{name}.sign-in").write_text(" ".join(sign_in.split()[:2]) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
