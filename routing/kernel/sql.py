"""Run one statement on Django's connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db import connection


def run(sql: str, params: Sequence[Any] | Mapping[str, Any] = (), *, binary: bool = False) -> list[tuple[Any, ...]]:
    """
    A statement on Django's own connection, in its transaction if there is one, prepared after a few uses.

    :param binary: how values come back; for many instants it takes a third of the time, because none is read from text
    """
    connection.ensure_connection()
    with connection.wrap_database_errors:
        cursor = psycopg.Cursor(connection.connection).execute(sql, params, prepare=True, binary=binary)
        # Not cursor.description, which makes an object of every column each time.
        return cursor.fetchall() if cursor.pgresult and cursor.pgresult.nfields else []
