"""One table in the words of SQL, and what travels to it: worked out once a model."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from django.db import connection, models

from routing.kernel.events import Event
from routing.kernel.transitions import state_field

Row = dict[str, Any]
Values = dict[str, Any]  # parameters of a statement, by name
Field: TypeAlias = "models.Field[Any, Any]"


def quoted(names: Collection[str], prefix: str = "") -> str:
    return ", ".join(f'{prefix}"{name}"' for name in names)


def sql_type(field: Field) -> str:
    """
    The column's type without its length: a cast to ``varchar(200)`` would cut what is too long,
    the column refuses it.

    Every foreign key here points at a bigint.
    """
    return "bigint" if field.is_relation else str(field.db_type(connection)).partition("(")[0]


def written_fields(model: type[models.Model]) -> dict[str, Field]:
    """Fields of a new row by attribute name, without an id that the database gives."""
    return {
        field.attname: field
        for field in model._meta.concrete_fields
        if not isinstance(field, models.AutoField)
    }


def insert_into(
    model: type[models.Model], source: str, /, *, alias: str = "", **values: str
) -> str:
    """
    Return an INSERT of one row of ``model`` for each row of ``source``.

    A field that is left out takes its default, as it does when Django saves a row, so that a new
    field with a default changes no statement.

    :param source: a table, the name of a common table expression or, in brackets, a query with its
        alias; empty for one row of values alone
    :param alias: name of the table in what follows, such as ON CONFLICT
    :param values: SQL by attribute name of the field, such as ``item_id``
    :raises TypeError: if a name is not a field's, or a field without a default is left out
    """
    fields, columns = written_fields(model), {}
    if unknown := values.keys() - fields.keys():
        raise TypeError(f"{model.__name__} has no field {', '.join(sorted(unknown))}.")
    for name, field in fields.items():
        if name in values:
            columns[str(field.column)] = values[name]
        elif not field.has_db_default():
            default = field.get_default()
            if default is None and not field.null:
                raise TypeError(f"{model.__name__}.{name} has no default.")
            if default is not None:
                columns[str(field.column)] = _literal(default)
    into = f'INSERT INTO "{model._meta.db_table}"{f" AS {alias}" if alias else ""}'
    found = f" FROM {source}" if source else ""
    return f"{into} ({quoted(columns)}) SELECT {', '.join(columns.values())}{found}"


def _literal(value: Any) -> str:
    """:raises TypeError: for a default that has no plain form in SQL"""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, str):
        text = str(value).replace("'", "''").replace("%", "%%")
        return f"'{text}'"
    raise TypeError(f"{value!r} is no default that a statement can spell.")


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
        return sql_type(self.fields[name])

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
        return insert_into(
            Event,
            source,
            kind="%(kind)s",
            item_id=item,
            object_id="id",
            from_state=came_from,
            to_state=f'"{self.columns[self.state]}"',
            actor_id="%(actor)s::bigint",
            at="%(at)s::timestamptz",
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
