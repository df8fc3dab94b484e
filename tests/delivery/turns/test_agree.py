"""The state, the party that work waits on and whose turn it is agree with each other (G8)."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from delivery.approvals.operations.reviewing import expire_due
from delivery.models import Deliverable, Request
from delivery.portal.words import status_of
from delivery.portal.work_words import work_status_of
from delivery.requests.details import AnswerDetails
from delivery.requests.operations import requests
from routing.cover.operations.portal_access import withdraw
from routing.kernel.reasons import Reason
from routing.models import ExceptionCase, WorkItem
from routing.work.kinds import state_badge
from routing.work.turns import WaitingSide, turn_of, with_turns
from tests.delivery.making import (
    done,
    fresh,
    make_deliverables,
    question,
    say,
    with_the_client,
)
from tests.portal import APPROVER, invited
from tests.world import World, by, make_request

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("Q13")]
CLIENT, AGENCY = WorkItem.WaitingOn.CLIENT, WorkItem.WaitingOn.AGENCY


def side(row: Any) -> str:
    item: Any = with_turns(WorkItem.objects.filter(pk=row.item_id)).get()
    turn = turn_of(item)
    assert turn is not None
    return str(turn.party.side)


@pytest.mark.parametrize("word", ["expires", "reject"])
def test_once_the_client_is_out_of_it_nothing_says_that_the_client_is_asked(
    world: World, word: str
) -> None:
    """G8: an expired approval left “With the client”, and “Waiting for you” in the portal."""
    page = with_the_client(world, make_deliverables(world)[0])
    assert work_status_of(fresh(page)).tone == "ask"

    if word == "expires":
        expire_due(at=question(page).expires_at)
    else:
        assert say(page, word, "Not ours.").done

    page = fresh(page)
    assert (page.state, page.item.waiting_on) == (Deliverable.State.IN_CLIENT_REVIEW, AGENCY)
    assert side(page) == WaitingSide.OWNER
    assert "with the client" not in state_badge(page.item.kind, page.state).lower()
    assert work_status_of(page).tone != "ask"
    assert "waiting for you" not in str(work_status_of(page).label).lower()


def test_g8_nothing_says_that_the_client_is_asked_when_nobody_of_it_can_decide(
    world: World,
) -> None:
    """The only approver lost the access: the owner has an exception, and the client no turn."""
    anna = invited(world, "Anna", (world.acme, APPROVER))
    page = with_the_client(world, make_deliverables(world)[0])
    before = work_status_of(page)

    withdraw(anna.pk, by=by(world.alice), at=timezone.now(), reason="Left.")

    assert before.tone == "ask"
    assert ExceptionCase.objects.get().reason == Reason.APPROVERS_MISSING
    assert work_status_of(fresh(page)).tone != "ask"


def test_an_answer_leaves_a_change_with_the_client_while_its_impact_is_open(world: World) -> None:
    row = make_request(world.acme, Request.State.NEEDS_INFORMATION, impact=Request.Impact.STATED)
    WorkItem.objects.filter(pk=row.item_id).update(waiting_on=CLIENT)

    answer = AnswerDetails("Blue")
    done(requests.answer([row.pk], by=by(world.alice), at=timezone.now(), details=answer))

    row = fresh(row)
    assert (row.state, row.item.waiting_on, side(row)) == (
        Request.State.CAPTURED,
        CLIENT,
        WaitingSide.CLIENT,
    )
    assert status_of(row).tone == "ask"


def test_an_accepted_impact_leaves_a_question_with_the_client(world: World) -> None:
    row = make_request(world.acme, Request.State.NEEDS_INFORMATION, impact=Request.Impact.STATED)
    row.accept_impact(at=timezone.now(), contact=None)
    assert row.item.waiting_on == CLIENT

    row = make_request(world.acme, Request.State.CAPTURED, impact=Request.Impact.STATED)
    row.decline_impact(at=timezone.now(), contact=None)
    assert row.item.waiting_on == AGENCY
