"""
The database of an earlier version, migrated by this code: once for all tests of it, in a database
of its own.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from psycopg import sql
from pytest_django import DjangoDbBlocker, Settings

from config.embedded import postgres
from config.storage import schema
from routing.audit.ledgers import ledgers
from routing.flows.versions import published
from tests.plugin import APP, OWNER
from tests.upgrade.make import KEYS

HERE = Path(__file__).resolve().parent
SLICES = sorted(path.name.removesuffix(".sql.gz") for path in HERE.glob("*.sql.gz"))


Rows = list[tuple[str | None, ...]]


@dataclass(frozen=True)
class Upgraded:
    """
    ``before`` and ``after`` migrating: by table, its columns of before and its rows in them, as
    text.
    """

    name: str
    unknown: tuple[str, ...]  # migrations that this code did not know
    one_way: tuple[str, ...]  # steps of migrations, applied since, that cannot be taken back
    columns: Mapping[str, list[str]]
    before: Mapping[str, Rows]
    after: Mapping[str, Rows]

    @property
    def sign_in(self) -> tuple[str, str]:
        email, password = (HERE / f"{self.name}.sign-in").read_text().split()
        return email, password


def columns_of(dsn: str, name: str) -> dict[str, list[str]]:
    """The columns of each of our tables."""
    with psycopg.connect(dsn, dbname=name) as superuser:
        found = superuser.execute(
            "SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position) FROM "
            "information_schema.columns"
            " WHERE table_schema = 'public' AND table_name ~ '^(routing|delivery|integrations)_' "
            "GROUP BY table_name"
        )
        return {str(table): list(columns) for table, columns in found}


def standing(dsn: str, name: str, columns: Mapping[str, list[str]]) -> dict[str, Rows]:
    """Every row of these tables."""
    with psycopg.connect(dsn, dbname=name) as superuser:
        superuser.execute("SET TimeZone = 'UTC'")
        return rows_of(superuser, columns)


def rows_of(session: psycopg.Connection[Any], columns: Mapping[str, list[str]]) -> dict[str, Rows]:
    """
    As this session sees them, as text: what JSON and times become in Python depends on who asks.
    Its zone is to be UTC.
    """
    found = {}
    for table, names in columns.items():
        listed = sql.SQL(", ").join(
            sql.SQL("{}::text").format(sql.Identifier(column)) for column in names
        )
        found[table] = list(
            session.execute(sql.SQL("SELECT {} FROM {}").format(listed, sql.Identifier(table)))
        )
    return found


def one_way(connection: BaseDatabaseWrapper) -> tuple[str, ...]:
    """The migrations still to be applied there that could not be taken back."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    steps = [
        (migration, operation) for migration, _back in plan for operation in migration.operations
    ]
    return tuple(
        f"{migration}: {operation.describe()}"
        for migration, operation in steps
        if not operation.reversible
    )


def restore(superuser_dsn: str, database: str, slice_name: str) -> None:
    """As the owner, as on a server of one's own."""
    postgres.furnish_database(superuser_dsn, database, owner=OWNER, app=APP)
    text = gzip.decompress((HERE / f"{slice_name}.sql.gz").read_bytes())
    with psycopg.connect(superuser_dsn, dbname=database) as superuser:
        superuser.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(OWNER)))
        superuser.execute(text)


@pytest.fixture(scope="module", params=SLICES)
def upgraded(
    request: pytest.FixtureRequest,
    superuser_dsn: str,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Upgraded]:
    own = connections["default"].settings_dict["NAME"]
    name = f"{own}_{request.param}"
    restore(superuser_dsn, name, request.param)
    columns = columns_of(superuser_dsn, name)
    before = standing(superuser_dsn, name, columns)
    with django_db_blocker.unblock():
        use(name)
        unknown, lasting = (
            schema.migration_status(connections["owner"]).unknown,
            one_way(connections["owner"]),
        )
        call_command("migrate", verbosity=0, interactive=False)
        yield Upgraded(
            request.param, unknown, lasting, columns, before, standing(superuser_dsn, name, columns)
        )
        use(own)
    with psycopg.connect(superuser_dsn, autocommit=True) as superuser:
        superuser.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def use(database: str) -> None:
    """Let both roles work there, and forget what was remembered of another database's ids."""
    for alias in ("default", "owner"):
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = database
    ContentType.objects.clear_cache()
    published.cache_clear()


@pytest.fixture(autouse=True)
def _keys_of_then(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = [KEYS["ENCRYPTION_KEYS"]]
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    settings.EMBEDDED = True  # as the demo ran: no second factor


@pytest.fixture
def ledger_tables() -> set[str]:
    return {ledger.table for ledger in ledgers()}
