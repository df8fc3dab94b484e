"""New work through the door: numbered, owned, with its first history row and its event."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime
from functools import partial
from typing import TypeVar

from django.conf import settings
from django.db import connection, transaction

from routing.kernel.channel import with_channel
from routing.kernel.retrying import again
from routing.people.actors import Actor
from routing.work.items import WorkItem, WorkNoun
from routing.work.locking import holds_of
from routing.work.registry import EventKind, bring_in_line, reactions
from routing.work.sql import EventMeta, insert, new_ids

Noun = TypeVar("Noun", bound=WorkNoun)


def created(model: type[WorkNoun]) -> EventKind:
    """Return the kind of event that ``create`` records for new rows of ``model``."""
    return EventKind.of(model, "create")


def create(rows: Sequence[Noun], *, by: Actor, at: datetime, reason: str = "") -> list[Noun]:
    """
    Write unsaved rows whose ``item`` is an unsaved WorkItem, and give them ids and references.

    The caller checks permission. Until the commit, other transactions that create work for the same
    client wait, because the next number depends on this one.

    :raises IntegrityError: if a constraint refuses a row, such as an open item without a backup.
        Nothing is written then.
    """
    return again(partial(_create, rows, by, at, reason)) if rows else []


def _create(rows: Sequence[Noun], by: Actor, at: datetime, reason: str) -> list[Noun]:
    model = type(rows[0])
    kind = created(model).kind
    then = reactions(kind)
    parts = [row.item for row in rows if row.item.parent_id]
    # Alone, the INSERT is its own transaction. BEGIN and COMMIT would be two more round trips.
    with transaction.atomic(savepoint=False) if then or parts else nullcontext():
        _join(parts, at)
        _identify(rows)
        for row in rows:
            item = row.item
            item.kind = str(model._meta.model_name)
            item.state, item.is_open = row.state, row.is_open
            item.created_at = item.changed_at = at
        meta = EventMeta(kind=kind, actor=by.user_id, at=at, reason=with_channel(reason))
        refs = insert(
            model,
            [(row.__dict__, row.item.__dict__) for row in rows],
            [_prefix(row) for row in rows],
            meta,
        )
        for row, ref in zip(rows, refs, strict=True):
            row.item.ref = ref
        if parts:
            # The clock of the parent may have been paused. A new open part sets it running again.
            bring_in_line([row.item for row in rows], at)
        for reaction in then:
            reaction(rows, by, at)
    return list(rows)


def _join(parts: Sequence[WorkItem], at: datetime) -> None:
    """
    Put new parts under the hold of their parent, if it is on hold.
    """
    # The parents are locked first. A hold that is placed at the same time waits, and then finds the
    # new parts.
    holds = holds_of({item.parent_id for item in parts if item.parent_id}) if parts else {}
    for item in parts:
        since, held_by, why = holds.get(item.parent_id or 0, (None, None, ""))
        item.held_at, item.held_by_id, item.hold_reason = at if since else None, held_by, why


def _identify(rows: Sequence[WorkNoun]) -> None:
    """Give the rows and their work items ids from the sequences, before they are written."""
    for row, (item_id, noun_id) in zip(rows, new_ids(type(rows[0]), len(rows)), strict=True):
        item = row.item
        item.pk = item_id
        row.pk, row.item = noun_id, item  # again, because Django copies the id on assignment
        for each in (row, item):
            each._state.adding, each._state.db = False, connection.alias
        row.numbered()


def _prefix(row: WorkNoun) -> str:
    """
    Return the prefix of the reference: the client's code, or the agency's while no client is known.
    """
    client = row.item.client
    return client.code if client else settings.AGENCY_PREFIX
