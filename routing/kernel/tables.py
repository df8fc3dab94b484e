"""One table in the words of SQL, and what travels to it: worked out once a model."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from django.db import connection, models

from routing.kernel.transitions import state_field

Row = dict[str, Any]
Values = dict[str, Any]  # parameters of a statement, by name
Field: TypeAlias = "models.Field[Any, Any]"


def quoted(names: Collection[str], prefix: str = "") -> str:
    return ", ".join(f'{prefix}"{name}"' for name in names)


class Table:
    """Names, converters and history of one model."""

    def __init__(self, model: type[models.Model]) -> None:
        self.model, self.name = model, model._meta.db_table
        self.fields: dict[str, Field] = {
            f.attname: f for f in model._meta.concrete_fields if not f.primary_key
        }
        self.attnames = [f.attname for f in model._meta.concrete_fields]
        self.columns = {f.attname: str(f.column) for f in model._meta.concrete_fields}
        machine = state_field(model)
        self.state: str = machine.attname if machine else "state"
        self.history: str = model.history.model._meta.db_table  # type: ignore[attr-defined]
        self.tracked = [f.attname for f in model.history.model.tracked_fields]  # type: ignore[attr-defined]
        self.converters = [
            (place, convert, field.get_col(self.name))
            for place, field in enumerate(model._meta.concrete_fields)
            for convert in (
                *connection.ops.get_db_converters(field.get_col(self.name)),
                *field.get_db_converters(connection),
            )
        ]

    @staticmethod
    @cache
    def of(model: type[models.Model]) -> Table:
        return Table(model)

    def selection(self, alias: str) -> str:
        return quoted([self.columns[name] for name in self.attnames], f"{alias}.")

    def instance(self, record: list[Any]) -> Any:
        for place, convert, column in self.converters:
            record[place] = convert(record[place], column, connection)
        return self.model.from_db(connection.alias, self.attnames, record)

    def prepared(self, name: str, value: Any) -> Any:
        return self.fields[name].get_db_prep_save(value, connection)

    def differ(self, name: str, one: Any, other: Any) -> bool:
        """JSON is compared by identity: in Python ``1 == True``, in JSON it is not."""
        return one is not other and (
            isinstance(self.fields[name], models.JSONField) or one != other
        )

    def type(self, name: str) -> str:
        """
        The column's type without its length: a cast to ``varchar(200)`` would cut what is too long,
        the column refuses it.

        Every foreign key here points at a bigint.
        """
        field = self.fields[name]
        return "bigint" if field.is_relation else str(field.db_type(connection)).partition("(")[0]

    @property
    def next_id(self) -> str:
        # A subquery is asked once.
        return f"nextval((SELECT pg_get_serial_sequence('{self.name}', 'id')::regclass))"

    def kept(self, source: str, mark: str, reason: str = "%(reason)s::text") -> str:
        """
        An INSERT of history for the rows that ``source`` returned.

        :param mark: simple-history's ``+`` or ``~``
        :param reason: SQL for why, which may be a column of ``source``
        """
        names = quoted([self.columns[name] for name in self.tracked])
        return (
            f'INSERT INTO "{self.history}" ({names}, history_type, history_date, history_user_id, '
            f"history_change_reason)"
            f" SELECT {names}, '{mark}', %(at)s::timestamptz, %(actor)s::bigint, {reason} FROM "
            f"{source}"
        )

    def event_insert(self, source: str, came_from: str) -> str:
        """An INSERT of one event for each row that ``source`` returned."""
        item = "item_id" if "item_id" in self.fields else "id"  # a work item is its own
        return (
            "INSERT INTO routing_event (kind, source, digest, item_id, object_id, from_state, "
            "to_state, actor_id, at)"
            f" SELECT %(kind)s, 'throughline', '', {item}, id, {came_from}, "
            f'"{self.columns[self.state]}",'
            f" %(actor)s::bigint, %(at)s::timestamptz FROM {source}"
        )


@dataclass(frozen=True, slots=True)
class Columns:
    """
    The columns of one table that a batch writes; ``prefix`` starts the names their values travel
    by.

    A value that all rows share travels once; any other as an array, and reaches the table through
    ``new``.
    """

    table: Table
    prefix: str
    shared: tuple[str, ...]
    own: tuple[str, ...]

    @classmethod
    def of(
        cls, table: Table, prefix: str, names: Collection[str], rows: Sequence[Row]
    ) -> tuple[Columns, Values]:
        shared, own, values = [], [], {}
        for name in names:
            first = rows[0][name]
            if any(row[name] is not first and table.differ(name, first, row[name]) for row in rows):
                own.append(name)
                values[prefix + name] = [table.prepared(name, row[name]) for row in rows]
            else:
                shared.append(name)
                values[prefix + name] = table.prepared(name, first)
        return cls(table, prefix, tuple(shared), tuple(own)), values

    def __bool__(self) -> bool:
        return bool(self.shared or self.own)

    @property
    def are_tracked(self) -> bool:
        return any(name in self.table.tracked for name in (*self.shared, *self.own))

    @property
    def travelling(self) -> dict[str, str]:
        """Name to type, of those that differ from row to row."""
        return {self.prefix + name: self.table.type(name) for name in self.own}

    def assigned(self, source: str) -> dict[str, str]:
        """Column to expression, where ``source`` carries what differs from row to row."""
        shared = {name: f"%({self.prefix}{name})s::{self.table.type(name)}" for name in self.shared}
        own = {name: f"{source}.{self.prefix}{name}" for name in self.own}
        return {self.table.columns[name]: expression for name, expression in (shared | own).items()}

    def update(self, source: str) -> str:
        return ", ".join(
            f'"{column}" = {expression}' for column, expression in self.assigned(source).items()
        )

    def insert(self, source: str, **made: str) -> str:
        """:param made: columns whose values the statement finds itself"""
        values = made | self.assigned(source)
        return f'INSERT INTO "{self.table.name}" ({quoted(values)}) SELECT {", ".join(values.values())} FROM {source} RETURNING *'  # noqa: E501


def arriving(columns: Mapping[str, str], single: bool) -> str:
    """
    Return the columns sent to the server, name to type, as the rows of ``new``.

    One row comes as plain values: plans that are made once, for any length of array, would expect
    more rows than one.
    """
    if single:
        return f"new AS (SELECT {', '.join(f'%({name})s::{kind} AS {name}' for name, kind in columns.items())})"  # noqa: E501
    arrays = ", ".join(f"%({name})s::{kind}[]" for name, kind in columns.items())
    return f"new AS (SELECT * FROM unnest({arrays}) AS new({', '.join(columns)}))"


def packed(columns: Mapping[str, list[Any]], single: bool) -> dict[str, Any]:
    return {name: values[0] for name, values in columns.items()} if single else dict(columns)


def changed(table: Table, pairs: Sequence[tuple[Row, Row]], always: str = "") -> list[str]:
    """The columns in which any row after is not what it was before, and ``always``."""
    return [
        name
        for name in table.fields
        if name == always
        or any(b[name] is not a[name] and table.differ(name, b[name], a[name]) for b, a in pairs)
    ]
