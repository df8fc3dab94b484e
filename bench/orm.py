"""
Lives through the ORM: row by row as one would write it, and with simple-history's bulk helpers. The
same rows as the door's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from bench.world import DETAILS, REASON, TITLE, World
from delivery.requests.models import Request
from routing.kernel.events import Event
from routing.people.actors import Actor
from routing.people.staff import User
from routing.work.door import Operation
from routing.work.gates import ContextWith
from routing.work.items import RefCounter, WorkItem
from routing.work.registry import reactions
from routing.work.visibility import work_seen_by


def one(world: World) -> None:
    """
    One request from its capture to delivered: lock, gates, verb, save with history, event; every
    step its own commit.
    """
    pk = _create(world)
    for step, by, user in world.steps():
        _step(pk, step, by, user, world.clock())


def _create(world: World) -> int:
    world.by_manager.require("delivery.add_request", to="create requests")
    at = world.clock()
    with transaction.atomic():
        [request] = _unsaved(world, 1, at)
        _save(request.item, world.manager, at)
        request.item = request.item  # again, because only a saved item lends its id
        _save(request, world.manager, at)
        event(request, "create", "", world.manager, at).save()
        react([request], "delivery.request.create", world.by_manager, at)
    return request.pk


def _step(pk: int, step: Operation[Any], by: Actor, user: User, at: datetime) -> None:
    by.require(step.permission, to=step.verb)
    with transaction.atomic():
        request = seen(by).get(pk=pk)
        before = request.state
        turn(request, step, by, at, facts_of([request], step, by, at))
        _save(request, user, at)
        request.item.skip_history_when_saving = True  # type: ignore[attr-defined]  # only mirrored columns changed
        models.Model.save(request.item)
        event(request, step.verb, before, user, at).save()
        react([request], step.kind, by, at)


def batch(world: World, count: int) -> None:
    """
    ``count`` requests with ``bulk_create_with_history`` and ``bulk_update_with_history``, every
    step one commit for all.
    """
    ids = create_many(world, count)
    for step, by, user in world.steps():
        _step_many(ids, step, by, user, world.clock())


def create_many(world: World, count: int) -> list[int]:
    world.by_manager.require("delivery.add_request", to="create requests")
    at = world.clock()
    history: dict[str, Any] = {
        "batch_size": count,
        "default_user": world.manager,
        "default_change_reason": REASON,
        "default_date": at,
    }
    with transaction.atomic():
        requests = _unsaved(world, count, at)
        bulk_create_with_history([request.item for request in requests], WorkItem, **history)
        for request in requests:
            request.item = request.item
        bulk_create_with_history(requests, Request, **history)
        Event.objects.bulk_create(
            [event(request, "create", "", world.manager, at) for request in requests]
        )
        react(requests, "delivery.request.create", world.by_manager, at)
    return [request.pk for request in requests]


def _step_many(
    ids: Sequence[int], step: Operation[Any], by: Actor, user: User, at: datetime
) -> None:
    by.require(step.permission, to=step.verb)
    with transaction.atomic():
        requests = list(seen(by).filter(pk__in=ids).order_by("item_id"))
        before = {request.pk: request.state for request in requests}
        facts = facts_of(requests, step, by, at)
        for request in requests:
            turn(request, step, by, at, facts)
        fields = [
            "state",
            *(name for name in ("triaged_at", "accepted_at") if name.startswith(step.verb)),
        ]
        bulk_update_with_history(
            requests,
            Request,
            fields,
            default_user=user,
            default_change_reason=REASON,
            default_date=at,
        )
        WorkItem.objects.bulk_update(
            [request.item for request in requests], ["state", "is_open", "changed_at"]
        )
        Event.objects.bulk_create(
            [event(request, step.verb, before[request.pk], user, at) for request in requests]
        )
        react(requests, step.kind, by, at)


def _unsaved(world: World, count: int, at: datetime) -> list[Request]:
    client = world.client
    counter, _made = RefCounter.objects.select_for_update().get_or_create(prefix=client.code)
    first = counter.last
    counter.last += count
    counter.save()
    return [
        _request(world, number, f"{client.code}-{first + number}", at)
        for number in range(1, count + 1)
    ]


def _request(world: World, number: int, ref: str, at: datetime) -> Request:
    client = world.client
    item = WorkItem(
        ref=ref,
        kind="request",
        title=f"{TITLE} {number}",
        client=client,
        team_id=client.team_id,
        owner_id=client.owner_id,
        backup_id=client.backup_id,
        state=Request.State.CAPTURED,
        created_at=at,
        changed_at=at,
    )
    return Request(item=item, details=f"{DETAILS} {number}")


def seen(by: Actor) -> models.QuerySet[Request]:
    rows = Request.objects.select_related("item").select_for_update(of=("self", "item"))
    return rows if by.may("routing.see_all_work") else rows.filter(item__in=work_seen_by(by))


def facts_of(
    requests: Sequence[Request], step: Operation[Any], by: Actor, at: datetime
) -> Mapping[int, Any]:
    """Return what the gates of a step ask for besides the rows."""
    return step.facts(requests, by, at, None) if step.facts else {}


def turn(
    request: Request, step: Operation[Any], by: Actor, at: datetime, facts: Mapping[int, Any]
) -> None:
    context: ContextWith[None] = ContextWith(by, at, REASON, facts=facts)
    if not all(gate(request, context).passed for gate in step.all_gates):
        raise PermissionDenied(step.verb)
    getattr(request, step.verb)(at=at)
    request.item.state, request.item.is_open, request.item.changed_at = (
        request.state,
        request.is_open,
        at,
    )


def _save(row: Any, user: User, at: datetime) -> None:
    """``DoorOnly.save`` refuses, so Django's own; history follows from simple-history's signal."""
    row._history_user, row._history_date, row._change_reason = user, at, REASON
    models.Model.save(row)


def event(request: Request, verb: str, before: str, user: User, at: datetime) -> Event:
    return Event(
        kind=f"delivery.request.{verb}",
        item_id=request.item_id,
        object_id=request.pk,
        from_state=before,
        to_state=request.state,
        actor=user,
        at=at,
    )


def react(requests: Sequence[Request], kind: str, by: Actor, at: datetime) -> None:
    for reaction in reactions(kind):
        reaction(requests, by, at)
