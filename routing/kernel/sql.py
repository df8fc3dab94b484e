"""Run one statement on Django's connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection
from django_prometheus.db.common import ExportingCursorWrapper

Params = Sequence[Any] | Mapping[str, Any]


# As Django's own cursors are counted on this connection; see config.storage.databases.
CountedCursor: Any = ExportingCursorWrapper(psycopg.Cursor, DEFAULT_DB_ALIAS, "postgresql")


class Watched(CountedCursor):
    """
    A cursor for Django's wrappers, which pass a statement and its parameters and nothing else.
    """

    def __init__(self, session: psycopg.Connection[Any], *, binary: bool) -> None:
        super().__init__(session)
        self.binary = binary

    def execute(self, query: Any, params: Params | None = None, **options: Any) -> Self:
        super().execute(query, params, prepare=True, binary=self.binary)
        return self


def run(sql: str, params: Params = (), *, binary: bool = False) -> list[tuple[Any, ...]]:
    """
    Run a statement on Django's own connection, in its transaction if there is one, prepared.

    Execute wrappers and the query log see it, as they see Django's own statements. While neither
    is in use it goes straight to psycopg, which costs less.

    :param binary: ask for values in binary form. For many instants it takes a third of the time,
        because none is read from text.
    :raises TransactionManagementError: if the transaction can only be rolled back
    """
    connection.ensure_connection()
    if connection.execute_wrappers or connection.queries_logged:
        cursor = _watched(sql, params, binary=binary)
    else:
        connection.validate_no_broken_transaction()
        with connection.wrap_database_errors:
            cursor = CountedCursor(connection.connection)
            cursor.execute(sql, params, prepare=True, binary=binary)
    # Not cursor.description, which makes an object of every column each time.
    if not cursor.pgresult or not cursor.pgresult.nfields:
        return []
    with connection.wrap_database_errors:
        return cursor.fetchall()


def _watched(sql: str, params: Params, *, binary: bool) -> psycopg.Cursor[Any]:
    """Run a statement inside the wrappers that Django puts around its own cursors."""
    cursor: Any = Watched(connection.connection, binary=binary)
    execute = connection.make_cursor(cursor).execute
    if connection.queries_logged:
        # As written: a prepared statement does not keep the text that was sent, which Django would
        # log.
        with connection.make_debug_cursor(cursor).debug_sql(sql, params):
            execute(sql, params)
    else:
        execute(sql, params)
    found: psycopg.Cursor[Any] = cursor
    return found
