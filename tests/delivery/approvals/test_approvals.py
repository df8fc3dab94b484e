"""Questions about versions, and what answers do."""

from __future__ import annotations

import pytest

from delivery.approvals.details import DecideDetails
from delivery.approvals.operations import approvals, deliverables
from delivery.approvals.operations.reviewing import expire_due
from delivery.deliverables.operations import versions
from delivery.models import Answer, Approval, Deliverable
from routing.kernel.reasons import Reason
from routing.models import ExceptionCase, Note, WorkItem
from tests.delivery.making import (
    DRAFT,
    approver,
    codes,
    done,
    fresh,
    hand_in,
    make_deliverables,
    make_engagement,
    question,
    say,
    with_the_client,
)
from tests.threads import at_once
from tests.world import NOW, World, by

pytestmark = pytest.mark.django_db
State = Deliverable.State
ANOTHER = versions.Draft({**DRAFT.texts, "title": "Hello again"})


def test_who_made_a_version_cannot_approve_it(world: World):
    [page] = make_deliverables(world)
    done(deliverables.start([page.pk], by=by(world.alice), at=NOW))
    done(versions.upload([page.pk], by=by(world.alice), at=NOW, details=DRAFT))
    done(deliverables.submit([page.pk], by=by(world.alice), at=NOW))

    [result] = approvals.approve(
        [question(page).pk], by=by(world.alice), at=NOW, details=DecideDetails()
    )

    assert codes(result) == ["author"]


@pytest.mark.requirement("Q15")
def test_the_client_is_asked_after_the_agency_approved_and_only_if_somebody_there_may(world: World):
    [page] = make_deliverables(world)
    page = hand_in(world, page)

    [early] = deliverables.ask_client([page.pk], by=by(world.alice), at=NOW)
    done(
        approvals.approve([question(page).pk], by=by(world.alice), at=NOW, details=DecideDetails())
    )
    [nobody] = deliverables.ask_client([page.pk], by=by(world.alice), at=NOW)

    assert (codes(early), codes(nobody)) == (["question"], ["approvers"])


def test_while_the_client_is_asked_the_work_waits_on_them(world: World):
    [page] = make_deliverables(world)

    page = with_the_client(world, page)

    assert (page.state, page.item.waiting_on) == (State.IN_CLIENT_REVIEW, WorkItem.WaitingOn.CLIENT)
    assert question(page).item.waiting_on == WorkItem.WaitingOn.CLIENT


def test_a_clients_yes_approves_and_is_kept_with_what_they_saw(world: World):
    [page] = make_deliverables(world)
    page = with_the_client(world, page)
    asked = question(page)

    result = say(page, Answer.Word.APPROVE, "Lovely.")

    assert result.done, result.refusals
    assert (fresh(page).state, fresh(asked).state) == (State.APPROVED, Approval.State.APPROVED)
    answer = Answer.objects.get(approval=asked)
    assert (answer.contact, answer.digest) == (approver(), page.versions.get().digest)
    assert Note.objects.get(item=page.item).body == "Lovely."


def test_an_answer_to_another_version_is_refused(world: World):
    [page] = make_deliverables(world)
    page = with_the_client(world, page)

    result = say(page, Answer.Word.APPROVE, digest="0" * 64)

    assert codes(result) == ["digest"]


@pytest.mark.requirement("E9")
def test_changes_send_the_work_back_count_a_round_and_close_the_question(world: World):
    [page] = make_deliverables(world, engagement=make_engagement(world, rounds=0))
    page = with_the_client(world, page)
    asked = question(page)

    say(page, Answer.Word.CHANGES, "Bigger logo.")

    page = fresh(page)
    assert (page.state, page.rounds, fresh(asked).state) == (
        State.REWORK,
        1,
        Approval.State.CHANGES_REQUESTED,
    )
    assert page.item.waiting_on == WorkItem.WaitingOn.AGENCY
    assert ExceptionCase.objects.get(item__parent=page.item).reason == Reason.ROUNDS_EXCEEDED
    assert Note.objects.get(item=page.item).body == "Bigger logo."


def test_changes_without_words_are_refused_and_nothing_is_written(world: World):
    [page] = make_deliverables(world)
    page = with_the_client(world, page)

    result = say(page, Answer.Word.CHANGES)

    assert codes(result) == ["comment"]
    assert not Answer.objects.filter(contact__isnull=False).exists()


def test_a_rejection_stops_and_asks_the_owner(world: World):
    [page] = make_deliverables(world)
    page = with_the_client(world, page)

    say(page, Answer.Word.REJECT, "Not what we asked for.")

    case = ExceptionCase.objects.get(item__parent=page.item)
    assert (case.reason, case.item.owner, fresh(page).item.waiting_on) == (
        Reason.REJECTED,
        world.alice,
        WorkItem.WaitingOn.AGENCY,
    )


@pytest.mark.requirement("L5")
def test_nobody_answers_in_time_it_is_never_a_yes_and_may_be_asked_again(world: World):
    [page] = make_deliverables(world)
    page = with_the_client(world, page)
    asked = question(page)

    assert expire_due(at=asked.expires_at) == 1
    assert expire_due(at=asked.expires_at) == 0
    done(deliverables.ask_client([page.pk], by=by(world.alice), at=asked.expires_at))

    assert fresh(asked).state == Approval.State.EXPIRED
    assert ExceptionCase.objects.get(item__parent=page.item).reason == Reason.NO_ANSWER
    assert question(page) != asked


@pytest.mark.django_db(transaction=True)
def test_two_that_expire_at_once_end_each_question_once(committed_world: World):
    asked = [
        question(with_the_client(committed_world, page))
        for _ in range(4)
        for page in make_deliverables(committed_world)
    ]
    late = asked[-1].expires_at

    ended = at_once([lambda: expire_due(at=late)] * 3)

    assert sum(ended) == 4
    assert {fresh(each).state for each in asked} == {Approval.State.EXPIRED}
    assert [each.history.filter(state=Approval.State.EXPIRED).count() for each in asked] == [1] * 4
    assert ExceptionCase.objects.filter(reason=Reason.NO_ANSWER).count() == 4


def test_a_new_version_supersedes_the_approvals_of_the_old(world: World):
    [page] = make_deliverables(world)
    page = with_the_client(world, page)
    first = page.version
    done(deliverables.send_back([page.pk], by=by(world.alice), at=NOW, reason="A typing error."))

    page = hand_in(world, fresh(page), ANOTHER)

    assert set(Approval.objects.filter(version=first).values_list("state", flat=True)) == {
        "superseded",
        "withdrawn",
    }
    assert question(page).version == page.version
