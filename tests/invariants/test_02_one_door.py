"""
2.

One door: state changes only in an operation, in one transaction, with history and an event.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from delivery.models import Request
from delivery.requests.operations import requests
from routing.models import Event, WorkItem
from routing.work import registry
from routing.work.items import PlainSaveRefused
from tests.house.rules import sources
from tests.house.state_writes import past_the_door
from tests.house.state_writes_allowed import ALLOWED
from tests.world import NOW, World, by, make_request


@pytest.mark.requirement("T11", "T20")
def test_a_change_is_one_history_row_and_one_event_with_who_and_why(world: World) -> None:
    request = make_request(world.acme)

    requests.triage([request.pk], by=by(world.alice), at=NOW, reason="Clear enough")

    newest, event = request.history.first(), Event.objects.latest("id")
    assert request.history.count() == 2
    assert (newest.state, newest.history_user_id, newest.history_change_reason) == (
        "triaged",
        world.alice.pk,
        "Clear enough",
    )
    assert (event.kind, event.from_state, event.to_state, event.actor, event.item_id) == (
        "delivery.request.triage",
        "captured",
        "triaged",
        world.alice,
        request.item_id,
    )


def test_without_permission_nothing_is_even_read(
    world: World, django_assert_num_queries: Any
) -> None:
    """The refusal is caught inside: an exception that leaves the counting is never counted."""
    request, cora = make_request(world.acme), by(world.cora)

    with django_assert_num_queries(0), pytest.raises(PermissionDenied):
        requests.triage([request.pk], by=cora, at=NOW)

    assert Request.objects.get(pk=request.pk).state == "captured"


@pytest.mark.requirement("R10")
def test_saving_around_the_door_is_refused(world: World) -> None:
    request = make_request(world.acme)

    with pytest.raises(PlainSaveRefused):
        request.save()
    with pytest.raises(PlainSaveRefused):
        request.item.save()
    with pytest.raises(PlainSaveRefused):
        WorkItem.objects.create(title="x")
    with pytest.raises(AttributeError, match="not allowed"):
        request.state = "closed"


def test_a_state_the_machine_does_not_know_is_refused_by_the_database(world: World) -> None:
    request = make_request(world.acme)

    with pytest.raises(IntegrityError, match="request_state_known"), transaction.atomic():
        Request.objects.filter(pk=request.pk).update(state="half_done")


def test_a_reaction_that_fails_undoes_everything(world: World) -> None:
    request = make_request(world.acme)

    def fail(*_: object) -> None:
        raise RuntimeError("reaction failed")

    registry.react(requests.triage)(fail)
    try:
        with pytest.raises(RuntimeError), transaction.atomic():
            requests.triage([request.pk], by=by(world.alice), at=NOW)
    finally:
        registry._reactions[requests.triage.kind].remove(fail)

    assert Request.objects.get(pk=request.pk).state == "captured"
    assert request.history.count() == 1


def test_nothing_in_the_source_writes_a_state_but_the_door_and_the_machines() -> None:
    """
    Every way to write one is looked for, and each place that may has its reason:
    tests/house/state_writes.py.
    """
    assert past_the_door(sources(), ALLOWED) == []
