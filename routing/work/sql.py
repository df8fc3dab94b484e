"""
The SQL of the door: one statement loads a batch, and one writes it with its history and events.

Each statement has one text for a single row and one for any number of rows, so PostgreSQL plans it
once and psycopg prepares it. docs/performance.md compares this with Django's own statements.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypedDict

from django.db import models

from routing.kernel.sql import run
from routing.kernel.tables import (
    Columns,
    Row,
    Table,
    Values,
    arriving,
    changed,
    insert_into,
    packed,
)
from routing.work.items import RefCounter, WorkItem

# xmin is the transaction that wrote the row: a row version that no writer can forget to raise.
STILL_SEEN = "w.id = new.new_item AND w.xmin::text::bigint = new.new_version"
# One row a prefix, written in the order of prefixes: two transactions that number work of the same
# clients then never wait for each other in a circle.
_COUNTED = insert_into(
    RefCounter,
    "new GROUP BY prefix ORDER BY prefix",
    alias="c",
    prefix="prefix",
    last="count(*)",
)
COUNT = f"""{_COUNTED}
    ON CONFLICT (prefix) DO UPDATE SET last = c.last + EXCLUDED.last RETURNING prefix, last"""
NOWHERE = "''"


class EventMeta(TypedDict):
    """Values for history and events besides the rows."""

    kind: str
    actor: int
    at: datetime
    reason: str


# -- Loading ---------------------------------------------------------------------------------------


def load(
    model: type[models.Model],
    ids: Sequence[int],
    *,
    lock: bool,
    seen: tuple[str, Sequence[Any]] | None,
) -> list[Any]:
    """
    Load rows with their work items, in the order of the items' ids, which is the order of locks.

    :param seen: SQL and parameters for the ids of the work items that the actor may see, or None
        for all
    """
    table, items = Table.of(model), Table.of(WorkItem)
    width, rows, single = len(items.attnames) + 1, [], len(ids) == 1
    sql = loading(model, single, lock, seen[0] if seen else "")
    for version, *record in run(
        sql, [ids[0] if single else sorted(ids), *(seen[1] if seen else ())]
    ):
        row = item = items.instance(record[: width - 1])
        item.row_version = version
        if model is not WorkItem:
            row = table.instance(record[width - 1 :])
            row.item = item
        rows.append(row)
    return rows


@cache
def loading(model: type[models.Model], single: bool, lock: bool, seen: str) -> str:
    table, items = Table.of(model), Table.of(WorkItem)
    columns, source, key, locked = items.selection("w"), f'"{items.name}" w', "w.id", "w"
    if model is not WorkItem:
        columns = f"{columns}, {table.selection('n')}"
        source = f'"{table.name}" n JOIN {source} ON w.id = n.item_id'
        key = "n.id"
        # After waiting for a lock, PostgreSQL reads only the locked rows again. If the noun were
        # not locked, it would be older than its work item.
        locked = "w, n"
    sql = f"SELECT w.xmin::text::bigint, {columns} FROM {source} WHERE {key} = "
    sql += "%s" if single else "ANY(%s)"
    if seen:
        sql += f" AND w.id IN ({seen})"
    if not single:
        sql += " ORDER BY w.id"
    if lock:
        sql += f" FOR NO KEY UPDATE OF {locked}"
    return sql


# -- Writing ---------------------------------------------------------------------------------------


def write(
    model: type[models.Model], moved: Sequence[tuple[Row, Row, Row, Row]], meta: EventMeta
) -> set[int]:
    """
    Write changed rows with history and events, if their work items have not changed meanwhile.

    :param moved: for each row: the noun before and after, its work item before and after
    :returns: ids of the nouns that were written; a missing one was overtaken
    """
    table, items, single = Table.of(model), Table.of(WorkItem), len(moved) == 1
    of_items, item_values = Columns.of(
        items,
        "item_",
        changed(items, [(b, a) for _, _, b, a in moved], always="changed_at"),
        [a for _, _, _, a in moved],
    )
    noun_names = changed(table, [(b, a) for b, a, _, _ in moved]) if model is not WorkItem else ()
    of_nouns, noun_values = Columns.of(table, "noun_", noun_names, [a for _, a, _, _ in moved])
    keys: Values = {
        "new_item": [b["id"] for _, _, b, _ in moved],
        "new_noun": [b["id"] for b, _, _, _ in moved],
        "new_version": [b["row_version"] for _, _, b, _ in moved],
        "came_from": [b[table.state] for b, _, _, _ in moved],
    }
    sql = writing(single, of_items, of_nouns)
    return {
        found
        for (found,) in run(sql, {**meta, **packed(keys, single), **item_values, **noun_values})
    }


@cache
def writing(single: bool, of_items: Columns, of_nouns: Columns) -> str:
    items, table = of_items.table, of_nouns.table
    keys = {
        "new_item": "bigint",
        "new_noun": "bigint",
        "new_version": "bigint",
        "came_from": "text",
    }
    # The item is updated first, under the row version. Everything else reads what that returned, so
    # an overtaken row gets no history and no event either.
    parts = [
        arriving(keys | of_items.travelling | of_nouns.travelling, single),
        (
            f'item AS (UPDATE "{items.name}" AS w SET {of_items.update("new")} FROM new WHERE '
            f"{STILL_SEEN} RETURNING w.*, new.*)"
        ),
    ]
    if of_items.are_tracked:
        parts.append(f"item_history AS ({items.history_insert('item', '~')})")
    written = "item"
    if table is not items:
        written = "written"
        if of_nouns:
            # ``item`` carries the columns of ``new``: one join less than with both.
            step = f'UPDATE "{table.name}" AS n SET {of_nouns.update("item")} FROM item WHERE n.id = item.new_noun'  # noqa: E501
            step += " RETURNING n.*, item.came_from"
        else:
            step = f'SELECT n.*, item.came_from FROM "{table.name}" AS n JOIN item ON n.id = item.new_noun'  # noqa: E501
        # The noun gets a history row even if only its item changed: history by noun has no gaps.
        parts += [f"written AS ({step})", f"history AS ({table.history_insert('written', '~')})"]
    parts.append(f"event AS ({table.event_insert(written, 'came_from')})")
    return f"WITH {', '.join(parts)} SELECT id FROM {written}"


def new_ids(model: type[models.Model], many: int) -> list[tuple[int, ...]]:
    """Return ids for ``many`` new work items and their nouns."""
    # Ids are taken before the INSERT, because a row may refer to its own: a run is its item's run.
    return run(
        f"SELECT {Table.of(WorkItem).next_id}, {Table.of(model).next_id} FROM generate_series(1, "
        f"%s)",
        [many],
    )


def insert(
    model: type[models.Model],
    rows: Sequence[tuple[Row, Row]],
    prefixes: Sequence[str],
    meta: EventMeta,
) -> list[str]:
    """
    Write new nouns and their work items with history and events, in one statement.

    :param rows: pairs of noun and work item, which have their ids
    :param prefixes: for each, the prefix of its reference
    :returns: for each, in the same order, its reference
    """
    table, items, single = Table.of(model), Table.of(WorkItem), len(rows) == 1
    item_names = [name for name in items.fields if name != "ref"]
    of_items, item_values = Columns.of(items, "item_", item_names, [item for _, item in rows])
    of_nouns, noun_values = Columns.of(
        table, "noun_", list(table.fields), [noun for noun, _ in rows]
    )
    keys: Values = {
        "place": list(range(len(rows))),
        "prefix": list(prefixes),
        "after_it": _after_it(prefixes),
        "new_item": [item["id"] for _, item in rows],
        "new_noun": [noun["id"] for noun, _ in rows],
    }
    made = run(
        inserting(single, of_items, of_nouns),
        {**meta, **packed(keys, single), **item_values, **noun_values},
    )
    return [ref for (ref,) in made]


def _after_it(prefixes: Sequence[str]) -> list[int]:
    """Return for each prefix how many equal ones come after it in the batch."""
    # The counter is raised by the whole batch at once, so its result is the last number. Earlier
    # rows count back from it.
    left, found = Counter(prefixes), []
    for prefix in prefixes:
        left[prefix] -= 1
        found.append(left[prefix])
    return found


@cache
def inserting(single: bool, of_items: Columns, of_nouns: Columns) -> str:
    items, table = of_items.table, of_nouns.table
    keys = {
        "place": "int",
        "prefix": "text",
        "after_it": "int",
        "new_item": "bigint",
        "new_noun": "bigint",
    }
    parts = [
        arriving(keys | of_items.travelling | of_nouns.travelling, single),
        f"counter AS ({COUNT})",
        (
            "numbered AS (SELECT new.*, prefix || '-' || (counter.last - new.after_it) AS new_ref FROM "  # noqa: E501
            "new JOIN counter USING (prefix))"
        ),
        f"item AS ({of_items.insert('numbered', id='new_item', ref='new_ref')})",
        f"item_history AS ({items.history_insert('item', '+')})",
        f"written AS ({of_nouns.insert('numbered', id='new_noun')})",
        f"history AS ({table.history_insert('written', '+')})",
        f"event AS ({table.event_insert('written', NOWHERE)})",
    ]
    return f"WITH {', '.join(parts)} SELECT new_ref FROM numbered ORDER BY place"
