"""New work through the door: numbered, owned, with its first history row and its event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import TypeVar

from django.conf import settings
from django.db import connection, transaction

from routing.actions import reactions
from routing.actors import Actor
from routing.models.work import WorkItem, WorkNoun
from routing.statements import Table, insert, run

Noun = TypeVar("Noun", bound=WorkNoun)


def create(rows: Sequence[Noun], *, by: Actor, at: datetime, reason: str = "") -> list[Noun]:
    """
    Write unsaved nouns whose ``item`` is an unsaved WorkItem, and give them their ids and references.

    One statement writes all of them; the numbers are taken before, so a failure leaves a gap and nothing else.
    Permission is the caller's to ask: what may be created, by whom, differs from noun to noun.

    :raises IntegrityError: if a constraint refuses a row, such as an open item without a backup; then none is written
    """
    if not rows:
        return []
    model = type(rows[0])
    kind = f"{model._meta.app_label}.{model._meta.model_name}.create"
    then = reactions(kind)
    with transaction.atomic(savepoint=False) if then else nullcontext():
        _number(rows)
        for row in rows:
            item = row.item
            item.kind = str(model._meta.model_name)
            item.state, item.is_open = row.state, row.is_open
            item.created_at = item.changed_at = at
        insert(model, [(row.__dict__, row.item.__dict__) for row in rows], (kind, by.user_id, at), reason)
        for reaction in then:
            reaction(rows, by, at)
    return list(rows)


def _number(rows: Sequence[WorkNoun]) -> None:
    """Ids of noun and item, and the next number of each prefix: the client's code, or the agency's before one is known."""
    prefixes = [row.item.client.code if row.item.client else settings.AGENCY_PREFIX for row in rows]
    wanted = sorted(Counter(prefixes).items())
    last = dict(
        run(
            "INSERT INTO routing_refcounter AS c (prefix, last) SELECT * FROM unnest(%s::text[], %s::int[])"
            " ON CONFLICT (prefix) DO UPDATE SET last = c.last + EXCLUDED.last RETURNING prefix, last",
            [[prefix for prefix, _ in wanted], [count for _, count in wanted]],
        )
    )
    following = {prefix: last[prefix] - count for prefix, count in wanted}
    noun, item = Table.of(type(rows[0])), Table.of(WorkItem)
    ids = run(
        "SELECT nextval(pg_get_serial_sequence(%s, 'id')), nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
        [noun.name, item.name, len(rows)],
    )
    for row, prefix, (noun_id, item_id) in zip(rows, prefixes, ids, strict=True):
        following[prefix] += 1
        item_row = row.item
        item_row.pk, item_row.ref = item_id, f"{prefix}-{following[prefix]}"
        row.pk, row.item = noun_id, item_row  # again, because only a saved item lends its id
        for each in (row, item_row):
            each._state.adding, each._state.db = False, connection.alias
