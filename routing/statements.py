"""The SQL of the door, worked out once a model: one statement loads a batch, one writes it with its history and events."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import psycopg
from django.db import connection, models
from django_fsm import FSMFieldMixin

from routing.models.work import WorkItem

Row = dict[str, Any]
Field: TypeAlias = "models.Field[Any, Any]"


def run(sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """A statement on Django's own connection, in its transaction if there is one, prepared after a few uses."""
    connection.ensure_connection()
    with connection.wrap_database_errors:
        cursor = psycopg.Cursor(connection.connection).execute(sql, params, prepare=True)
        return cursor.fetchall() if cursor.description else []


def quoted(names: Collection[str], prefix: str = "") -> str:
    return ", ".join(f'{prefix}"{name}"' for name in names)


class Table:
    """Names, converters and history of one model."""

    def __init__(self, model: type[models.Model]) -> None:
        self.model, self.name = model, model._meta.db_table
        self.fields: dict[str, Field] = {f.attname: f for f in model._meta.concrete_fields if not f.primary_key}
        self.attnames = [f.attname for f in model._meta.concrete_fields]
        self.columns = {f.attname: str(f.column) for f in model._meta.concrete_fields}
        self.state = next((f.attname for f in model._meta.concrete_fields if isinstance(f, FSMFieldMixin)), "")
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

    of = staticmethod(cache(lambda model: Table(model)))

    def selection(self, alias: str) -> str:
        return quoted([self.columns[name] for name in self.attnames], f"{alias}.")

    def instance(self, record: list[Any]) -> Any:
        for place, convert, column in self.converters:
            record[place] = convert(record[place], column, connection)
        return self.model.from_db(connection.alias, self.attnames, record)

    def prepared(self, name: str, value: Any) -> Any:
        return self.fields[name].get_db_prep_save(value, connection)

    def array(self, name: str) -> str:
        """The type of an array of this column's values; every foreign key here points at a bigint."""
        field = self.fields[name]
        return f"{'bigint' if field.is_relation else field.db_type(connection)}[]"

    def kept(self, source: str) -> str:
        """An INSERT of history for the rows that ``source`` returned."""
        names = quoted([self.columns[name] for name in self.tracked])
        return (
            f'INSERT INTO "{self.history}" ({names}, history_type, history_date, history_user_id, history_change_reason) '
            f"SELECT {names}, %s, %s::timestamptz, %s::bigint, %s FROM {source}"
        )


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that a batch writes: a value that all rows share travels once, any other as an array."""

    shared: dict[str, Any]
    own: dict[str, list[Any]]

    @classmethod
    def changed(cls, table: Table, pairs: Sequence[tuple[Row, Row]], always: Collection[str] = ()) -> Columns:
        """What differs between the rows before and after, plus ``always``."""
        names = [
            name
            for name in table.fields
            if name in always or any(not same(table, name, before[name], after[name]) for before, after in pairs)
        ]
        return cls.of(table, names, [after for _, after in pairs])

    @classmethod
    def of(cls, table: Table, names: Collection[str], rows: Sequence[Row]) -> Columns:
        shared: dict[str, Any] = {}
        own: dict[str, list[Any]] = {}
        for name in names:
            first = rows[0][name]
            if all(same(table, name, first, row[name]) for row in rows):
                shared[name] = table.prepared(name, first)
            else:
                own[name] = [table.prepared(name, row[name]) for row in rows]
        return cls(shared, own)

    def touches(self, table: Table) -> bool:
        """Whether a tracked column is among them, so that history must be kept."""
        return any(name in table.tracked for name in (*self.shared, *self.own))

    def assignments(self, table: Table, prefix: str) -> str:
        shared = [f'"{table.columns[name]}" = %s' for name in self.shared]
        own = [f'"{table.columns[name]}" = new.{prefix}{name}' for name in self.own]
        return ", ".join(shared + own)


def same(table: Table, name: str, one: Any, other: Any) -> bool:
    """JSON is compared by identity: in Python ``1 == True``, in JSON it is not."""
    return one is other or (not isinstance(table.fields[name], models.JSONField) and one == other)


def load(model: type[models.Model], ids: Collection[int], *, lock: bool, seen: tuple[str, Sequence[Any]] | None) -> list[Any]:
    """
    Rows with their work items, in the order of the items' ids, which is the order of locking.

    :param seen: SQL and parameters that select the ids of the work items the actor may see, or None for all
    """
    table, items = Table.of(model), Table.of(WorkItem)
    alone = model is WorkItem
    n = "w" if alone else "n"
    sql = f"SELECT w.xmin::text::bigint, {items.selection('w')}"
    sql += (
        f' FROM "{items.name}" w' if alone else f', {table.selection("n")} FROM "{table.name}" n JOIN "{items.name}" w ON w.id = n.item_id'
    )
    sql += f" WHERE {n}.id = ANY(%s)" + (f" AND w.id IN ({seen[0]})" if seen else "")
    sql += " ORDER BY w.id" + (" FOR NO KEY UPDATE OF w" if lock else "")
    width, rows = len(items.attnames) + 1, []
    for version, *record in run(sql, [sorted(ids), *(seen[1] if seen else ())]):
        item = items.instance(record[: width - 1])
        item.row_version = version  # xmin: another one after every update, whoever makes it
        row = item if alone else table.instance(record[width - 1 :])
        if not alone:
            row.item = item
        rows.append(row)
    return rows


Told = tuple[str, int, Any]  # kind of event, id of the actor, instant


def write(model: type[models.Model], moved: Sequence[tuple[Row, Row, Row, Row]], told: Told, reason: str) -> set[int]:
    """
    Write what verbs changed, with history and events, where the work item is still the one they saw.

    :param moved: for each row: the noun before and after, its work item before and after
    :returns: ids of the nouns written; a missing one was overtaken
    """
    table, items = Table.of(model), Table.of(WorkItem)
    alone = model is WorkItem
    of_items = Columns.changed(items, [(b, a) for _, _, b, a in moved], always=("changed_at",))
    of_nouns = Columns({}, {}) if alone else Columns.changed(table, [(b, a) for b, a, _, _ in moved])
    kind, actor, at = told
    state = "state" if alone else table.state
    keys = {
        "item_id bigint": [b["id"] for _, _, b, _ in moved],
        "version bigint": [b["row_version"] for _, _, b, _ in moved],
        "noun_id bigint": [b["id"] for b, _, _, _ in moved],
        "from_state text": [b[state] for b, _, _, _ in moved],
        "to_state text": [a[state] for _, a, _, _ in moved],
    }
    sql, keep_item, keep_noun = writing(
        model, tuple(keys), tuple(of_items.shared), tuple(of_items.own), tuple(of_nouns.shared), tuple(of_nouns.own)
    )
    history = ["~", at, actor, reason]
    params = [*keys.values(), *of_items.own.values(), *of_nouns.own.values(), *of_items.shared.values()]
    params += history * keep_item + list(of_nouns.shared.values()) + history * keep_noun
    return {found for (found,) in run(sql, [*params, kind, actor, at])}


@cache
def writing(
    model: type[models.Model],
    keys: tuple[str, ...],
    item_shared: tuple[str, ...],
    item_own: tuple[str, ...],
    noun_shared: tuple[str, ...],
    noun_own: tuple[str, ...],
) -> tuple[str, bool, bool]:
    """The statement for these columns, and whether it keeps history of the item and of the noun."""
    table, items = Table.of(model), Table.of(WorkItem)
    of_items = Columns(dict.fromkeys(item_shared), dict.fromkeys(item_own, []))
    of_nouns = Columns(dict.fromkeys(noun_shared), dict.fromkeys(noun_own, []))
    alone = model is WorkItem
    casts = [f"%s::{key.split()[1]}[]" for key in keys]
    casts += [f"%s::{items.array(name)}" for name in item_own] + [f"%s::{table.array(name)}" for name in noun_own]
    names = [key.split()[0] for key in keys] + [f"item_{name}" for name in item_own] + [f"noun_{name}" for name in noun_own]
    keep_item, keep_noun = of_items.touches(items), not alone
    parts = [
        f"new AS (SELECT * FROM unnest({', '.join(casts)}) AS new({', '.join(names)}))",
        f'item AS (UPDATE "{items.name}" AS w SET {of_items.assignments(items, "item_")} FROM new'
        " WHERE w.id = new.item_id AND w.xmin::text::bigint = new.version RETURNING w.*)",
    ]
    if keep_item:
        parts.append(f"kept_item AS ({items.kept('item')})")
    if alone:
        written = "item"
    elif of_nouns.shared or of_nouns.own:
        written = "written"
        parts.append(
            f'written AS (UPDATE "{table.name}" AS n SET {of_nouns.assignments(table, "noun_")} FROM new, item'
            " WHERE n.id = new.noun_id AND item.id = new.item_id RETURNING n.*)"
        )
    else:
        written = "written"
        parts.append(f'written AS (SELECT n.* FROM "{table.name}" AS n JOIN new ON new.noun_id = n.id JOIN item ON item.id = new.item_id)')
    if keep_noun:
        parts.append(f"kept AS ({table.kept(written)})")
    parts.append(
        "told AS (INSERT INTO routing_event (kind, source, digest, item_id, object_id, from_state, to_state, actor_id, at)"
        " SELECT %s, 'throughline', '', new.item_id, new.noun_id, new.from_state, new.to_state, %s::bigint, %s::timestamptz"
        " FROM new JOIN item ON item.id = new.item_id)"
    )
    return f"WITH {', '.join(parts)} SELECT id FROM {written}", keep_item, keep_noun


def insert(model: type[models.Model], rows: Sequence[tuple[Row, Row]], told: Told, reason: str) -> None:
    """
    Write new nouns and their work items, ids already given, with history and events, in one statement.

    :param rows: for each: the noun, its work item
    """
    table, items = Table.of(model), Table.of(WorkItem)
    of_items = Columns.of(items, list(items.fields), [item for _, item in rows])
    of_nouns = Columns.of(table, list(table.fields), [noun for noun, _ in rows])
    kind, actor, at = told
    history = ["+", at, actor, reason]
    params: list[Any] = [[item["id"] for _, item in rows], [noun["id"] for noun, _ in rows]]
    params += [*of_items.own.values(), *of_nouns.own.values(), *of_items.shared.values(), *history, *of_nouns.shared.values(), *history]
    sql = inserting(model, tuple(of_items.shared), tuple(of_items.own), tuple(of_nouns.shared), tuple(of_nouns.own))
    run(sql, [*params, kind, actor, at])


@cache
def inserting(
    model: type[models.Model],
    item_shared: tuple[str, ...],
    item_own: tuple[str, ...],
    noun_shared: tuple[str, ...],
    noun_own: tuple[str, ...],
) -> str:
    table, items = Table.of(model), Table.of(WorkItem)
    casts = ["%s::bigint[]", "%s::bigint[]"]
    casts += [f"%s::{items.array(name)}" for name in item_own] + [f"%s::{table.array(name)}" for name in noun_own]
    names = ["new_item", "new_noun"] + [f"item_{name}" for name in item_own] + [f"noun_{name}" for name in noun_own]

    def source(of: Table, key: str, shared: Mapping[str, Any] | tuple[str, ...], own: tuple[str, ...], prefix: str) -> str:
        columns = quoted(["id", *(of.columns[name] for name in (*shared, *own))])
        values = ", ".join([f"new.{key}", *(f"%s::{of.array(name)[:-2]}" for name in shared), *(f"new.{prefix}{name}" for name in own)])
        return f'INSERT INTO "{of.name}" ({columns}) SELECT {values} FROM new RETURNING *'

    return (
        f"WITH new AS (SELECT * FROM unnest({', '.join(casts)}) AS new({', '.join(names)})),"
        f" item AS ({source(items, 'new_item', item_shared, item_own, 'item_')}), kept_item AS ({items.kept('item')}),"
        f" written AS ({source(table, 'new_noun', noun_shared, noun_own, 'noun_')}), kept AS ({table.kept('written')}),"
        " told AS (INSERT INTO routing_event (kind, source, digest, item_id, object_id, from_state, to_state, actor_id, at)"
        f" SELECT %s, 'throughline', '', item_id, id, '', \"{table.columns[table.state]}\", %s::bigint, %s::timestamptz FROM written)"
        " SELECT 1"
    )
