"""Rows that the caller has loaded pass through the door like rows that it loads itself."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction

from delivery.models import Request
from delivery.requests.details import AskDetails
from delivery.requests.operations import requests
from routing.models import WorkItem
from routing.work.door import move_loaded
from routing.work.sql import load
from tests.portal import reachable
from tests.world import NOW, World, by, make_request

pytestmark = pytest.mark.django_db
QUESTION = AskDetails(question="Which pages?")


def test_loaded_rows_are_moved(world: World) -> None:
    request = make_request(world.acme)
    reachable(world.acme)
    with transaction.atomic():
        rows = load(Request, [request.pk], lock=True, seen=None)
        [result] = move_loaded(
            requests.ask, rows, by=by(world.alice), at=NOW, reason="x", details=QUESTION
        )

    assert (result.done, result.row) == (True, rows[0])
    assert Request.objects.get(pk=request.pk).state == Request.State.NEEDS_INFORMATION
    assert Request.history.filter(id=request.pk).first().history_change_reason == "x"


def test_a_row_that_changed_after_it_was_loaded_is_overtaken(world: World) -> None:
    request = make_request(world.acme)
    reachable(world.acme)
    rows = load(Request, [request.pk], lock=False, seen=None)
    with transaction.atomic():  # its savepoint writes another version of the row
        WorkItem.objects.filter(pk=request.item_id).update(title="Another")

    [result] = move_loaded(
        requests.ask, rows, by=by(world.alice), at=NOW, reason="", details=QUESTION
    )

    assert [refusal.code for refusal in result.refusals] == ["overtaken"]
    assert Request.objects.get(pk=request.pk).state == Request.State.CAPTURED


def test_loaded_rows_need_the_permission_too(world: World) -> None:
    request = make_request(world.acme)
    rows = load(Request, [request.pk], lock=False, seen=None)

    with pytest.raises(PermissionDenied):
        move_loaded(requests.ask, rows, by=by(world.quin), at=NOW, reason="", details=QUESTION)
