"""Rows that most tests begin with: made once in a process, and inserted as they were after that."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db import connection

Made = TypeVar("Made")

# Of each table, the columns that the app may write: not when the database recorded a row.
TABLES = """
    SELECT table_name, string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position)
    FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND is_generated = 'NEVER'
        AND has_column_privilege(quote_ident(table_name), column_name, 'INSERT')
    GROUP BY table_name ORDER BY table_name
"""


@dataclass(frozen=True)
class Recording(Generic[Made]):
    """What was made in an empty database, and the statement that inserts its rows again."""

    made: Made
    statement: str
    rows: tuple[str, ...]

    def play(self) -> Made:
        """Insert the rows with the ids that they had, and return what was made, as it was then."""
        with connection.cursor() as cursor:
            cursor.execute(self.statement, self.rows)
        return deepcopy(self.made)


def record(make: Callable[[], Made]) -> tuple[Made, Recording[Made] | None]:
    """
    Make it, and read which rows came of it.

    A table that held rows before cannot be told apart: then there is nothing to play again.
    """
    before = {table: rows for table, _, rows in _rows()}
    made = make()
    came = [found for found in _rows() if before.get(found[0]) != found[2]]
    if any(table in before for table, *_ in came):
        return made, None
    inserts = [
        f"i{n} AS (INSERT INTO {table} ({columns})"  # noqa: S608 names that the catalog gave
        f" SELECT {columns} FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb))"
        for n, (table, columns, _) in enumerate(came)
    ]
    statement = f"WITH {', '.join(inserts)} SELECT 1"
    return made, Recording(deepcopy(made), statement, tuple(rows for *_, rows in came))


def _rows() -> list[tuple[str, str, str]]:
    """Each table with rows: its name, its columns, and the rows as JSON."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        for table, columns in cursor.fetchall():
            cursor.execute(f"SELECT jsonb_agg(to_jsonb(t))::text FROM {table} t")  # noqa: S608
            if rows := cursor.fetchone()[0]:
                found.append((table, columns, rows))
    return found
