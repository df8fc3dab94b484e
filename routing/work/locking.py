"""
Work items with what they are part of and what is below them: locked in one order, so that nobody
waits in a circle.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import cache

from django.db import models

from routing.kernel.sql import run
from routing.kernel.tables import Table
from routing.work.items import WorkItem

Hold = tuple[datetime | None, int | None, str]  # since when, whose hold it is, why

UNDER = """
    WITH RECURSIVE under AS (
        SELECT id FROM routing_workitem WHERE id = ANY(%s)
        UNION SELECT c.id FROM routing_workitem c JOIN under u ON c.parent_id = u.id)
    SELECT w.id, w.held_by_id FROM under u JOIN routing_workitem w ON w.id = u.id
    WHERE w.is_open AND w.id <> ALL(%s) ORDER BY w.id"""
HOLDS = """
    SELECT id, held_at, held_by_id, hold_reason FROM routing_workitem WHERE id = ANY(%s) ORDER BY id
        FOR NO KEY UPDATE"""


def lock(model: type[models.Model], ids: Collection[int], *, below: bool = False) -> None:
    """
    Lock the work items of these rows and the timed work they are part of, whose clocks follow them,
    by id.

    Everybody who locks work locks it in this order: a part comes after what it is part of, which
    was made before it.

    :param below: also everything below them
    """
    run(locking(model, below), [list(ids)])


@cache
def locking(model: type[models.Model], below: bool) -> str:
    """
    Every row is looked up by its key, whatever the planner believes of the tables: a plan that was
    kept while they were small would read all of them. A subquery with OFFSET is not joined.
    """
    noun = "SELECT asked.id AS item_id"
    if model is not WorkItem:
        # One of ours.
        noun = f'SELECT item_id FROM "{Table.of(model).name}" WHERE id = asked.id OFFSET 0'
    parts = (
        "UNION SELECT c.id, c.parent_id FROM routing_workitem c JOIN found f ON c.parent_id = f.id"
        if below
        else ""
    )
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
    Return the open items below these, however deep, each with the id of the item whose hold it is
    under.
    """
    return [(item, held_by) for item, held_by in run(UNDER, [list(ids), list(ids)])]


def holds_of(ids: Collection[int]) -> dict[int, Hold]:
    """
    Lock these items, and say how each is held: who holds one after this sees what was made below it
    before.
    """
    return {
        item: (held_at, held_by, why) for item, held_at, held_by, why in run(HOLDS, [list(ids)])
    }
