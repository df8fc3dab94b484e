"""
Save rows that are not work, such as people, clients and teams, with the actor and the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import models

from routing.kernel.events import Event
from routing.kernel.sql import run
from routing.kernel.tables import Table
from routing.people.actors import Actor
from routing.people.staff import User


def save_with_reason(
    row: models.Model,
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    only: Sequence[str] | None = None,
) -> None:
    """
    Save a tracked row with the actor, the time and the reason in its history.

    :param only: the fields to write, None for all. History keeps the whole row as it is in memory,
        so read the row under a lock.
    """
    row._history_user = User.objects.get(pk=by.user_id)  # type: ignore[attr-defined]
    row._history_date = at  # type: ignore[attr-defined]
    row._change_reason = reason  # type: ignore[attr-defined]
    row.save(update_fields=only)


def add(rows: Sequence[models.Model], reasons: Sequence[str], *, by: Actor, at: datetime) -> None:
    """
    Save new tracked rows of one model in two statements, each row with its own reason.
    """
    if not rows:
        return
    model = type(rows[0])
    model._default_manager.bulk_create(rows)
    table = Table.of(model)
    # The door's own INSERT of history, so that its columns are named in one place.
    source = f'"{table.name}" JOIN unnest(%(ids)s::bigint[], %(reasons)s::text[]) AS because(of_id, why) ON id = of_id'  # noqa: E501
    values = {
        "ids": [row.pk for row in rows],
        "reasons": list(reasons),
        "at": at,
        "actor": by.user_id,
    }
    run(table.history_insert(source, "+", reason="why"), values)


def record_change(
    model: type[models.Model], ids: Sequence[int], *, by: Actor, at: datetime, reason: str
) -> None:
    """Add the rows of a tracked model, as they are now, to its history in one statement."""
    if not ids:
        return
    table = Table.of(model)
    source = f'"{table.name}" WHERE id = ANY(%(ids)s::bigint[]) ORDER BY id'
    values = {"ids": list(ids), "at": at, "actor": by.user_id, "reason": reason}
    run(table.history_insert(source, "~"), values)


def tell(kind: str, object_id: int, *, by: Actor, at: datetime) -> None:
    """Record an event about something that is not work."""
    Event.objects.create(kind=kind, object_id=object_id, actor_id=by.user_id, at=at)
