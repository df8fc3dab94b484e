"""
Change a schema beside running work.

A statement that changes a table waits for everybody who uses it, and everybody who comes later
waits behind that statement. So it gives up its place after a short while, and the migration is
tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import errors, sql

# How long others may wait behind a statement that itself only waits. Shorter than PostgreSQL's
# deadlock_timeout, so that of two that wait for each other the migration gives way.
LOCK_S = 0.5
PAUSE_S = 1.0  # so that whoever waited gets through
PATIENCE_S = 600.0
IN_THE_WAY = (errors.LockNotAvailable, errors.DeadlockDetected)

_BOUND = f"SET lock_timeout = '{LOCK_S * 1000:.0f}ms'"
_UNBOUND = "SET lock_timeout = 0"
# Left by a CREATE INDEX CONCURRENTLY that was interrupted: it answers no query, slows each write,
# and its name is taken.
_HALF_MADE = """
    SELECT n.nspname, c.relname FROM pg_index i
        JOIN pg_class c ON c.oid = i.indexrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT i.indisvalid AND c.relkind = 'i' AND n.nspname = 'public'
        AND pg_has_role(c.relowner, 'USAGE')
        AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p
            WHERE p.index_relid = i.indexrelid)"""


class StillLocked(Exception):
    """Somebody else held a lock for longer than anybody wants to try."""


def beside_work(
    connection: BaseDatabaseWrapper, migrate: Callable[[], object], say: Callable[[str], object]
) -> None:
    """
    Migrate, and try again while somebody else holds a lock.

    :raises StillLocked: after ten minutes; what was applied before stays
    """
    until = monotonic() + PATIENCE_S
    with _giving_way(connection):
        while True:
            try:
                drop_half_made_indexes(connection)
                migrate()
            except OperationalError as error:
                if not isinstance(error.__cause__, IN_THE_WAY):
                    raise
                if monotonic() > until:
                    raise StillLocked from error
            else:
                return
            say("Another session uses the table. Trying again.")
            sleep(PAUSE_S)


@contextmanager
def _giving_way(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Limit how long each statement of this connection waits for a lock."""
    with connection.cursor() as cursor:
        cursor.execute(_BOUND)
    try:
        with connection.execute_wrapper(_wait_for_readers):
            yield
    finally:
        if connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("RESET lock_timeout")


def drop_half_made_indexes(connection: BaseDatabaseWrapper) -> list[str]:
    """Drop what an interrupted migration left, so that its index can be made. Return the names."""
    with connection.cursor() as cursor:
        cursor.execute(_HALF_MADE)
        found = cursor.fetchall()
        for schema, name in found:
            cursor.execute(
                sql.SQL("DROP INDEX CONCURRENTLY {}").format(sql.Identifier(schema, name))
            )
    return [name for _schema, name in found]


def _wait_for_readers(
    execute: Callable[..., Any], statement: Any, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    """Let a statement wait that nobody has to wait behind, for as long as it needs."""
    if "CONCURRENTLY" not in str(statement):
        return execute(statement, params, many, context)
    execute(_UNBOUND, None, False, context)
    try:
        return execute(statement, params, many, context)
    finally:
        execute(_BOUND, None, False, context)
