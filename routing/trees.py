"""Work items with what they are part of and what is below them: locked in one order, so that nobody waits in a circle."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import cache

from django.db import models

from routing.models.work import WorkItem
from routing.statements import run
from routing.tables import Table

Hold = tuple[datetime | None, int | None, str]  # since when, whose hold it is, why

UNDER = """
    WITH RECURSIVE under AS (
        SELECT id FROM routing_workitem WHERE id = ANY(%s)
        UNION SELECT c.id FROM routing_workitem c JOIN under u ON c.parent_id = u.id)
    SELECT w.id, w.held_by_id FROM under u JOIN routing_workitem w ON w.id = u.id
    WHERE w.is_open AND w.id <> ALL(%s) ORDER BY w.id"""
HOLDS = """
    SELECT id, held_at, held_by_id, hold_reason FROM routing_workitem WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"""


def lock(model: type[models.Model], ids: Collection[int], *, below: bool = False) -> None:
    """
    Lock the work items of these rows and the timed work they are part of, whose clocks follow them, by id.

    Everybody who locks work locks it in this order: a part comes after what it is part of, which was made before it.

    :param below: also everything below them
    """
    run(locking(model, below), [list(ids)])


@cache
def locking(model: type[models.Model], below: bool) -> str:
    source = "routing_workitem w WHERE w.id"
    if model is not WorkItem:
        source = f'"{Table.of(model).name}" n JOIN routing_workitem w ON w.id = n.item_id WHERE n.id'
    parts = "UNION SELECT c.id, c.parent_id FROM routing_workitem c JOIN asked a ON c.parent_id = a.id" if below else ""
    return f"""
        WITH RECURSIVE asked AS (SELECT w.id, w.parent_id FROM {source} = ANY(%s) {parts})
        SELECT 1 FROM routing_workitem w WHERE w.id = ANY(ARRAY(
            SELECT id FROM asked
            UNION SELECT p.id FROM asked a JOIN routing_workitem p ON p.id = a.parent_id WHERE p.is_timed))
        ORDER BY w.id FOR NO KEY UPDATE OF w"""  # noqa: S608  # the table is one of ours


def open_below(ids: Collection[int]) -> list[tuple[int, int | None]]:
    """What is open below these items, however deep: its id, and whose hold it is under."""
    return [(item, held_by) for item, held_by in run(UNDER, [list(ids), list(ids)])]


def holds_of(ids: Collection[int]) -> dict[int, Hold]:
    """Lock these items, and say how each is held: who holds one after this sees what was made below it before."""
    return {item: (held_at, held_by, why) for item, held_at, held_by, why in run(HOLDS, [list(ids)])}
