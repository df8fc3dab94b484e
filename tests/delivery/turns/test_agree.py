"""The state, the party that work waits on and whose turn it is agree with each other (G8)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from delivery.approvals.details import StandInDetails
from delivery.approvals.operations import approvals
from delivery.approvals.operations.reviewing import expire_due
from delivery.models import Deliverable, Request
from delivery.portal.words import status_of
from delivery.portal.work_words import work_status_of
from delivery.requests.details import AnswerDetails, AskDetails
from delivery.requests.operations import requests
from routing.cover.operations.portal_access import invite, withdraw
from routing.kernel.reasons import Reason
from routing.models import Clock, ExceptionCase, Notification, WorkItem
from routing.sla.operations.calendars import ensure_defaults
from routing.sla.timing import Does
from routing.work.kinds import state_badge
from routing.work.turns import WaitingSide, decisions_of, turn_of, with_turns
from tests.delivery.making import (
    done,
    fresh,
    make_deliverables,
    question,
    say,
    with_the_client,
)
from tests.portal import APPROVER, invited, user_of
from tests.world import NOW, World, by, make_request

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


def test_g8_the_clocks_are_the_agencys_while_nobody_of_the_client_is_left(world: World) -> None:
    """The only approver leaves and comes back: whose time it is follows who can answer."""
    ensure_defaults(at=NOW)
    anna = invited(world, "Anna", (world.acme, APPROVER))
    page = with_the_client(world, make_deliverables(world)[0])
    about = question(page)
    assert whose(page, about) == {(CLIENT, True)}

    withdraw(anna.pk, by=by(world.alice), at=timezone.now(), reason="Left.")

    page, about = fresh(page), fresh(about)
    assert (page.item.waiting_on, about.item.waiting_on) == (AGENCY, AGENCY)
    assert whose(page, about) == {(AGENCY, False)}
    case = ExceptionCase.objects.get()
    assert Notification.objects.filter(item=case.item, recipient=world.alice).exists()
    assert side(about) == WaitingSide.OWNER
    # One entry on Today for one matter: the approval, and neither the page nor the exception.
    mine = decisions_of(WorkItem.objects.all(), by(world.alice), timezone.now())
    assert [item.pk for item in mine] == [about.item_id]

    invite(anna.pk, by=by(world.alice), at=timezone.now() + timedelta(minutes=1))

    page, about = fresh(page), fresh(about)
    assert (page.item.waiting_on, about.item.waiting_on) == (CLIENT, CLIENT)
    assert (side(about), whose(page, about)) == (WaitingSide.CLIENT, {(CLIENT, True)})
    assert fresh(case).state == ExceptionCase.State.DISMISSED
    assert Notification.objects.filter(item=about.item, recipient=user_of(anna)).count() == 2
    assert work_status_of(page).tone == "ask"


def whose(*rows: Any) -> set[tuple[str, bool]]:
    """Return the party of each clock of this work that is not stopped, and whether it is paused."""
    clocks = Clock.objects.filter(item__in=[row.item_id for row in rows], stopped_at=None)
    return {(clock.waiting_on, clock.turn.does == Does.PAUSE) for clock in clocks}


def test_g8_a_stand_in_gives_the_turn_back_and_what_older_versions_left_is_found(
    world: World,
) -> None:
    anna = invited(world, "Anna", (world.acme, APPROVER))
    page = with_the_client(world, make_deliverables(world)[0])
    about = question(page)
    withdraw(anna.pk, by=by(world.alice), at=timezone.now(), reason="Left.")
    items = WorkItem.objects.filter(pk__in=[page.item_id, about.item_id])
    items.update(waiting_on=CLIENT)

    expire_due(at=timezone.now())
    assert set(items.values_list("waiting_on", flat=True)) == {AGENCY}

    bert = invited(world, "Bert", (world.acme, APPROVER))
    assert set(items.values_list("waiting_on", flat=True)) == {AGENCY}  # joiners are not asked
    done(
        approvals.name_stand_in(
            [about.pk],
            by=by(world.alice),
            at=timezone.now(),
            details=StandInDetails(contact=bert.pk),
        )
    )
    assert set(items.values_list("waiting_on", flat=True)) == {CLIENT}
    assert Notification.objects.filter(item=about.item, recipient=user_of(bert)).count() == 1


@pytest.mark.parametrize("asked", ["question", "impact"])
def test_g8_questions_about_requests_follow_who_can_answer_them(world: World, asked: str) -> None:
    """Siblings of the approval: a question to the client, and the impact of a change."""
    anna = invited(world, "Anna", (world.acme, APPROVER))
    if asked == "question":
        row = make_request(world.acme)
        details = AskDetails("Which pages?")
        done(requests.ask([row.pk], by=by(world.alice), at=timezone.now(), details=details))
    else:
        row = make_request(world.acme, Request.State.TRIAGED, impact=Request.Impact.STATED)
        WorkItem.objects.filter(pk=row.item_id).update(waiting_on=CLIENT)
    assert side(row) == WaitingSide.CLIENT

    withdraw(anna.pk, by=by(world.alice), at=timezone.now(), reason="Left.")

    row = fresh(row)
    assert (row.item.waiting_on, side(row)) == (AGENCY, WaitingSide.OWNER)
    case = ExceptionCase.objects.get()
    assert Notification.objects.filter(item=case.item, recipient=world.alice).exists()

    invite(anna.pk, by=by(world.alice), at=timezone.now())

    row = fresh(row)
    assert (row.item.waiting_on, side(row)) == (CLIENT, WaitingSide.CLIENT)
    assert fresh(case).state == ExceptionCase.State.DISMISSED
