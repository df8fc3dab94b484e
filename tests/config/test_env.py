import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env
from config.paths import ROOT

GOOD = {
    "SITE_URL": "https://work.example.com",
    "SECRET_KEY": "s" * 50,
    "ERASURE_KEY": "e" * 50,
    "ENCRYPTION_KEYS": "MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA=",
    "DATABASE_URL": "postgresql://app:p%40ss@db.example.com:5433/throughline?sslmode=require",
    "REDIS_URL": "rediss://:secret@cache.example.com/0",
}


@pytest.fixture
def environ(monkeypatch):
    for name in env.Env.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_a_complete_environment_is_read(environ):
    read = env.load()

    assert read.https
    assert read.hosts == ["work.example.com"]
    assert read.broker == GOOD["REDIS_URL"]
    assert read.database_owner_url is None
    assert not read.debug
    assert not read.embedded


def test_everything_that_is_missing_is_named_at_once(environ):
    for name in GOOD:
        environ.delenv(name)

    with pytest.raises(ImproperlyConfigured) as refusal:
        env.load()

    assert str(refusal.value).splitlines() == [
        "The environment is not complete:",
        *(f"  {name}: is required" for name in sorted(GOOD)),
    ]


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("SITE_URL", "work.example.com", "must be a scheme and a host"),
        ("SITE_URL", "https://work.example.com/desk", "must be a scheme and a host"),
        ("SECRET_KEY", "short-secret", "must have at least 32 characters"),
        ("ERASURE_KEY", "short-secret", "must have at least 32 characters"),
        ("ENCRYPTION_KEYS", f"{GOOD['ENCRYPTION_KEYS']},nope-secret", "key 2 is not a Fernet key"),
        ("ENCRYPTION_KEYS", ",", "needs at least one Fernet key"),
        ("DATABASE_URL", "mysql://app:secret@db/throughline", "must begin with postgresql://"),
        ("DATABASE_URL", "postgresql://app:secret@db", "names no database"),
        ("DATABASE_OWNER_URL", "postgresql://db/throughline", "names no role"),
        ("REDIS_URL", "http://:secret@cache", "must begin with redis://"),
        ("DATABASE_POOL", "101", "less than or equal to 100"),
        ("LOG_FORMAT", "xml", "^(json|console)$"),
        ("SMTP_URL", "mail.example.com:secret", "must be smtp://"),
    ],
)
def test_what_is_wrong_is_said_without_repeating_a_secret(environ, name, value, why):
    environ.setenv(name, value)

    with pytest.raises(ImproperlyConfigured) as refusal:
        env.load()

    [line] = str(refusal.value).splitlines()[1:]
    assert line.startswith(f"  {name}: ")
    assert why in line
    assert "secret" not in line


def test_an_empty_variable_counts_as_missing(environ):
    environ.setenv("SECRET_KEY", "")

    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY: is required"):
        env.load()


def test_celery_gets_a_unix_socket_in_its_own_words(environ):
    environ.setenv("REDIS_URL", "unix:///run/valkey/s?db=3")

    assert env.load().broker == "redis+socket:///run/valkey/s?virtual_host=3"


def test_a_broker_of_its_own_wins(environ):
    environ.setenv("BROKER_URL", "amqp://rabbit.example.com//")

    assert env.load().broker == "amqp://rabbit.example.com//"


def test_commands_are_told_all_that_differs_between_installations():
    assert {
        "DATABASE_URL",
        "DATABASE_OWNER_URL",
        "REDIS_URL",
        "SMTP_URL",
        "SECRET_KEY",
        "VAR_DIR",
    } <= env.NAMES
    assert "PATH" not in env.NAMES


def test_a_command_without_a_product_says_how_to_start_one(environ, tmp_path: Path):
    for name in GOOD:
        environ.delenv(name)
    environ.setenv("VAR_DIR", str(tmp_path))

    ended = subprocess.run(
        [sys.executable, ROOT / "manage.py", "verify"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (ended.returncode, ended.stdout) == (2, "")
    assert "DATABASE_URL: is required" in ended.stderr
    assert f"No product runs on {tmp_path}. Start one with `make run`" in ended.stderr
    assert "Traceback" not in ended.stderr
