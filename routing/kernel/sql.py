"""Run one statement on Django's connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection
from django_prometheus.db.common import ExportingCursorWrapper

Params = Sequence[Any] | Mapping[str, Any]


# Counts our statements in the metrics with Django's own; see config.storage.databases.
CountedCursor: Any = ExportingCursorWrapper(psycopg.Cursor, DEFAULT_DB_ALIAS, "postgresql")


class Watched(CountedCursor):
    """Cursor for Django's wrappers, which pass nothing but a statement and its parameters."""

    def __init__(self, session: psycopg.Connection[Any], *, binary: bool) -> None:
        super().__init__(session)
        self.binary = binary

    def execute(self, query: Any, params: Params | None = None, **options: Any) -> Self:
        super().execute(query, params, prepare=True, binary=self.binary)
        return self


def run(sql: str, params: Params = (), *, binary: bool = False) -> list[tuple[Any, ...]]:
    """
    Run a prepared statement on Django's own connection, in its transaction if there is one.

    Execute wrappers and the query log see the statement, as they see Django's own.

    :param binary: ask for values in binary form. Many timestamps then take a third of the time,
        because none is parsed from text.
    :raises TransactionManagementError: if the transaction can only be rolled back
    """
    connection.ensure_connection()
    # Django's wrappers cost more than the shortest of our statements. While nobody listens, the
    # statement goes straight to psycopg.
    if connection.execute_wrappers or connection.queries_logged:
        cursor = _watched(sql, params, binary=binary)
    else:
        connection.validate_no_broken_transaction()
        with connection.wrap_database_errors:
            cursor = CountedCursor(connection.connection)
            cursor.execute(sql, params, prepare=True, binary=binary)
    # ``cursor.description`` would make an object for every column of every statement.
    if not cursor.pgresult or not cursor.pgresult.nfields:
        return []
    with connection.wrap_database_errors:
        return cursor.fetchall()


def _watched(sql: str, params: Params, *, binary: bool) -> psycopg.Cursor[Any]:
    """Run a statement in the wrappers that Django puts around its own cursors."""
    cursor: Any = Watched(connection.connection, binary=binary)
    execute = connection.make_cursor(cursor).execute
    if connection.queries_logged:
        # Logged here with the text as written: Django would ask psycopg for the text that was sent,
        # which a prepared statement does not keep.
        with connection.make_debug_cursor(cursor).debug_sql(sql, params):
            execute(sql, params)
    else:
        execute(sql, params)
    found: psycopg.Cursor[Any] = cursor
    return found
