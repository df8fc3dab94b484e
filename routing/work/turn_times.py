"""The time at which the turn of a work item began, from its events and its history."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from routing.kernel.sql import run
from routing.work.turns import ASSIGNEE, OWNER, Turn, turn_of, turns, turns_of

# A change of state begins a turn, unless the same turn stands in the state before, and so does a
# verb that the table names. Events of clocks have levels for states, and begin nothing. A part
# begins a turn when it is created, and when it ends. If the turn is the owner's or the assignee's,
# it did not begin before that person got the work.
BEGAN = """
    SELECT id, max(at) FROM (
        SELECT e.item_id AS id, e.at
        FROM unnest(%(items)s::bigint[], %(same)s::text[], %(nouns)s::text[])
            AS asked (id, same, noun)
            JOIN routing_event e ON e.item_id = asked.id AND starts_with(e.kind, noun)
        WHERE e.kind = ANY(%(kinds)s)
            OR e.from_state <> e.to_state AND position('|' || e.from_state || '|' IN same) = 0
        UNION ALL
        SELECT p.parent_id, e.at FROM routing_workitem p JOIN routing_event e ON e.item_id = p.id
        WHERE p.parent_id = ANY(%(wholes)s) AND p.kind = ANY(%(parts)s)
            AND e.kind NOT LIKE 'routing.clock.%%'
            AND (e.from_state = '' AND e.to_state <> ''
                OR NOT p.is_open AND e.from_state <> e.to_state)
        UNION ALL
        SELECT id, history_date FROM (
            SELECT id, history_date, person IS DISTINCT
                FROM lag(person) OVER (PARTITION BY id ORDER BY history_id) AS changed
            FROM (
                SELECT id, history_id, history_date, CASE WHEN id = ANY(%(done)s)
                    THEN coalesce(doer_id, owner_id) ELSE owner_id END AS person
                FROM routing_historicalworkitem
                WHERE id = ANY(%(owned)s) OR id = ANY(%(done)s)) AS people) AS records
        WHERE changed) AS found
    GROUP BY id"""


def turns_began(items: Collection[Any]) -> dict[int, datetime]:
    """
    Return the time at which each item's turn began, by id, in one statement.

    :param items: from ``with_turns``, none of them on hold
    """
    asked = {item.pk: row for item in items if (row := turn_of(item)) is not None}
    if not asked:
        return {}
    kinds: set[str] = set()
    parts: set[str] = set()
    for row in asked.values():
        kinds.update(_kinds(row))
        parts.update(row.parts)
    began = run(
        BEGAN,
        {
            "items": list(asked),
            "same": [_same(row) for row in asked.values()],
            "nouns": [_kind(row, "") for row in asked.values()],
            "kinds": sorted(kinds),
            "wholes": [pk for pk, row in asked.items() if _turns_with_parts(row)],
            "parts": sorted(parts),
            "owned": [pk for pk, row in asked.items() if row.party is OWNER],
            "done": [pk for pk, row in asked.items() if row.party is ASSIGNEE],
        },
    )
    return {key: at for key, at in began}  # noqa: C416  # dict() would not know the types


def _kinds(row: Turn) -> Sequence[str]:
    return [_kind(row, verb) for verb in row.begins]


def _kind(row: Turn, verb: str) -> str:
    """Return the kind of a verb's events or, without one, the beginning of the noun's kinds."""
    return f"{row.model._meta.app_label}.{row.model._meta.model_name}.{verb}"


def _same(row: Turn) -> str:
    """Return the states with the same turn, such as those of an open exception, in one text."""
    same = (row.model, row.party, row.act)
    states = [each.state for each in turns().values() if (each.model, each.party, each.act) == same]
    return f"|{'|'.join(states)}|"


def _turns_with_parts(row: Turn) -> bool:
    """Return whether the existence of a part decides whose turn it is in this state."""
    return bool(row.parts) and len(turns_of(row.model, row.state)) > 1
