"""Lives through the door."""

from __future__ import annotations

from bench.world import DETAILS, REASON, TITLE, World
from delivery.requests.models import Request
from routing.work.creation import create
from routing.work.new_items import new_item


def one(world: World) -> None:
    """One request from its capture to delivered, every step its own commit."""
    by = world.by_manager
    by.require("delivery.add_request", to="create requests")
    [made] = create([_unsaved(world, 1)], by=by, at=world.clock(), reason=REASON)
    _through(world, [made.pk])


def opened(world: World, details: str = "x") -> Request:
    """A request to work on. The measured life of a request begins with its row, not its event."""
    request = _unsaved(world, 1)
    request.details = details
    [made] = create([request], by=world.by_manager, at=world.clock())
    return made


def batch(world: World, count: int) -> None:
    """``count`` requests, every step one commit for all of them."""
    by = world.by_manager
    by.require("delivery.add_request", to="create requests")
    made = create(
        [_unsaved(world, number) for number in range(1, count + 1)],
        by=by,
        at=world.clock(),
        reason=REASON,
    )
    _through(world, [request.pk for request in made])


def _unsaved(world: World, number: int) -> Request:
    client = world.client
    item = new_item(
        f"{TITLE} {number}",
        client=client,
        team_id=client.team_id,
        owner_id=client.owner_id,
        backup_id=client.backup_id,
    )
    return Request(item=item, details=f"{DETAILS} {number}", channel=Request.Channel.EMAIL)


def _through(world: World, ids: list[int]) -> None:
    for step, by, _user in world.steps():
        results = step(ids, by=by, at=world.clock(), reason=REASON)
        assert all(result.done for result in results), results
