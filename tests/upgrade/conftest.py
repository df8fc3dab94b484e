"""The database of an earlier version, migrated by this code: once for all tests of it."""

from __future__ import annotations

import gzip
import pickle
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from psycopg import sql
from pytest_django import DjangoDbBlocker, Settings

from config.storage import schema
from routing.audit.ledgers import ledgers
from tests.plugin import DATABASE, OWNER, base
from tests.template import at_database, copy_database, drop_database, made_once
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
    text = gzip.decompress((HERE / f"{slice_name}.sql.gz").read_bytes())
    with psycopg.connect(superuser_dsn, dbname=database) as superuser:
        superuser.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(OWNER)))
        superuser.execute(text)


def upgrade(superuser_dsn: str, database: str, slice_name: str) -> None:
    """Restore and migrate, and write down what was and is there, for the other workers as well."""
    restore(superuser_dsn, database, slice_name)
    columns = columns_of(superuser_dsn, database)
    before = standing(superuser_dsn, database, columns)
    with at_database(database):
        unknown = schema.migration_status(connections["owner"]).unknown
        lasting = one_way(connections["owner"])
        call_command("migrate", verbosity=0, interactive=False)
    after = standing(superuser_dsn, database, columns)
    found = Upgraded(slice_name, unknown, lasting, columns, before, after)
    report(slice_name).write_bytes(pickle.dumps(found))


def report(slice_name: str) -> Path:
    return base() / f"{slice_name}.upgraded"


@pytest.fixture(scope="module", params=SLICES)
def upgraded(
    request: pytest.FixtureRequest,
    superuser_dsn: str,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Upgraded]:
    """Each module has a copy of its own; what migrating takes is spent once in a run."""
    slice_name = request.param
    name = f"{connections['default'].settings_dict['NAME']}_{slice_name}"
    with django_db_blocker.unblock():
        template = made_once(
            superuser_dsn,
            f"{DATABASE}_{slice_name}",
            lambda name: upgrade(superuser_dsn, name, slice_name),
        )
        copy_database(superuser_dsn, template, name)
        with at_database(name):
            yield pickle.loads(report(slice_name).read_bytes())  # noqa: S301  # our own
    drop_database(superuser_dsn, name)


@pytest.fixture(autouse=True)
def _keys_of_then(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = [KEYS["ENCRYPTION_KEYS"]]
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    settings.EMBEDDED = True  # as the demo ran: no second factor


@pytest.fixture
def ledger_tables() -> set[str]:
    return {ledger.table for ledger in ledgers()}
