"""
3.

A refusal explains itself: what the button says beforehand is what the door says when it is tried.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.utils.timezone import now

from delivery.models import Request
from delivery.requests.operations import requests
from routing.work.door import Operation, all_operations, operations_of
from routing.work.judging import preview
from routing.work.operations import items
from tests.details import blank
from tests.world import NOW, World, by, make_request

# From here, or for such a request: there is nothing to clear, and no button.
NO_STEP = {"state", "change"}


@pytest.mark.parametrize("step", list(operations_of(Request).values()), ids=lambda step: step.verb)
@pytest.mark.parametrize("state", list(Request.State))
@pytest.mark.parametrize("held", [False, True])
def test_the_button_says_what_the_door_says(
    world: World, step: Operation[Any], state: str, held: bool
) -> None:
    request = make_request(
        world.acme,
        state,
        details="",
        **({"duplicate_of": make_request(world.acme)} if state == "duplicate" else {}),
    )
    if held and request.is_open:
        items.hold([request.item_id], by=by(world.olga), at=NOW, reason="Budget")
    olga = by(world.olga)
    [row] = Request.objects.filter(pk=request.pk).select_related("item__owner")

    [(_, answers)] = preview([step], row, by=olga, at=now())
    said = [answer for answer in answers if not answer.passed]

    if any(answer.code == "permission" for answer in said):
        assert not olga.may(step.permission)
        return
    [result] = step([request.pk], by=olga, at=now(), reason="", details=blank(step.details))
    told = {refusal.code for refusal in result.refusals}
    assert {
        answer.code for answer in said
    } <= told  # trying may find more: a detail that is missing
    for refusal in result.refusals:
        assert str(refusal.message)
        assert refusal.code in NO_STEP or str(refusal.clears_by), refusal


def test_every_operation_has_a_label_and_somebody_who_may_or_is_the_systems() -> None:
    for step in all_operations():
        assert str(step.label)
        assert step.system or step.may or step.contacts, step.kind


def test_each_of_many_gets_its_own_answer_in_the_order_asked(world: World) -> None:
    good, empty, ended = (
        make_request(world.acme),
        make_request(world.acme, details=""),
        make_request(world.acme, "closed"),
    )

    results = requests.triage([ended.pk, 10_000_000, good.pk, empty.pk], by=by(world.alice), at=NOW)

    assert [
        (result.id, result.done, [refusal.code for refusal in result.refusals])
        for result in results
    ] == [
        (ended.pk, False, ["state"]),
        (10_000_000, False, ["gone"]),
        (good.pk, True, []),
        (empty.pk, False, ["details"]),
    ]
