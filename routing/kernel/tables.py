"""
Names and types of a table for hand-written SQL, computed once for each model.

The statements of the door send a batch as one array for each column, because a statement with one
parameter for each value would have a different text, and so a different plan, for each batch size.
"""

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
    Return the type of a column without its length.

    Every foreign key here points at a bigint.
    """
    if field.is_relation:
        return "bigint"
    # A cast to ``varchar(200)`` would cut text that is too long without a word. The column itself
    # refuses it, which is right.
    return str(field.db_type(connection)).partition("(")[0]


def written_fields(model: type[models.Model]) -> dict[str, Field]:
    """Return the fields of a new row by attribute name, without an id from the database."""
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
        alias. Empty for a single row of values.
    :param alias: name of the table in later clauses, such as ON CONFLICT
    :param values: SQL by the attribute name of a field, such as ``item_id``
    :raises TypeError: if there is no such field, or a field without a default is left out
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
    into = f'INSERT INTO "{model._meta.db_table}"'
    if alias:
        into += f" AS {alias}"
    select = f"SELECT {', '.join(columns.values())}"
    if source:
        select += f" FROM {source}"
    return f"{into} ({quoted(columns)}) {select}"


def _literal(value: Any) -> str:
    """:raises TypeError: for a default that has no plain form in SQL"""
    if isinstance(value, bool):  # before int, of which bool is a subclass
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, str):
        # psycopg reads % as the start of a placeholder.
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
        # Only fields that need one, such as JSON, have a converter: most values pass untouched.
        self.converters: list[tuple[int, Any, Any]] = []
        for place, field in enumerate(model._meta.concrete_fields):
            column = field.get_col(self.name)
            convert_all = connection.ops.get_db_converters(column)
            for convert in (*convert_all, *field.get_db_converters(connection)):
                self.converters.append((place, convert, column))

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
        """Return whether two values of a column are different in the database."""
        # JSON values that are not the same object count as different, because ``1 == True`` in
        # Python but not in JSON. At worst an equal value is written again.
        return one is not other and (
            isinstance(self.fields[name], models.JSONField) or one != other
        )

    def type(self, name: str) -> str:
        return sql_type(self.fields[name])

    @property
    def next_id(self) -> str:
        # In a subquery, so that PostgreSQL looks the sequence up once and not for each row.
        return f"nextval((SELECT pg_get_serial_sequence('{self.name}', 'id')::regclass))"

    def history_insert(self, source: str, mark: str, reason: str = "%(reason)s::text") -> str:
        """
        Return an INSERT of history for the rows that ``source`` returned.

        :param mark: simple-history's ``+`` or ``~``
        :param reason: SQL for the reason, which may be a column of ``source``
        """
        names = quoted([self.columns[name] for name in self.tracked])
        return (
            f'INSERT INTO "{self.history}" ({names}, history_type, history_date, history_user_id, '
            f"history_change_reason)"
            f" SELECT {names}, '{mark}', %(at)s::timestamptz, %(actor)s::bigint, {reason} FROM "
            f"{source}"
        )

    def event_insert(self, source: str, came_from: str) -> str:
        """Return an INSERT of one event for each row that ``source`` returned."""
        item = "item_id" if "item_id" in self.fields else "id"  # the row is a work item itself
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
    The columns of one table that a batch writes.

    A value that all rows share is sent once. Other values are sent as an array and read from
    ``new``. ``prefix`` starts the names of the parameters, so that two tables do not share one.
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
            # Identity first: it is cheap, and most shared values are the same object.
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
        """Return the types of the columns that differ from row to row, by parameter name."""
        return {self.prefix + name: self.table.type(name) for name in self.own}

    def assigned(self, source: str) -> dict[str, str]:
        """
        Return an expression for each column. ``source`` has the values that differ between rows.
        """
        shared = {name: f"%({self.prefix}{name})s::{self.table.type(name)}" for name in self.shared}
        own = {name: f"{source}.{self.prefix}{name}" for name in self.own}
        return {self.table.columns[name]: expression for name, expression in (shared | own).items()}

    def update(self, source: str) -> str:
        return ", ".join(
            f'"{column}" = {expression}' for column, expression in self.assigned(source).items()
        )

    def insert(self, source: str, **made: str) -> str:
        """:param made: columns whose values the statement computes"""
        values = made | self.assigned(source)
        return f'INSERT INTO "{self.table.name}" ({quoted(values)}) SELECT {", ".join(values.values())} FROM {source} RETURNING *'  # noqa: E501


def arriving(columns: Mapping[str, str], single: bool) -> str:
    """
    Return SQL for the rows of ``new``, from the columns that are sent (types by name).
    """
    # PostgreSQL plans a prepared statement once and guesses the length of an array. For one row it
    # would choose a plan for many, so a single row comes as plain values.
    if single:
        return f"new AS (SELECT {', '.join(f'%({name})s::{kind} AS {name}' for name, kind in columns.items())})"  # noqa: E501
    arrays = ", ".join(f"%({name})s::{kind}[]" for name, kind in columns.items())
    return f"new AS (SELECT * FROM unnest({arrays}) AS new({', '.join(columns)}))"


def packed(columns: Mapping[str, list[Any]], single: bool) -> dict[str, Any]:
    """Return the parameters of ``arriving``: plain values for a single row, otherwise arrays."""
    if single:
        return {name: values[0] for name, values in columns.items()}
    return dict(columns)


def changed(table: Table, pairs: Sequence[tuple[Row, Row]], always: str = "") -> list[str]:
    """Return the columns that changed in any of the pairs (before, after), and ``always``."""
    return [name for name in table.fields if name == always or _differs(table, name, pairs)]


def _differs(table: Table, name: str, pairs: Sequence[tuple[Row, Row]]) -> bool:
    return any(b[name] is not a[name] and table.differ(name, b[name], a[name]) for b, a in pairs)
