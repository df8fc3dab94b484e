"""
Loaded before settings are read: a PostgreSQL and a Valkey for the tests alone, gone when they end.

A server of your own can be named by TEST_SUPERUSER_URL and TEST_REDIS_URL. DATABASE_URL and its
like are never used: tests make, empty and drop databases.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from datetime import datetime
from importlib import import_module
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet
from psycopg import sql
from psycopg.conninfo import make_conninfo

from config.embedded import identity, places, postgres, valkey
from config.storage import databases
from tests import wordpress as cms

LONG_S = 600  # the limit of a test that lasts for minutes
OWNER, APP = "throughline_test_owner", "throughline_test_app"
ELSEWHEN = Path(__file__).parent / "elsewhen"

_processes: list[subprocess.Popen[bytes]] = []
_folders: list[Path] = []


def _move_clock(instant: str) -> None:
    """
    Let this process live at an instant; its offset is taken once, so that xdist's workers have the
    same.
    """
    try:
        at = datetime.fromisoformat(instant)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise pytest.UsageError(
            f"No instant: AT={instant}. Write it with its zone, like AT=2028-02-29T23:59:30Z"
        )
    os.environ.setdefault("CLOCK_OFFSET_S", str(at.timestamp() - time.time()))
    import_module(f"tests.{ELSEWHEN.name}.sitecustomize")


def pytest_collection_finish() -> None:
    """
    From here on tests start processes, and those live at the same instant; xdist's workers come
    earlier, and see to it themselves.
    """
    if "CLOCK_OFFSET_S" in os.environ:
        inherited = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = (
            f"{ELSEWHEN}{os.pathsep}{inherited}" if inherited else str(ELSEWHEN)
        )


def _start_servers() -> None:
    base = Path(tempfile.mkdtemp(prefix="throughline-test-"))
    base.chmod(0o711)  # PostgreSQL may run as nobody
    _folders.append(base)
    os.environ["VAR_DIR"] = str(base / "var")
    os.environ["TEST_CONTROLLER"] = str(os.getpid())
    for folder in ("log", "files", "mail", "static"):
        (base / "var" / folder).mkdir(parents=True)
    if "TEST_SUPERUSER_URL" in os.environ:
        atexit.register(_drop_databases)
    else:
        os.environ["TEST_SUPERUSER_URL"] = _postgres(base)
        os.environ["TEST_SERVER"] = "embedded"
    if "TEST_REDIS_URL" not in os.environ:
        os.environ["TEST_REDIS_URL"] = _valkey(base)
    os.environ["TEST_ROLE_PASSWORD"] = secrets.token_urlsafe(18)
    roles = [(role, os.environ["TEST_ROLE_PASSWORD"]) for role in (OWNER, APP)]
    postgres.furnish_roles(os.environ["TEST_SUPERUSER_URL"], *roles)
    os.environ["TEST_RUN"] = secrets.token_hex(3)  # so that two runs can share a server


def base() -> Path:
    """The folder of this run, shared by its workers."""
    return Path(os.environ["VAR_DIR"]).parent


def _postgres(base: Path) -> str:
    log = base / "postgres.log"
    server = postgres.place(
        base / "postgres", identity.choose(), {postgres.SUPERUSER: "test"}, durable=False
    )
    _folders.append(server.socket)
    server.prepare()
    _processes.append(postgres.wait(server, log))
    return server.url(postgres.SUPERUSER, "postgres")


def _valkey(base: Path) -> str:
    folder = places.socket_dir(identity.choose())
    _folders.append(folder)
    server = valkey.Valkey(base / "valkey", folder / "valkey", durable=False)
    _processes.append(valkey.wait(server, base / "valkey.log"))
    return server.url


def _stop_servers() -> None:
    if "VAR_DIR" in os.environ:
        cms.stop(base())
    for process in _processes:
        process.send_signal(signal.SIGINT)
    for process in _processes:
        process.wait(30)
    for folder in _folders:
        shutil.rmtree(folder, ignore_errors=True)


def _drop_databases() -> None:
    """Leave nothing of this run on a server of the caller's own."""
    with psycopg.connect(os.environ["TEST_SUPERUSER_URL"], autocommit=True) as superuser:
        made = superuser.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [f"{DATABASE}_"]
        ).fetchall()
        for (name,) in made:
            superuser.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _name_environment() -> None:
    """
    Set the environment for settings.

    Each xdist worker gets its own database and Redis number.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    number = int(worker.removeprefix("gw")) + 1 if worker.startswith("gw") else 0
    parts = databases.parse(os.environ["TEST_SUPERUSER_URL"])
    password = os.environ["TEST_ROLE_PASSWORD"]
    here = {
        "password": password,
        "host": parts["host"],
        "dbname": f"{DATABASE}_{worker}",
    }
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": databases.build(user=APP, **here, port=parts.get("port", "")),
        "DATABASE_OWNER_URL": databases.build(user=OWNER, **here, port=parts.get("port", "")),
        "REDIS_URL": os.environ["TEST_REDIS_URL"].replace("db=0", f"db={number}"),
        "SITE_URL": "http://testserver",
        "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
        "SECRET_KEY": "tests-" * 8,
        "ERASURE_KEY": "tests-" * 8,
        "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "STATIC_HASHED": "false",  # nothing is collected for a test
        "LOG_LEVEL": "WARNING",
    }
    for name in (
        "EMBEDDED",
        "DEBUG",
        "SMTP_URL",
        "METRICS_TOKEN",
        "DATABASE_POOL",
        "BROKER_URL",
        "BEHIND_PROXY",
    ):
        os.environ.pop(name, None)


def _find_chromium() -> str | None:
    return (
        os.environ.get("CHROMIUM")
        or shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )


def _uses_database(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    return "django_db_setup" in fixtures or item.get_closest_marker("django_db") is not None


def _is_long(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("timeout")
    return marker is not None and marker.args[0] >= LONG_S


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """
    Put tests without a database first: of two workers one then runs them while the other, which
    begins in the middle, migrates for both. Of the others those that may last longest come first,
    so that none of them is left to one worker at the end.

    On a desk without Chromium or WordPress, what needs it is skipped; in CI it fails.
    """
    items.sort(key=lambda item: (_uses_database(item), not _is_long(item)))
    if "CI" in os.environ:
        return
    absent = {"wordpress": "no WordPress here: .ci/run installs it"} if cms.missing() else {}
    if "CHROMIUM" not in os.environ:
        absent["browser"] = "no Chromium here: apt-get install chromium, or name one in CHROMIUM="
    for item in items:
        for marker in absent.keys() & item.keywords.keys():
            item.add_marker(pytest.mark.skip(reason=absent[marker]))


# Playwright's synchronous interface runs a loop in the same thread, which Django would take for
# asynchronous code.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
if chromium := _find_chromium():
    os.environ["CHROMIUM"] = chromium

if zone := os.environ.get("TEST_ZONE"):
    os.environ["TZ"] = zone
    time.tzset()
if instant := os.environ.get("TEST_AT"):
    _move_clock(instant)
if "PYTEST_XDIST_WORKER" not in os.environ:
    # Pytest's own hooks do not run when it ends over a faulty conftest.
    atexit.register(_stop_servers)
    _start_servers()
EMBEDDED = os.environ.get("TEST_SERVER") == "embedded"
DATABASE = f"test_{os.environ['TEST_RUN']}"  # what the names of this run's databases begin with
_name_environment()


@pytest.fixture(scope="session")
def superuser_dsn() -> str:
    """Of the tests' server; add a database: ``psycopg.connect(superuser_dsn, dbname=…)``."""
    return make_conninfo(os.environ["TEST_SUPERUSER_URL"])


@pytest.fixture(scope="session")
def wordpress() -> cms.WordPress:
    """
    A real one, the same for all workers of this run; what a test makes there has a name of its own.
    """
    assert not cms.missing(), f"To be installed: {', '.join(cms.missing())}"
    return cms.started(base())


@pytest.fixture(scope="session")
def own_wordpress() -> cms.WordPress:
    """One that no other worker uses, for tests that remove what others left there."""
    assert not cms.missing(), f"To be installed: {', '.join(cms.missing())}"
    return cms.started(base(), only_for=os.environ.get("PYTEST_XDIST_WORKER", "main"))


@pytest.fixture(scope="session")
def old_wordpress() -> cms.WordPress:
    """One whose tables store no characters beyond 16 bits."""
    assert not cms.missing(), f"To be installed: {', '.join(cms.missing())}"
    return cms.started(base(), "utf8mb3")
