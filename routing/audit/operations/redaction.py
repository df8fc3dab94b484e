"""
Remove free text from evidence on purpose, as the owner of the database. The row then verifies as
redacted, not as broken.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connections, transaction
from psycopg import sql

from routing.audit.ledgers import ledgers
from routing.audit.models import Redaction
from routing.audit.operations.seals import column_types

REDACTED = "[redacted]"
OWNER = "owner"


class NotRedactable(ValueError):
    """There is no such ledger or row, or it has no text that may be redacted."""


def redact(table: str, row_id: int, *, reason: str, at: datetime) -> None:
    """
    Replace the free text of one row of evidence, as the owner of the database.

    :raises NotRedactable: see the class; nothing was changed
    """
    ledger = next((each for each in ledgers() if each.table == table), None)
    if ledger is None or not ledger.free_text:
        known = ", ".join(each.table for each in ledgers() if each.free_text)
        raise NotRedactable(
            f"{table} has no free text that may be redacted. Ledgers that have: {known}."
        )
    types = column_types()[table]
    assignments = sql.SQL(", ").join(
        _assignment(column, types[column]) for column in ledger.free_text
    )
    statement = sql.SQL("UPDATE {} SET {} WHERE {} = %(row)s").format(
        sql.Identifier(table), assignments, sql.Identifier(ledger.key)
    )
    with transaction.atomic(using=OWNER), connections[OWNER].cursor() as cursor:
        # Without it the trigger of the table refuses even the owner.
        cursor.execute("SET LOCAL throughline.redacting = 'on'")
        cursor.execute(statement, {"row": row_id, "redacted": REDACTED})
        if cursor.rowcount != 1:
            raise NotRedactable(f"{table} has no row {row_id}.")
        Redaction.objects.using(OWNER).get_or_create(
            ledger=table, row_id=row_id, defaults={"reason": reason, "at": at}
        )


def _assignment(column: str, kind: str) -> sql.Composed:
    """
    Return SQL that takes the words out of a column and leaves its shape.
    """
    # Pages that show history read keys of objects and members of lists. They would fail on a string
    # in their place.
    name = sql.Identifier(column)
    if kind == "ARRAY":
        return sql.SQL("{} = '{{}}'").format(name)
    if kind == "jsonb":
        return sql.SQL(
            "{0} = CASE jsonb_typeof({0}) WHEN 'object' THEN '{{}}'::jsonb"
            " WHEN 'array' THEN '[]'::jsonb ELSE to_jsonb(%(redacted)s::text) END"
        ).format(name)
    return sql.SQL("{} = %(redacted)s").format(name)
