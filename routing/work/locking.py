"""
Locks of work items together with their parents and parts.

Everybody locks in the order of ids, so that no two transactions wait for each other in a circle. A
parent was created before its parts, so it always comes first: docs/decisions/0007.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import cache

from django.db import models

from routing.kernel.sql import run
from routing.kernel.tables import Table
from routing.work.items import WorkItem
from routing.work.registry import companions_of

Hold = tuple[datetime | None, int | None, str]  # since when, id of the held item, reason

UNDER = """
    WITH RECURSIVE under AS (
        SELECT id FROM routing_workitem WHERE id = ANY(%s)
        UNION SELECT c.id FROM routing_workitem c JOIN under u ON c.parent_id = u.id)
    SELECT w.id, w.held_by_id FROM under u JOIN routing_workitem w ON w.id = u.id
    WHERE w.is_open AND w.id <> ALL(%s) ORDER BY w.id"""
# NO KEY UPDATE, here and below: inserting a row that refers to the item, such as an event, takes a
# key share lock, and must not wait.
HOLDS = """
    SELECT id, held_at, held_by_id, hold_reason FROM routing_workitem WHERE id = ANY(%s) ORDER BY id
        FOR NO KEY UPDATE"""


def lock(model: type[models.Model], ids: Collection[int], *, below: bool = False) -> None:
    """
    Lock the work items of these rows, and their parents that have clocks, in the order of ids.

    :param below: also lock everything below them
    """
    # Parents without clocks are not changed by a change of a part, so they stay unlocked.
    run(locking(model, below), [list(ids)])


@cache
def locking(model: type[models.Model], below: bool) -> str:
    """Return the statement that locks the work items of a model's rows."""
    # LATERAL with OFFSET 0 makes PostgreSQL look up each row by its key: such a subquery is not
    # turned into a join. Prepared statements keep their plan, and a join that was planned while the
    # tables were small would read all of them.
    noun = "SELECT asked.id AS item_id"
    if model is not WorkItem:
        noun = f'SELECT item_id FROM "{Table.of(model).name}" WHERE id = asked.id OFFSET 0'
    parts = ""
    if below:
        parts = (
            "UNION SELECT c.id, c.parent_id FROM routing_workitem c "
            "JOIN found f ON c.parent_id = f.id"
        )
    # PostgreSQL cannot lock the rows of a UNION. So the ids are collected and sorted first, and
    # each row is then looked up and locked in that order.
    return f"""
        WITH RECURSIVE found AS (
            SELECT w.id, w.parent_id FROM unnest(%s::bigint[]) AS asked(id), LATERAL ({noun}) n,
                LATERAL (SELECT id, parent_id FROM routing_workitem
                    WHERE id = n.item_id OFFSET 0) w {parts})
        SELECT 1 FROM (
            SELECT id FROM found
            UNION SELECT p.id FROM found f, LATERAL (SELECT id FROM routing_workitem
                WHERE id = f.parent_id AND is_timed OFFSET 0) p
            ORDER BY id) wanted, LATERAL (SELECT FROM routing_workitem w WHERE w.id = wanted.id
                FOR NO KEY UPDATE) locked"""


def open_below(ids: Collection[int]) -> list[tuple[int, int | None]]:
    """
    Return the open items below these at any depth, each with the id of the item that holds it.
    """
    return [(item, held_by) for item, held_by in run(UNDER, [list(ids), list(ids)])]


def open_along(ids: Collection[int]) -> list[tuple[int, int | None]]:
    """
    Return what ``open_below`` does, and the open companions of these items and of their parts.
    """
    below = open_below(ids)
    beside = companions_of({*ids, *(item for item, _held_by in below)})
    if not beside:
        return below
    found = WorkItem.objects.open().filter(pk__in=beside).order_by("pk")
    return sorted({*below, *found.values_list("pk", "held_by")})


def holds_of(ids: Collection[int]) -> dict[int, Hold]:
    """
    Lock these items and return how each is held.

    A hold that comes later waits for the lock, and then sees the parts that were created before.
    """
    return {
        item: (held_at, held_by, why) for item, held_at, held_by, why in run(HOLDS, [list(ids)])
    }
