"""
Steps that meet on the same work wait for each other in one order, and try again where they still
met head on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from threading import Barrier
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from delivery.briefs.operations import briefs
from delivery.models import Brief, Request
from delivery.requests.operations import requests
from routing.kernel import retrying
from routing.models import WorkItem
from routing.people.actors import Actor
from routing.sla.operations import clocks
from routing.sla.operations.calendars import ensure_defaults
from routing.work import door
from routing.work.creation import create
from routing.work.details import HandOverDetails
from routing.work.door import OperationResult
from routing.work.operations import items as work
from tests.threads import at_once
from tests.world import NOW, World, by, make_request

committed = pytest.mark.django_db(transaction=True)


@pytest.fixture
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is tried again: what passes has waited in order."""
    monkeypatch.setattr(retrying, "ATTEMPTS", 1)


@pytest.fixture
def slowly(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any, str], None]:
    """Let a function of a module begin late, so that both sides hold locks when they meet."""

    def slow(module: Any, name: str) -> None:
        real = getattr(module, name)

        def late(*args: Any, **kwargs: Any) -> Any:
            time.sleep(0.3)
            return real(*args, **kwargs)

        monkeypatch.setattr(module, name, late)

    return slow


def codes(answers: Sequence[Sequence[OperationResult]]) -> set[str]:
    return {
        refusal.code for results in answers for result in results for refusal in result.refusals
    }


def make_brief(request: Request) -> Brief:
    item = WorkItem(
        title="A brief",
        client_id=request.item.client_id,
        parent=request.item,
        owner_id=request.item.owner_id,
        backup_id=request.item.backup_id,
    )
    [brief] = create(
        [Brief(item=item, request=request, body="Five pages")], by=Actor.system(), at=NOW
    )
    return brief


@committed
@pytest.mark.usefixtures("once")
def test_a_part_moves_while_the_whole_is_held(
    committed_world: World, slowly: Callable[[Any, str], None]
) -> None:
    alice, policy = by(committed_world.alice), ensure_defaults(at=NOW)
    parent = make_request(committed_world.acme)
    child = make_request(committed_world.acme, parent=parent.item)
    clocks.start([parent.item, child.item], policy, NOW)
    slowly(clocks, "_parents")
    slowly(work, "open_along")

    answers = at_once(
        [
            partial(requests.triage, [child.pk], by=alice, at=NOW),
            partial(work.hold, [parent.item_id], by=alice, at=NOW, reason="Budget"),
        ]
    )

    assert answers[1][0].done
    assert codes(answers) <= {"hold"}
    assert WorkItem.objects.held().count() == 2


@committed
@pytest.mark.usefixtures("once")
def test_a_bulk_hold_meets_a_bulk_hand_over(
    committed_world: World, slowly: Callable[[Any, str], None]
) -> None:
    world = committed_world
    parent = make_request(world.acme)
    child, last = make_request(world.acme, parent=parent.item), make_request(world.acme)
    slowly(work, "open_along")
    olga = by(world.olga)

    answers = at_once(
        [
            partial(work.hold, [last.item_id, parent.item_id], by=olga, at=NOW, reason="Budget"),
            partial(
                work.hand_over,
                [last.item_id, child.item_id],
                by=olga,
                at=NOW,
                reason="Holiday",
                details=HandOverDetails(owner=world.bob.pk, backup=world.alice.pk, doer=None),
            ),
        ]
    )

    assert all(result.done for results in answers for result in results)
    assert WorkItem.objects.held().count() == 3


@committed
@pytest.mark.usefixtures("once")
def test_a_brief_is_cancelled_while_its_request_is(
    committed_world: World, slowly: Callable[[Any, str], None]
) -> None:
    alice, policy = by(committed_world.alice), ensure_defaults(at=NOW)
    request = make_request(committed_world.acme)
    brief = make_brief(request)
    clocks.start([request.item, brief.item], policy, NOW)
    slowly(clocks, "_parents")

    answers = at_once(
        [
            partial(briefs.cancel, [brief.pk], by=alice, at=NOW, reason="Off"),
            partial(requests.cancel, [request.pk], by=alice, at=NOW, reason="Off"),
        ]
    )

    assert answers[1][0].done
    assert codes(answers) <= {"state"}
    assert not WorkItem.objects.open().exists()


@committed
def test_a_part_that_is_made_while_the_whole_is_held_is_held_too(
    committed_world: World, slowly: Callable[[Any, str], None]
) -> None:
    parent = make_request(committed_world.acme)
    slowly(door, "write")

    alice = by(committed_world.alice)

    def hold() -> bool:
        return work.hold([parent.item_id], by=alice, at=NOW, reason="Budget")[0].done

    def make() -> bool:
        return make_request(committed_world.acme, parent=parent.item).pk is not None

    assert at_once([hold, make]) == [True, True]

    assert WorkItem.objects.held().count() == 2


@committed
def test_what_the_database_undid_for_another_is_tried_again(committed_world: World) -> None:
    items = [make_request(committed_world.acme).item_id for _ in range(2)]
    meet, tries = Barrier(2, timeout=20), []

    def take(order: Sequence[int]) -> bool:
        def both() -> bool:
            tries.append(order)
            with transaction.atomic():
                for place, item in enumerate(order):
                    WorkItem.objects.select_for_update().get(pk=item)
                    if place == 0 and tries.count(order) == 1:
                        meet.wait()
            return True

        return retrying.again(both)

    assert at_once([partial(take, items), partial(take, items[::-1])]) == [True, True]
    assert len(tries) >= 3  # the database undoes one of them, on a busy machine also the other


def deadlock(*_: Any) -> list[OperationResult]:
    raise OperationalError("deadlock detected") from psycopg.errors.DeadlockDetected()


@committed
@pytest.mark.parametrize("step", [requests.triage, work.hold], ids=lambda step: step.kind)
def test_what_is_undone_each_time_is_answered_as_overtaken(
    committed_world: World, monkeypatch: pytest.MonkeyPatch, step: Any
) -> None:
    request = make_request(committed_world.acme)
    monkeypatch.setattr(door, "_pass", deadlock)

    [result] = step([request.pk, request.pk], by=by(committed_world.alice), at=NOW, reason="x")

    assert (result.id, result.done, [refusal.code for refusal in result.refusals]) == (
        request.pk,
        False,
        ["overtaken"],
    )


def test_inside_a_callers_transaction_the_error_is_the_callers(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = make_request(world.acme)
    monkeypatch.setattr(door, "_pass", deadlock)

    with pytest.raises(OperationalError, match="deadlock"):
        requests.triage([request.pk], by=by(world.alice), at=NOW)
    assert connection.in_atomic_block
