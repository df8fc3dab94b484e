"""Details of a step beside its ids: only known names, and an actor who may see nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission

from delivery.requests.details import AnswerDetails, EditRequestDetails
from delivery.requests.operations import requests
from routing.work.details import HoldDetails
from routing.work.door import move
from routing.work.operations import items
from tests.world import NOW, World, by, make_request, make_user


@pytest.mark.parametrize("name", ["ended_at", "accepted_at", "duplicate_of_id", "item_id", "state"])
def test_a_detail_that_the_step_does_not_name_is_refused_before_anything_is_read(
    world: World, django_assert_num_queries: Any, name: str
) -> None:
    alice, details = by(world.alice), dict[str, Any]({name: NOW})

    with django_assert_num_queries(0), pytest.raises(TypeError, match=name):
        requests.edit([1], by=alice, at=NOW, details=EditRequestDetails(**details))


def test_hold_takes_no_words_but_its_reason(world: World) -> None:
    request = make_request(world.acme)

    with pytest.raises(TypeError, match="takes no details"):
        items.hold(  # type: ignore[call-overload]
            [request.item_id], by=by(world.alice), at=NOW, reason="x", details=HoldDetails("y")
        )


def test_details_of_another_step_are_refused_before_anything_is_read(
    world: World, django_assert_num_queries: Any
) -> None:
    """Mypy refuses each call: without the error, its ignore would be unused, which it reports."""
    alice = by(world.alice)

    with django_assert_num_queries(0):
        with pytest.raises(TypeError, match="takes AskDetails, not AnswerDetails"):
            requests.ask([1], by=alice, at=NOW, details=AnswerDetails("?"))  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="takes AskDetails, not NoneType"):
            requests.ask([1], by=alice, at=NOW)  # type: ignore[call-arg]
        with pytest.raises(TypeError, match="takes HoldDetails, not NoneType"):
            move(items.hold, [1], by=alice, at=NOW, reason="x")
        with pytest.raises(TypeError, match="does not declare AnswerDetails"):
            items.hold.with_details(AnswerDetails)


def test_who_may_do_something_but_see_nothing_finds_nothing(world: World) -> None:
    request, nobody = make_request(world.acme), make_user("Nobody")
    nobody.user_permissions.add(
        *Permission.objects.filter(
            codename__in=["hold_workitem", "resume_workitem", "triage_request"]
        )
    )
    actor = by(nobody)

    answers = [
        *items.hold([request.item_id], by=actor, at=NOW, reason="x"),
        *items.resume([request.item_id], by=actor, at=NOW + timedelta(hours=1)),
        *requests.triage([request.pk, request.pk + 1], by=actor, at=NOW),
    ]

    assert [[refusal.code for refusal in answer.refusals] for answer in answers] == [["gone"]] * 4
