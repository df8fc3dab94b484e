"""
Remove free text from evidence on purpose, as the owner of the database. The row then verifies as
redacted, not as broken.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connections, transaction
from psycopg import sql

from routing.audit.keys import keyed
from routing.audit.ledgers import Ledger, ledgers
from routing.audit.models import Redaction, Seal
from routing.audit.operations.seals import Types, column_types
from routing.kernel.canonical import PINNED, as_json, digest_sql
from routing.runs.decisions import Decision

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
    types = column_types()
    with transaction.atomic(using=OWNER):
        values: dict[str, Any]
        if table == Decision._meta.db_table:
            values = {**decision_without_words(row_id)}
        else:
            values = {
                column: _assignment(column, types[table][column]) for column in ledger.free_text
            }
        rewrite(ledger, row_id, values, types=types, reason=reason, at=at)


def rewrite(
    ledger: Ledger,
    row_id: int,
    values: Mapping[str, Any],
    *,
    types: Types,
    reason: str,
    at: datetime,
) -> None:
    """
    Write new text into one row of evidence, and record the redaction with its columns and digests.

    It is the only way in which evidence is rewritten. It runs in a transaction of the owner.

    :param values: by column; SQL, or a value as the database takes it
    :raises NotRedactable: if there is no such row; nothing was changed
    """
    written = {
        column: value if isinstance(value, sql.Composable) else sql.Placeholder(f"v_{column}")
        for column, value in values.items()
    }
    assignments = sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(column), value)
        for column, value in written.items()
    )
    statement = sql.SQL("UPDATE {} SET {} WHERE {} = %(row)s").format(
        sql.Identifier(ledger.table), assignments, sql.Identifier(ledger.key)
    )
    params = {f"v_{column}": value for column, value in values.items()}
    with connections[OWNER].cursor() as cursor:
        # Without it the trigger of the table refuses even the owner.
        cursor.execute("SET LOCAL throughline.redacting = 'on'")
        cursor.execute(statement, {"row": row_id, "redacted": REDACTED, **params})
        if cursor.rowcount != 1:
            raise NotRedactable(f"{ledger.table} has no row {row_id}.")
        _record(cursor, ledger, row_id, list(values), types=types, reason=reason, at=at)


def _record(
    cursor: Any,
    ledger: Ledger,
    row_id: int,
    columns: list[str],
    *,
    types: Types,
    reason: str,
    at: datetime,
) -> None:
    seals = Seal.objects.using(OWNER).filter(
        ledger=ledger.table, rows__ledger=ledger.table, rows__row_id=row_id
    )
    sealed = seals.first()
    facts = sealed.columns if sealed else list(ledger.facts)
    texts = sealed.free_text if sealed else list(ledger.free_text)
    cursor.execute(f"SELECT {PINNED}")
    cursor.execute(
        f"SELECT {digest_sql(facts, types[ledger.table], 'l')}, "
        f"{digest_sql(texts, types[ledger.table], 'l')} "
        f'FROM "{ledger.table}" l WHERE l."{ledger.key}" = %s',
        [row_id],
    )
    facts_now, text_now = cursor.fetchone()
    rewrote_facts = bool(set(columns) & set(facts))
    Redaction.objects.using(OWNER).create(
        ledger=ledger.table,
        row_id=row_id,
        columns=sorted(columns),
        digest=keyed(ledger.table, row_id, text_now),
        facts_digest=keyed(ledger.table, row_id, facts_now) if rewrote_facts else "",
        reason=reason,
        at=at,
    )


def _assignment(column: str, kind: str) -> sql.Composed:
    """
    Return SQL for the value of a column that takes its words out and leaves its shape.
    """
    # Pages that show history read keys of objects and members of lists. They would fail on a string
    # in their place.
    name = sql.Identifier(column)
    if kind == "ARRAY":
        return sql.Composed([sql.SQL("'{}'")])
    if kind == "jsonb":
        return sql.SQL(
            "CASE jsonb_typeof({0}) WHEN 'object' THEN '{{}}'::jsonb"
            " WHEN 'array' THEN '[]'::jsonb ELSE to_jsonb(%(redacted)s::text) END"
        ).format(name)
    return sql.Composed([sql.SQL("%(redacted)s")])


def decision_without_words(row_id: int) -> dict[str, str]:
    """
    Return the record of a decision without its words: the rule, the facts and what was compared.

    :raises NotRedactable: if there is no such decision
    """
    row = Decision.objects.using(OWNER).filter(pk=row_id).first()
    if row is None:
        raise NotRedactable(f"{Decision._meta.db_table} has no row {row_id}.")
    asked, answer = json.loads(row.asked), json.loads(row.answer)
    asked["facts"] = {
        name: REDACTED if isinstance(value, str) else value
        for name, value in asked.get("facts", {}).items()
    }
    answer["rule"] = REDACTED
    answer["asked"] = [[REDACTED, held, _compared(found)] for _, held, found in answer["asked"]]
    return redigested({"rule_name": REDACTED, "asked": as_json(asked), "answer": as_json(answer)})


def _compared(clauses: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**each, "wanted": REDACTED, "found": REDACTED} for each in clauses]


def redigested(values: dict[str, str]) -> dict[str, str]:
    """Add the digest of the new text to the new text of a decision."""
    # The old digest would tell the old text to anybody who can guess it.
    return {**values, "digest": Decision.digest_of(values["asked"], values["answer"])}
