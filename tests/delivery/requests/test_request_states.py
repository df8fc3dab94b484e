"""Every pair of state and verb of a request: allowed, or refused with the row untouched."""

from __future__ import annotations

from typing import Any

import pytest

from delivery.models import Request
from delivery.requests.details import (
    AnswerDetails,
    AskDetails,
    DuplicateDetails,
    EditRequestDetails,
    RemindDetails,
)
from delivery.requests.operations import requests as operations
from routing.people.actors import Actor
from routing.work.door import Operation, operations_of
from tests.portal import reachable
from tests.world import NOW, World, make_request

S = Request.State
ALLOWED = {
    "ask": {S.CAPTURED: S.NEEDS_INFORMATION},
    "answer": {S.NEEDS_INFORMATION: S.CAPTURED},
    **{
        verb: {state: state for state in (S.CAPTURED, S.NEEDS_INFORMATION, S.TRIAGED)}
        for verb in ("stall", "wait_again")
    },
    "triage": {S.CAPTURED: S.TRIAGED},
    "accept": {S.TRIAGED: S.ACCEPTED},
    "begin": {S.ACCEPTED: S.IN_DELIVERY},
    "deliver": {S.IN_DELIVERY: S.DELIVERED},
    "close": {S.DELIVERED: S.CLOSED},
    "reject": dict.fromkeys((S.CAPTURED, S.NEEDS_INFORMATION, S.TRIAGED), S.REJECTED),
    "mark_duplicate": dict.fromkeys((S.CAPTURED, S.NEEDS_INFORMATION, S.TRIAGED), S.DUPLICATE),
    "cancel": dict.fromkeys(
        (S.CAPTURED, S.NEEDS_INFORMATION, S.TRIAGED, S.ACCEPTED, S.IN_DELIVERY), S.CANCELLED
    ),
    "withdraw": dict.fromkeys((S.CAPTURED, S.NEEDS_INFORMATION, S.TRIAGED), S.CANCELLED),
    "edit": {
        state: state
        for state in (S.CAPTURED, S.NEEDS_INFORMATION, S.TRIAGED, S.ACCEPTED, S.IN_DELIVERY)
    },
}
# Only a change has them: test_changes.py.
OF_CHANGES = {"state_impact", "accept_impact", "decline_impact"}


def details_for(verb: str, original: Request) -> Any:
    details = {
        "ask": AskDetails("Which pages?"),
        "answer": AnswerDetails("Home and contact"),
        "mark_duplicate": DuplicateDetails(original.pk),
        "edit": EditRequestDetails(title="Another title"),
        "wait_again": RemindDetails(NOW),
    }
    return details.get(verb)


def test_every_operation_is_in_the_table() -> None:
    # The state stays: test_brief_plans, test_questions, test_campaigns.
    elsewhere = {"write_brief", "remind", "make_campaign"}
    assert set(operations_of(Request)) - OF_CHANGES - elsewhere == set(ALLOWED)


@pytest.mark.parametrize("state", list(S))
@pytest.mark.parametrize("verb", sorted(ALLOWED))
def test_verb_from_state(world: World, verb: str, state: S) -> None:
    original = make_request(world.acme)
    reachable(world.acme)
    fields = {"duplicate_of": original} if state == S.DUPLICATE else {}
    request = make_request(world.acme, state, **fields)
    step: Operation[Any] = operations_of(Request)[verb]

    [result] = step(
        [request.pk],
        by=Actor.system(),
        at=NOW,
        reason="Because",
        details=details_for(verb, original),
    )

    now = Request.objects.select_related("item").get(pk=request.pk)
    target = ALLOWED[verb].get(state)
    assert result.done == (target is not None)
    assert now.state == (target or state)
    assert (now.item.state, now.item.is_open) == (now.state, now.is_open)
    assert now.history.count() == (2 if target else 1)
    if target is None:
        assert result.refusals[0].code == "state"


def test_asking_makes_it_wait_on_the_client_and_answering_keeps_what_was_known(
    world: World,
) -> None:
    request = make_request(world.acme, details="A site")
    reachable(world.acme)

    operations.ask(
        [request.pk], by=Actor.system(), at=NOW, details=AskDetails(question="How many pages?")
    )
    waiting = Request.objects.select_related("item").get(pk=request.pk)
    operations.answer(
        [request.pk], by=Actor.system(), at=NOW, details=AnswerDetails(details="Five pages")
    )
    answered = Request.objects.select_related("item").get(pk=request.pk)

    assert (waiting.item.waiting_on, waiting.question) == ("client", "How many pages?")
    assert (answered.item.waiting_on, answered.question) == ("agency", "")
    assert answered.details == "A site\n\nFive pages"


def test_an_empty_request_is_not_triaged_and_says_why(world: World) -> None:
    request = make_request(world.acme, details=" ")

    [result] = operations.triage([request.pk], by=Actor.system(), at=NOW)

    assert [refusal.code for refusal in result.refusals] == ["details"]
    assert "edit the request" in str(result.refusals[0].clears_by)


@pytest.mark.parametrize("original", ["itself", "another client's", "a duplicate", "nothing"])
def test_a_duplicate_names_another_live_request_of_the_same_client(
    world: World, original: str
) -> None:
    request, keeper = make_request(world.acme), make_request(world.acme)
    other_client = type(world.acme).objects.create(
        code="ZED", name="Zed", team=world.team, owner=world.alice, backup=world.bob
    )
    wrong: dict[str, Any] = {
        "itself": request.pk,
        "another client's": make_request(other_client).pk,
        "a duplicate": make_request(world.acme, S.DUPLICATE, duplicate_of=keeper).pk,
        "nothing": None,
    }

    [result] = operations.mark_duplicate(
        [request.pk], by=Actor.system(), at=NOW, details=DuplicateDetails(wrong[original])
    )

    assert [refusal.code for refusal in result.refusals] == ["original"]
