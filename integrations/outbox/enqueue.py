"""Write messages into the outbox, in the transaction that causes them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from integrations.base import doorbell
from integrations.outbox.assets import FileRef
from integrations.outbox.heads import calls_about
from integrations.outbox.models import Outbound
from integrations.outbox.rows import digest_of, lock_objects, write
from routing.models import WorkItem
from routing.people.actors import Actor

State = Outbound.State


@dataclass(frozen=True, slots=True)
class NewMessage:
    """
    A message that is not a row yet. For its fields, see ``Outbound``.

    ``due_at`` (aware) is the earliest time to send it, or None for now. If no run is given, it is
    the work item's run.
    """

    connection_id: int
    key: str
    verb: str
    object_key: str
    content: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[FileRef, ...] = ()
    object_type: str = ""
    remote_id: str = ""
    item_id: int | None = None
    run_id: int | None = None
    due_at: datetime | None = None

    @property
    def object(self) -> tuple[int, str]:
        return self.connection_id, self.object_key


def enqueue(wanted: Sequence[NewMessage], *, by: Actor, at: datetime) -> list[Outbound]:
    """
    Write the messages whose keys are new, in the order given, and return them.

    A new message supersedes older ones of the same object and verb that were not started. It waits
    for every other unfinished message of its object. Call this in the transaction that causes the
    message. Workers are woken after its commit.
    """
    if not wanted:
        return []
    with transaction.atomic(savepoint=False):
        # Against another transaction with messages for the same objects: keys are read and ids are
        # given under this lock, so no key is written twice and ids follow the order of commits.
        lock_objects({each.object for each in wanted})
        known, blocked = _known_and_blocked(wanted)
        fresh = list({each.key: each for each in wanted if each.key not in known}.values())
        runs = _runs([each.item_id for each in fresh if each.item_id and not each.run_id])
        rows = [
            _row(
                each,
                each.run_id or runs.get(each.item_id or 0),
                by,
                at,
                behind_dead=each.object in blocked,
            )
            for each in fresh
        ]
        Outbound.objects.bulk_create(rows)
        _supersede(rows, at)
        due = {
            (row.connection_id, row.object_key)
            for row in rows
            if row.state == State.PENDING and row.due_at <= at
        }
        calls = calls_about(due, at) if due else []
        # After the commit: before it, a worker would not see the rows.
        if calls:
            transaction.on_commit(partial(doorbell.outbound.ring, calls))
    return rows


def _known_and_blocked(wanted: Sequence[NewMessage]) -> tuple[set[str], set[tuple[int, str]]]:
    """
    Return the keys that were written before, and the objects with a failed message that nobody has
    resolved yet, in one query.
    """
    objects = {each.object for each in wanted}
    dead = Outbound.objects.dead().filter(
        connection__in={c for c, _ in objects}, object_key__in={key for _, key in objects}
    )
    # A union instead of an OR, because each half has its own index.
    found = Outbound.objects.filter(key__in=[each.key for each in wanted]).order_by()
    rows = list(
        found.union(dead.order_by(), all=True).values_list(
            "key", "connection_id", "object_key", "state"
        )
    )
    blocked = {(c, key) for _own, c, key, state in rows if state == State.DEAD}
    # The filter also finds one object's connection with another's key, so pairs are compared.
    return {own for own, *_rest in rows}, blocked & objects


def _runs(items: Collection[int]) -> dict[int, int | None]:
    """Return the run of each work item."""
    if not items:
        return {}
    return dict(WorkItem.objects.filter(pk__in=items).values_list("pk", "run_id"))


def _row(
    wanted: NewMessage, run_id: int | None, by: Actor, at: datetime, *, behind_dead: bool
) -> Outbound:
    content, assets = dict(wanted.content), [asdict(ref) for ref in wanted.files]
    row = Outbound(
        connection_id=wanted.connection_id,
        item_id=wanted.item_id,
        run_id=run_id,
        key=wanted.key,
        verb=wanted.verb,
        object_key=wanted.object_key,
        object_type=wanted.object_type,
        content=content,
        assets=assets,
        digest=digest_of(content, assets),
        by_id=by.user_id,
        created_at=at,
        due_at=wanted.due_at or at,
        remote_id=wanted.remote_id,
    )
    if behind_dead:
        row.hold(at=at)
    return row


def _supersede(rows: Sequence[Outbound], at: datetime) -> None:
    """Supersede older messages that were not started: only the newest is worth sending."""
    newest = {(row.connection_id, row.object_key, row.verb): row.pk for row in rows}
    places = {
        "connection__in": {row.connection_id for row in rows},
        "object_key__in": {row.object_key for row in rows},
    }
    waiting = Outbound.objects.filter(
        state__in=Outbound.waiting, attempts=0, begun_at=None, **places
    )
    # Locked in the order of ids, like every other writer of several rows, and against a worker that
    # is starting one of them.
    older = [
        row
        for row in waiting.select_for_update().order_by("pk")
        if row.pk < newest.get((row.connection_id, row.object_key, row.verb), 0)
    ]
    for row in older:
        row.supersede(at=at)
    write(older)
