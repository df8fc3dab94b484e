"""
Databases as in production: the owner's role migrates, and tests run as the role that may not
rewrite history.
"""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator

import psycopg
import pytest
import time_machine
from django.db import connections
from django.test import TransactionTestCase
from hypothesis import HealthCheck, settings
from psycopg import sql
from pytest_django import DjangoDbBlocker, Settings

from tests.template import copy_database, drop_database, migrated_template
from tests.world import NOW, World, make_world, same_world

# How long an example takes says how busy the machine is, and nothing about what is tested.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

# Garbage is looked for after 100,000 new objects, not after 700: a rendered page makes more than
# that, and looking had taken a fifth of the time.
gc.set_threshold(100_000, 20, 100)

# What migrating writes, and nothing else would write again.
KEPT = (
    "django_migrations",
    "django_content_type",
    "auth_permission",
    "auth_group",
    "auth_group_permissions",
)
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> ALL(%s)"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """
    Stop the clock at NOW, or at the instant that the marker ``stands_at`` names. With the marker
    ``in_zone``, people and clients are in its zone and not in the one that the suite runs in.

    What is due "at NOW" is then due for the code under test as well, on whatever day the test runs.
    It stands for fixtures of every scope, which is why this is no fixture. A test whose processes
    live at the machine's time is marked ``real_clock``, and its helpers follow with
    ``timezone.now()``.
    """
    if item.get_closest_marker("real_clock"):
        return (yield)
    marker = item.get_closest_marker("stands_at")
    elsewhere = item.get_closest_marker("in_zone")
    with pytest.MonkeyPatch.context() as patch:
        if elsewhere:
            patch.setattr("tests.world.ZONE", elsewhere.args[0])
        with time_machine.travel(marker.args[0] if marker else NOW, tick=False):
            return (yield)


@pytest.fixture(scope="session")
def django_db_setup(
    superuser_dsn: str,
    django_test_environment: None,
    django_db_blocker: DjangoDbBlocker,
    request: pytest.FixtureRequest,
) -> Iterator[None]:
    """
    A database of this worker's own; replaces pytest-django's, which would make and migrate it as
    one role.
    """
    name = connections["default"].settings_dict["NAME"]
    with django_db_blocker.unblock():
        template = migrated_template(superuser_dsn, getattr(request.config, "cache", None))
    copy_database(superuser_dsn, template, name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: empty(superuser_dsn))
        yield
    with django_db_blocker.unblock():
        connections.close_all()
    drop_database(superuser_dsn, name)


def empty(superuser_dsn: str) -> None:
    """
    Empty the tables after a test that committed.

    Django would flush as the app's role, which may not TRUNCATE, and past triggers that refuse it
    to everybody; the superuser switches both off for this one session. Only tables with rows are
    touched, and their few rows deleted: to TRUNCATE all of them takes twenty times as long.
    """
    name = connections["default"].settings_dict["NAME"]
    with psycopg.connect(superuser_dsn, dbname=name) as superuser:
        tables = [table for (table,) in superuser.execute(TABLES, [list(KEPT)])]
        looks = sql.SQL(" UNION ALL ").join(
            sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(table, sql.Identifier(table))
            for table in tables
        )
        filled = [sql.Identifier(table) for (table,) in superuser.execute(looks)]
        superuser.execute("SET session_replication_role = replica")
        # A session left open by a test is an error, not a wait.
        superuser.execute("SET lock_timeout = '20s'")
        if filled:
            superuser.execute(sql.SQL("LOCK TABLE {}").format(sql.SQL(", ").join(filled)))
        for table in filled:
            superuser.execute(sql.SQL("DELETE FROM {}").format(table))


@pytest.fixture
def without_second_factor(settings: Settings) -> None:
    """As in the demo; tests/config/accounts says that it is asked for everywhere else."""
    settings.EMBEDDED = True


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Settings) -> None:
    """Real hashing is slow on purpose."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _no_heads_of_other_databases(settings: Settings) -> None:
    """The file of seal heads outlives a database; each test's database is another one."""
    settings.SEAL_HEADS_FILE = ""


@pytest.fixture
def world(db: None) -> World:
    """The small agency, in a transaction that is rolled back."""
    return same_world()


@pytest.fixture
def committed_world(transactional_db: None) -> World:
    """The small agency, committed: for what only a commit or another session can show."""
    return make_world()
