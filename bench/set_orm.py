"""
Lives through set-based Django: ``bulk_create``, one guarded ``update`` a transition, history and
events once a batch.

The rows are locked when they are loaded, because gates judge them and history copies them: neither
may be old by the commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from bench.orm import create_many, event, facts_of, react, seen, turn
from bench.world import REASON, World
from delivery.requests.models import Request
from routing.kernel.events import Event
from routing.people.actors import Actor
from routing.people.staff import User
from routing.work.door import Operation
from routing.work.items import WorkItem

STAMPS = ("triaged_at", "accepted_at")  # the columns that a verb sets beside the state


def one(world: World) -> None:
    """One request from its capture to delivered, every step its own commit."""
    batch(world, 1)


def batch(world: World, count: int) -> None:
    """``count`` requests, every step one commit for all of them."""
    ids = create_many(world, count)
    for step, by, user in world.steps():
        _step(ids, step, by, user, world.clock())


def _step(ids: Sequence[int], step: Operation[Any], by: Actor, user: User, at: datetime) -> None:
    by.require(step.permission, to=step.verb)
    with transaction.atomic():
        requests = list(seen(by).filter(pk__in=ids).order_by("item_id"))
        before = {request.pk: request.state for request in requests}
        facts = facts_of(requests, step, by, at)
        for request in requests:
            turn(request, step, by, at, facts)
        _update(requests, set(before.values()), step, at)
        Request.history.bulk_history_create(
            requests,
            update=True,
            default_user=user,
            default_change_reason=REASON,
            default_date=at,
        )
        events = [event(request, step.verb, before[request.pk], user, at) for request in requests]
        Event.objects.bulk_create(events)
        react(requests, step.kind, by, at)


def _update(
    requests: Sequence[Request], sources: set[str], step: Operation[Any], at: datetime
) -> None:
    """Move all that are still in a state that the verb leads from; all of these requests are."""
    stamps = {name: at for name in STAMPS if name.startswith(step.verb)}
    [(state, is_open)] = {(request.state, request.is_open) for request in requests}
    still = Request.objects.filter(pk__in=[request.pk for request in requests], state__in=sources)
    moved = still.update(state=state, **stamps)
    assert moved == len(requests), (moved, len(requests))
    items = WorkItem.objects.filter(pk__in=[request.item_id for request in requests])
    items.update(state=state, is_open=is_open, changed_at=at)
