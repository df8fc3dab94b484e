"""
Wherever work stops, somebody can go on: nothing is left open that nobody can end, and nothing ended
goes on.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from delivery.approvals.details import DecideDetails, RecordDetails
from delivery.approvals.operations import approvals, deliverables
from delivery.approvals.operations.reviewing import expire_due
from delivery.briefs.details import WriteBriefDetails
from delivery.briefs.operations import briefs, first_briefs
from delivery.deliverables.operations import versions
from delivery.deliverables.stages import Audience, Quorum
from delivery.models import Answer, ApprovalStage, Brief, Deliverable, Request
from routing.models import ExceptionCase, Membership, Notification, WorkItem
from routing.people.actors import Actor
from routing.work.door import carry
from routing.work.operations import items
from tests.delivery.making import (
    DRAFT,
    approver,
    codes,
    done,
    fresh,
    hand_in,
    make_deliverables,
    question,
    receive,
    say,
    with_the_client,
)
from tests.files import make_file, png
from tests.integrations.outbox.test_crm import make_run
from tests.world import NOW, World, by, make_contact, make_request

pytestmark = pytest.mark.django_db
State = Deliverable.State
FILM = [{"key": "a", "title": "Film", "format": "file"}]


def approved(world: World) -> Deliverable:
    [film] = make_deliverables(world, planned=FILM)
    film = with_the_client(world, film)
    assert say(film, Answer.Word.APPROVE).done
    return fresh(film)


def test_what_came_without_a_run_is_closed_when_it_is_proven(world: World):
    film = approved(world)

    done(deliverables.hand_out([film.pk], by=by(world.alice), at=NOW))
    before = fresh(film).request.state
    receive(film)

    assert (before, fresh(film).request.state) == (Request.State.DELIVERED, Request.State.CLOSED)


def test_a_request_on_hold_is_delivered_all_the_same_when_its_work_is(world: World):
    film = approved(world)
    done(items.hold([film.request.item_id], by=by(world.alice), at=NOW, reason="A pause."))

    carry(deliverables.hand_out, [film.pk], by=Actor.system(), at=NOW)
    held = fresh(film).state
    done(items.resume([film.request.item_id], by=by(world.alice), at=NOW))
    done(deliverables.hand_out([film.pk], by=by(world.alice), at=NOW))

    assert (held, fresh(film).request.state) == (State.APPROVED, Request.State.DELIVERED)


def test_a_request_is_not_delivered_while_more_is_being_planned(world: World):
    film = approved(world)
    done(briefs.supersede([film.brief_id], by=by(world.alice), at=NOW, reason="One more."))
    done(deliverables.hand_out([film.pk], by=by(world.alice), at=NOW))
    before = fresh(film).request.state

    done(
        briefs.cancel(
            [Brief.objects.get(is_current=True).pk], by=by(world.alice), at=NOW, reason="Enough."
        )
    )

    after = fresh(film).request.state
    assert (before, after) == (Request.State.IN_DELIVERY, Request.State.DELIVERED)


def test_the_last_that_is_called_off_lets_the_rest_be_delivered(world: World):
    film, other = make_deliverables(
        world, planned=[*FILM, {"key": "b", "title": "Page", "format": "page"}]
    )
    film = with_the_client(world, film)
    say(film, Answer.Word.APPROVE)
    done(deliverables.hand_out([film.pk], by=by(world.alice), at=NOW))

    done(deliverables.cancel([other.pk], by=by(world.alice), at=NOW, reason="Not needed."))

    assert fresh(film).request.state == Request.State.DELIVERED


def test_the_agency_is_asked_again_where_its_own_question_expired(world: World):
    [page] = make_deliverables(world)
    page = hand_in(world, page)
    asked = question(page)
    expire_due(at=asked.expires_at)

    done(deliverables.ask_agency([page.pk], by=by(world.alice), at=asked.expires_at))
    [twice] = deliverables.ask_agency([page.pk], by=by(world.alice), at=asked.expires_at)
    done(
        approvals.approve(
            [question(page).pk], by=by(world.alice), at=asked.expires_at, details=DecideDetails()
        )
    )

    assert codes(twice) == ["question"]
    assert fresh(page).state == State.IN_INTERNAL_REVIEW


def test_a_second_silence_is_told_again(world: World):
    [page] = make_deliverables(world)
    page = with_the_client(world, page)
    first = question(page).expires_at
    expire_due(at=first)
    done(deliverables.ask_client([page.pk], by=by(world.alice), at=first))

    expire_due(at=first + timedelta(days=14))

    cases = ExceptionCase.objects.filter(item__parent=page.item)
    assert sorted(cases.values_list("item__is_open", flat=True)) == [False, True]


def test_nothing_expires_that_is_on_hold(world: World):
    [page] = make_deliverables(world)
    page = with_the_client(world, page)
    asked = question(page)
    done(items.hold([page.item_id], by=by(world.alice), at=NOW, reason="A pause."))

    assert expire_due(at=asked.expires_at) == 0


def test_one_who_made_a_version_is_not_asked_about_it(world: World):
    [page] = make_deliverables(world)
    done(deliverables.start([page.pk], by=by(world.alice), at=NOW))
    done(versions.upload([page.pk], by=by(world.alice), at=NOW, details=DRAFT))
    done(deliverables.submit([page.pk], by=by(world.alice), at=NOW))

    asked = question(page)

    assert (asked.item.owner, asked.item.backup) == (world.bob, world.alice)
    assert Notification.objects.filter(item=asked.item, recipient=world.bob).exists()


def test_after_the_client_the_agency_may_be_asked_and_the_work_waits_on_it(world: World):
    [page] = make_deliverables(world)
    run = make_run(world, "1")
    for place, audience in enumerate((Audience.CLIENT, Audience.INTERNAL), start=1):
        ApprovalStage.objects.create(flow_version=run.version, position=place, audience=audience)
    WorkItem.objects.filter(pk=page.item_id).update(run=run)
    Membership.objects.create(
        contact=make_contact(), client=world.acme, role=Membership.Role.APPROVER
    )
    page = hand_in(world, fresh(page))
    done(deliverables.ask_client([page.pk], by=by(world.alice), at=NOW))

    say(page, Answer.Word.APPROVE)

    page = fresh(page)
    assert (page.state, page.item.waiting_on) == (
        State.IN_INTERNAL_REVIEW,
        WorkItem.WaitingOn.AGENCY,
    )
    assert question(page).audience == Audience.INTERNAL


def test_what_is_approved_is_told_and_can_be_taken_back(world: World):
    film = approved(world)

    done(deliverables.reopen([film.pk], by=by(world.bob), at=NOW, reason="A typing error."))
    [same] = deliverables.submit([film.pk], by=by(world.cora), at=NOW)

    assert Notification.objects.filter(
        item=film.item, words=Notification.Words.APPROVED, recipient=world.alice
    ).exists()
    assert (fresh(film).state, codes(same)) == (State.REWORK, ["version"])


def test_who_made_a_version_cannot_record_that_the_client_approved_it(world: World):
    Membership.objects.create(
        contact=make_contact(), client=world.acme, role=Membership.Role.APPROVER
    )
    [page] = make_deliverables(world)
    done(deliverables.start([page.pk], by=by(world.alice), at=NOW))
    done(versions.upload([page.pk], by=by(world.alice), at=NOW, details=DRAFT))
    done(deliverables.submit([page.pk], by=by(world.alice), at=NOW))
    done(approvals.approve([question(page).pk], by=by(world.bob), at=NOW, details=DecideDetails()))
    done(deliverables.ask_client([page.pk], by=by(world.alice), at=NOW))
    asked = question(page)
    # Of each their own upload: nobody else sees a file that no work has yet.
    said = {
        person: RecordDetails(
            word="approve",
            contact=approver().pk,
            evidence=make_file(person, world.acme, content=png(side), name=str(person.pk)).pk,
        )
        for person, side in ((world.alice, 2), (world.bob, 3))
    }

    [author] = approvals.record_answer(
        [asked.pk], by=by(world.alice), at=NOW, details=said[world.alice]
    )
    [other] = approvals.record_answer([asked.pk], by=by(world.bob), at=NOW, details=said[world.bob])

    assert (codes(author), other.done) == (["author"], True)


def test_a_request_that_no_flow_opened_gets_its_brief_from_a_person_and_only_one(world: World):
    request = make_request(world.acme, Request.State.ACCEPTED, details="A new page.")

    chosen = WriteBriefDetails("A new page.", None)
    done(first_briefs.write_brief([request.pk], by=by(world.alice), at=NOW, details=chosen))
    [twice] = first_briefs.write_brief([request.pk], by=by(world.alice), at=NOW, details=chosen)

    brief = Brief.objects.get(request=request)
    assert (brief.body, brief.item.owner, codes(twice)) == ("A new page.", world.alice, ["brief"])


@pytest.mark.requirement("Q15")
def test_two_of_the_agency_approve_where_the_stage_says_two(world: World):
    [page] = make_deliverables(world)
    run = make_run(world, "1")
    ApprovalStage.objects.create(
        flow_version=run.version, position=1, audience=Audience.INTERNAL, quorum=Quorum.SOME, need=2
    )
    WorkItem.objects.filter(pk=page.item_id).update(run=run)
    page = hand_in(world, fresh(page))
    asked = question(page)

    done(approvals.approve([asked.pk], by=by(world.alice), at=NOW, details=DecideDetails()))
    after_one = fresh(page).state
    done(approvals.approve([asked.pk], by=by(world.bob), at=NOW, details=DecideDetails()))

    assert (after_one, fresh(page).state) == (State.IN_INTERNAL_REVIEW, State.APPROVED)


def test_an_upload_that_is_refused_for_one_says_so_to_the_others(world: World):
    page, other = make_deliverables(
        world, planned=[{"key": key, "title": key, "format": "page"} for key in "ab"]
    )
    done(deliverables.start([page.pk], by=by(world.cora), at=NOW))

    started, waiting = versions.upload(
        [page.pk, other.pk, page.pk], by=by(world.cora), at=NOW, details=DRAFT
    )

    assert (codes(started), codes(waiting)) == (["together"], ["state"])
