"""
Make the database of a slice as its product leaves it, for later code to upgrade: `python -m tests.upgrade.make slice_b`.

Run it on that slice's commit, from the checkout. It starts the product on a var/ of its own, with the demo and one deal of
the sandbox, waits until everything is sealed, and writes `tests/upgrade/<name>.sql.gz` and the demo's first sign-in.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from config.embedded import identity, places
from config.paths import ROOT
from config.storage import databases

HERE = Path(__file__).resolve().parent
PORT, SANDBOX_PORT = "8461", "8462"
# The keys of nobody: they open only this dump.
KEYS = {
    "SECRET_KEY": "upgrade-" * 8,
    "ERASURE_KEY": "upgrade-" * 8,
    "ENCRYPTION_KEYS": "dXBncmFkZS11cGdyYWRlLXVwZ3JhZGUtdXBncmFkZS0=",
}
TOKEN = "upgrade-token"
META_COMMANDS = re.compile(r"^\\(un)?restrict .*\n", re.MULTILINE)  # psql's, which nothing but psql understands
PATIENCE_S = 180


def manage(environ: dict[str, str], *words: str) -> str:
    command = [sys.executable, str(ROOT / "manage.py"), *words]
    return subprocess.run(command, env=environ, check=True, stdout=subprocess.PIPE, text=True).stdout


def until(condition: Callable[[], bool], what: str) -> None:
    """:raises TimeoutError: if it has not come true in time"""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(1)


@contextmanager
def product(environ: dict[str, str]) -> Iterator[None]:
    """The product, from ready to stopped."""
    process = subprocess.Popen([sys.executable, "-m", "config.up"], env=environ, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        if not any("is ready" in line for line in process.stdout):
            raise ChildProcessError("The product did not start.")
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def deal(environ: dict[str, str], var: Path) -> None:
    """One deal of the sandbox, as far as it comes without a person."""
    secret = var / "token"
    secret.write_text(TOKEN)
    files = (f"--token-file={secret}", f"--secret-file={secret}", f"--base-url=http://127.0.0.1:{SANDBOX_PORT}")
    manage(environ, "connect", "hubspot", "--slug=crm", "--portal-id=1", *files)
    sandbox = subprocess.Popen([sys.executable, str(ROOT / "manage.py"), "sandbox", "hubspot", f"--port={SANDBOX_PORT}"], env=environ)
    try:
        time.sleep(5)  # it says nothing to a pipe until it ends
        subject = manage(environ, "sample", "hubspot").split()[-1]
        until(lambda: "waiting" in manage(environ, "trace", subject), "the deal's run never stopped for a person")
    finally:
        sandbox.send_signal(signal.SIGINT)
        sandbox.wait(10)


def dump(url: str) -> bytes:
    parts = databases.parse(url)
    environ = {**os.environ, "PGPASSWORD": parts["password"]}
    program = places.postgres_programs(identity.choose()) / "pg_dump"
    where = ["-h", parts["host"], "-U", parts["user"], "-d", parts["dbname"]]
    how = ["--no-owner", "--no-privileges", "--inserts", "--rows-per-insert=200"]  # any client can run it, as any role
    text = subprocess.run([program, *where, *how], env=environ, check=True, stdout=subprocess.PIPE, text=True).stdout
    return META_COMMANDS.sub("", text).encode()


def main(name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        var = Path(folder) / "var"
        environ = {**os.environ, **KEYS, "VAR_DIR": str(var), "PORT": PORT}
        with product(environ):
            deal(environ, Path(folder))
            until(lambda: "\n0 rows are not sealed" in manage(environ, "verify"), "not everything was sealed")
            written = dump(json.loads((var / "run.env").read_text())["DATABASE_OWNER_URL"])
            sign_in = (var / "sign-ins").read_text().splitlines()[0]
    (HERE / f"{name}.sql.gz").write_bytes(gzip.compress(written, mtime=0))
    (HERE / f"{name}.sign-in").write_text(" ".join(sign_in.split()[:2]) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
