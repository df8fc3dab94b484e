"""
Rows as they are now against the newest history of each.

History tells how a row became what it is. A row that says something else was changed past it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models

from routing.audit.ledgers import history_models
from routing.kernel.sql import run
from routing.kernel.texts import redactable_fields
from routing.kernel.transitions import state_field
from routing.work.items import WorkItem
from routing.work.kinds import models_by_kind

# Rows from before a model had history have none until they are changed.
_DIFFERENT = """
    WITH newest AS (SELECT max(history_id) AS history_id FROM "{history}" GROUP BY id)
    SELECT coalesce(t."{key}", h.id), CASE
        WHEN t."{key}" IS NULL THEN 'is gone, and its history does not say so'
        WHEN h.history_id IS NULL THEN 'has no history'
        WHEN h.history_type = '-' THEN 'is there, although its history says that it was deleted'
        ELSE 'differs from its newest history: ' || {names} END
    FROM "{table}" t FULL JOIN (
        SELECT h.*, r.id AS redacted FROM newest JOIN "{history}" h USING (history_id)
        LEFT JOIN routing_redaction r ON r.ledger = '{history}' AND r.row_id = h.history_id
    ) h ON h.id = t."{key}"
    WHERE CASE
        WHEN t."{key}" IS NULL THEN h.history_type <> '-'
        WHEN h.history_id IS NULL THEN
            t."{key}" > (SELECT min(id) FROM "{history}") AND NOT ({unborn})
        ELSE h.history_type = '-' OR {names} <> '' END
    ORDER BY 1 LIMIT 1"""
_OTHER_STATE = """
    SELECT min(w.id) FROM routing_workitem w JOIN "{table}" n ON n.item_id = w.id
    WHERE w.state IS DISTINCT FROM n."{state}" OR w.is_open <> (n."{state}" = ANY(%(open)s))"""


@dataclass(frozen=True, slots=True)
class _Compared:
    """A table with its history, and the columns that both have."""

    table: str
    history: str
    key: str
    columns: Sequence[str]
    texts: frozenset[str]  # columns that may be redacted
    unborn: str  # SQL for rows that are made without history

    @classmethod
    def of(cls, history: Any) -> _Compared:
        model: Any = history.instance_type
        left_out = {str(model._meta.pk.attname), *getattr(model, "beside_history", ())}
        texts = set(redactable_fields(model))
        fields = [each for each in history.tracked_fields if each.attname not in left_out]
        return cls(
            model._meta.db_table,
            history._meta.db_table,
            str(model._meta.pk.column),
            [str(each.column) for each in fields],
            frozenset(str(each.column) for each in fields if each.name in texts),
            _without_history(model),
        )

    @property
    def names(self) -> str:
        """Return SQL for the names of the columns that differ."""
        if not self.columns:
            return "''"
        parts = []
        for column in self.columns:
            differs = f't."{column}" IS DISTINCT FROM h."{column}"'
            if column in self.texts:
                differs += " AND h.redacted IS NULL"
            parts.append(f"CASE WHEN {differs} THEN '{column}' END")
        return f"concat_ws(', ', {', '.join(parts)})"


def _without_history(model: Any) -> str:
    """Return SQL for the rows of a model that are made without history, as the model says."""
    values = getattr(model, "made_without_history", None)
    if values is None:
        return "false"
    return " AND ".join(["true", *(f"t.\"{name}\" = '{value}'" for name, value in values.items())])


def present_faults() -> Iterator[str]:
    """
    Yield the first row of each table that its newest history does not account for.

    PostgreSQL compares them, so that the rows need not leave it.
    """
    for history in sorted(history_models(), key=lambda model: model._meta.db_table):
        each = _Compared.of(history)
        sql = _DIFFERENT.format(
            history=each.history,
            table=each.table,
            key=each.key,
            names=each.names,
            unborn=each.unborn,
        )
        for row, what in run(sql):
            yield f"{each.table}: row {row} {what}"
    yield from _states()
    yield from _by_evidence()


def _states() -> Iterator[str]:
    """Yield the first work item of each kind whose state is not that of its noun."""
    # History keeps the state with the noun, so the copy in the work item is compared with it.
    for noun in models_by_kind().values():
        [(row,)] = run(
            _OTHER_STATE.format(table=noun._meta.db_table, state=_state_column(noun)),
            {"open": [str(state) for state in noun.open_states]},
        )
        if row is not None:
            what = f"is in another state than its {noun.__name__}"
            yield f"{WorkItem._meta.db_table}: row {row} {what}"


def _by_evidence() -> Iterator[str]:
    """
    Yield the first row of each table whose state is not what other evidence says.

    What workers do to such rows is recorded in rows of their own, and not in history.
    """
    for model in apps.get_models():
        told = getattr(model, "state_evidence", None)
        for row, what in run(*told()) if told else ():
            yield f"{model._meta.db_table}: row {row} {what}"


def _state_column(noun: type[models.Model]) -> str:
    field = state_field(noun)
    return str(field.column) if field else "state"
