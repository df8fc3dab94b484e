"""Steps that people take, each on a stage of its own. ``begin`` stands before the step itself."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from delivery.approvals.operations import approvals, deliverables
from delivery.approvals.operations.reviewing import expire_due
from delivery.briefs.details import WriteBriefDetails
from delivery.briefs.operations import briefs
from delivery.briefs.operations.first_briefs import write_brief
from delivery.deliverables.details import ConfirmReceiptDetails, SignOffDetails
from delivery.models import Check, Deliverable, Request
from delivery.progress.operations import changes, impacts, receipts
from delivery.requests.change_gates import seal_of
from delivery.requests.details import (
    AnswerDetails,
    AnswerImpactDetails,
    DuplicateDetails,
    StateImpactDetails,
)
from delivery.requests.operations import requests
from routing.cover.operations.leaving import deactivate
from routing.kernel.reasons import Reason
from routing.kernel.roles import AM, OPS
from routing.models import ExceptionCase, Note, Outcome, WorkItem
from routing.people.actors import Actor
from routing.runs.operations import exceptions, outcomes
from routing.runs.operations.raising import ExceptionFinding, raise_exception
from routing.work.details import HandOverDetails
from routing.work.operations import notes
from routing.work.operations.items import hand_over, hold, resume
from tests.delivery.making import done, question, record_request
from tests.delivery.turns.stage import Stage
from tests.portal import user_of
from tests.world import NOW, by, make_user

LATER = NOW + timedelta(days=2)
STATED = StateImpactDetails(Decimal(2), Decimal(100), date(2026, 12, 24), "A day more.")


# -- Requests --------------------------------------------------------------------------------------


def a_change(stage: Stage) -> Request:
    return stage.request(kind=Request.Kind.CHANGE, target=stage.page())


def received_by_rita(stage: Stage) -> None:
    row = stage.approved()
    done(deliverables.hand_out([row.pk], by=by(stage.world.bob), at=NOW))
    stage.begin()
    details = ConfirmReceiptDetails(receipts.CONFIRMED)
    done(receipts.confirm_receipt([row.pk], by=rita(stage), at=NOW, details=details))


def opened_by_bob(stage: Stage) -> None:
    stage.begin()
    record_request(stage.world, who=stage.world.bob, title="By phone", at=NOW)


def answered_by_rita(stage: Stage) -> None:
    row = stage.request(Request.State.NEEDS_INFORMATION, question="Which?")
    stage.begin()
    done(requests.answer([row.pk], by=rita(stage), at=NOW, details=AnswerDetails("That one.")))


def rejected_by_bob(stage: Stage) -> None:
    row = stage.request()
    stage.begin()
    done(requests.reject([row.pk], by=by(stage.world.bob), at=NOW, reason="Not ours."))


def marked_duplicate_by_bob(stage: Stage) -> None:
    row, first = stage.request(), stage.request()
    stage.begin()
    details = DuplicateDetails(first.pk)
    done(requests.mark_duplicate([row.pk], by=by(stage.world.bob), at=NOW, details=details))


def cancelled_by_bob(stage: Stage) -> None:
    """With a page that Cora is making."""
    row = stage.made()
    stage.begin()
    done(requests.cancel([row.request_id], by=by(stage.world.bob), at=NOW, reason="No budget."))


def withdrawn_by_rita(stage: Stage) -> None:
    row = stage.request()
    stage.begin()
    done(requests.withdraw([row.pk], by=rita(stage), at=NOW))


def impact_stated_by_alice(stage: Stage) -> None:
    row = a_change(stage)
    stage.begin()
    done(impacts.state_impact([row.pk], by=by(stage.world.alice), at=NOW, details=STATED))


def impact_accepted_by_carla(stage: Stage) -> None:
    row = a_change(stage)
    done(impacts.state_impact([row.pk], by=by(stage.world.alice), at=NOW, details=STATED))
    stage.begin()
    details = AnswerImpactDetails(seal_of(Request.objects.get(pk=row.pk)))
    done(impacts.accept_impact([row.pk], by=carla(stage), at=NOW, details=details))


def brief_begun_by_bob(stage: Stage) -> None:
    row = stage.request(Request.State.ACCEPTED)
    stage.begin()
    details = WriteBriefDetails(body="Make it good.", engagement=None)
    done(write_brief([row.pk], by=by(stage.world.bob), at=NOW, details=details))


# -- Briefs ----------------------------------------------------------------------------------------


def brief_submitted_by_alice(stage: Stage) -> None:
    row = stage.brief()
    stage.begin()
    done(briefs.submit([row.pk], by=by(stage.world.alice), at=NOW))


def brief_submitted_by_bob(stage: Stage) -> None:
    row = stage.brief()
    stage.begin()
    done(briefs.submit([row.pk], by=by(stage.world.bob), at=NOW))


def brief_approved_first_by_bob(stage: Stage) -> None:
    row = stage.in_review(amount="9000")
    stage.begin()
    done(briefs.approve_first([row.pk], by=by(stage.world.bob), at=NOW))


def brief_approved_by_bob(stage: Stage) -> None:
    row = stage.in_review()
    stage.begin()
    done(briefs.approve([row.pk], by=by(stage.world.bob), at=NOW))


def brief_changes_requested_by_bob(stage: Stage) -> None:
    row = stage.in_review()
    stage.begin()
    done(briefs.request_changes([row.pk], by=by(stage.world.bob), at=NOW, reason="Too dear."))


def brief_cancelled_by_bob(stage: Stage) -> None:
    row = stage.brief()
    stage.begin()
    done(briefs.cancel([row.pk], by=by(stage.world.bob), at=NOW, reason="Another one."))


def brief_rewritten_by_bob(stage: Stage) -> None:
    row = stage.in_review()
    stage.begin()
    done(briefs.supersede([row.pk], by=by(stage.world.bob), at=NOW, reason="Anew."))


# -- Making and QA ---------------------------------------------------------------------------------


def started_by_olga(stage: Stage) -> None:
    """Who may not make it, so that it stays with its owner."""
    row = stage.page()
    stage.begin()
    done(deliverables.start([row.pk], by=by(stage.world.olga), at=NOW))


def submitted_with_a_sign_off_open(stage: Stage) -> None:
    Check.objects.create(name="Brand", kind="judgment")
    row = stage.made()
    stage.begin()
    done(deliverables.submit([row.pk], by=by(stage.world.cora), at=NOW))


def submitted_and_failed_at_once(stage: Stage) -> None:
    """QA is not told of work that is back before they could look."""
    Check.objects.create(name="Brand", kind="judgment")
    Check.objects.create(name="Words", kind="forbidden_terms", params={"terms": ["welcome"]})
    row = stage.made()
    stage.begin()
    done(deliverables.submit([row.pk], by=by(stage.world.cora), at=NOW))


def submitted_and_passed_at_once(stage: Stage) -> None:
    row = stage.made()
    stage.begin()
    done(deliverables.submit([row.pk], by=by(stage.world.cora), at=NOW))


def sign(stage: Stage, *, passed: bool) -> None:
    row = stage.in_qa()
    stage.begin()
    details = SignOffDetails(Check.objects.get().pk, passed, "" if passed else "Wrong logo.")
    done(deliverables.sign_off([row.pk], by=by(stage.world.quin), at=NOW, details=details))


def sign_off_failed_by_quin(stage: Stage) -> None:
    sign(stage, passed=False)


def sign_off_passed_by_quin(stage: Stage) -> None:
    sign(stage, passed=True)


def sent_back_by_alice(stage: Stage) -> None:
    row = stage.before_agency()
    stage.begin()
    done(deliverables.send_back([row.pk], by=by(stage.world.alice), at=NOW, reason="A typo."))


def reopened_by_alice(stage: Stage) -> None:
    row = stage.approved()
    stage.begin()
    done(deliverables.reopen([row.pk], by=by(stage.world.alice), at=NOW, reason="A typo."))


def cancelled_deliverable_by_bob(stage: Stage) -> None:
    row = stage.made()
    stage.begin()
    done(deliverables.cancel([row.pk], by=by(stage.world.bob), at=NOW, reason="Not needed."))


def publishing_failed(stage: Stage) -> None:
    row = stage.approved()
    Deliverable.objects.filter(pk=row.pk).update(state=Deliverable.State.PUBLISHING)
    WorkItem.objects.filter(pk=row.item_id).update(state=Deliverable.State.PUBLISHING)
    stage.begin()
    done(deliverables.fail_publishing([row.pk], by=Actor.system(), at=NOW))


def change_asked_by_carla(stage: Stage) -> None:
    row = stage.made()
    stage.begin()
    changes.take_back(row, "Bigger.", by=carla(stage), at=NOW)


# -- Approvals -------------------------------------------------------------------------------------


def agency_approved_by_bob(stage: Stage) -> None:
    row = stage.before_agency()
    stage.begin()
    stage.answer(row, stage.world.bob, approvals.approve)


def agency_asked_for_changes(stage: Stage) -> None:
    row = stage.before_agency()
    stage.begin()
    stage.answer(row, stage.world.bob, approvals.request_changes, "Shorter.")


def client_asked_by_bob(stage: Stage) -> None:
    row = stage.before_agency()
    stage.answer(row, stage.world.alice, approvals.approve)
    stage.begin()
    done(deliverables.ask_client([row.pk], by=by(stage.world.bob), at=NOW))


def client_reminded_by_alice(stage: Stage) -> None:
    row = stage.before_client()
    stage.begin()
    done(approvals.nudge([question(row).pk], by=by(stage.world.alice), at=LATER))


def client_approved_by_carla(stage: Stage) -> None:
    row = stage.before_client()
    stage.begin()
    stage.answer(row, user_of(stage.carla), approvals.approve)


def one_of_two_approved(stage: Stage) -> None:
    row = stage.before_client(quorum="all")
    stage.begin()
    stage.answer(row, user_of(stage.carla), approvals.approve)


def after_a_yes(stage: Stage, step: Any) -> None:
    row = stage.before_client(quorum="all")
    stage.answer(row, user_of(stage.carla), approvals.approve)
    stage.begin()
    stage.answer(row, user_of(stage.carl), step, "Not like this.")


def changes_asked_of_the_owner_who_asked(stage: Stage) -> None:
    row = stage.before_agency()
    stage.answer(row, stage.world.alice, approvals.approve)
    done(deliverables.ask_client([row.pk], by=by(stage.world.alice), at=NOW))
    stage.begin()
    stage.answer(row, user_of(stage.carla), approvals.request_changes, "Shorter.")


def changes_after_a_yes(stage: Stage) -> None:
    after_a_yes(stage, approvals.request_changes)


def rejected_after_a_yes(stage: Stage) -> None:
    after_a_yes(stage, approvals.reject)


def approved_after_a_yes(stage: Stage) -> None:
    after_a_yes(stage, approvals.approve)


def expired_after_a_yes(stage: Stage) -> None:
    row = stage.before_client(quorum="all")
    stage.answer(row, user_of(stage.carla), approvals.approve)
    stage.begin()
    expire_due(at=question(row).expires_at)


def withdrawn_after_a_yes(stage: Stage) -> None:
    row = stage.before_client(quorum="all")
    stage.answer(row, user_of(stage.carla), approvals.approve)
    stage.begin()
    done(deliverables.send_back([row.pk], by=by(stage.world.alice), at=NOW, reason="A typo."))


# -- Exceptions and outcomes -----------------------------------------------------------------------


def a_case(stage: Stage) -> ExceptionCase:
    case = raise_exception(ExceptionFinding(Reason.NO_ANSWER, {}, stage.page().item), at=NOW)
    assert case is not None
    return case


def exception_raised(stage: Stage) -> None:
    row = stage.page()
    stage.begin()
    raise_exception(ExceptionFinding(Reason.NO_ANSWER, {}, row.item), at=NOW)


def exception_claimed_by_bob(stage: Stage) -> None:
    case = a_case(stage)
    stage.begin()
    done(exceptions.claim([case.pk], by=by(stage.world.bob), at=NOW))


def exception_resolved_by_bob(stage: Stage) -> None:
    case = a_case(stage)
    stage.begin()
    done(exceptions.resolve([case.pk], by=by(stage.world.bob), at=NOW, reason="Called them."))


def exception_dismissed_by_bob(stage: Stage) -> None:
    case = a_case(stage)
    stage.begin()
    done(exceptions.dismiss([case.pk], by=by(stage.world.bob), at=NOW, reason="No matter."))


def proof_waived_by_olga(stage: Stage) -> None:
    row = stage.page()
    outcomes.expect([row.item], Outcome.Kind.LIVE, by=Actor.system(), at=NOW)
    stage.begin()
    [outcome] = Outcome.objects.all()
    done(outcomes.waive([outcome.pk], by=by(stage.world.olga), at=NOW, reason="Seen by phone."))


# -- Any work --------------------------------------------------------------------------------------


def hand_to(stage: Stage, owner: Any, backup: Any, doer: Any) -> None:
    row = stage.made()
    stage.begin()
    pair = HandOverDetails(owner.pk, backup.pk, doer.pk if doer else None)
    done(hand_over([row.item_id], by=by(stage.world.olga), at=NOW, reason="Better.", details=pair))


def reassigned_owner(stage: Stage) -> None:
    hand_to(stage, make_user("Dave", AM), stage.world.bob, stage.world.cora)


def reassigned_everybody(stage: Stage) -> None:
    people = [make_user(name, AM) for name in ("Dave", "Dora", "Dan")]
    hand_to(stage, *people)


def reassigned_nobody(stage: Stage) -> None:
    hand_to(stage, stage.world.alice, stage.world.bob, stage.world.cora)


def given_a_maker(stage: Stage) -> None:
    row = stage.page()
    stage.begin()
    pair = HandOverDetails(stage.world.alice.pk, stage.world.bob.pk, stage.world.cora.pk)
    done(hand_over([row.item_id], by=by(stage.world.alice), at=NOW, reason="Hers.", details=pair))


def bob_left_and_dave_took_over(stage: Stage) -> None:
    stage.page()
    dave = make_user("Dave", OPS)
    stage.begin()
    deactivate(stage.world.bob, heir=dave, by=by(stage.world.olga), at=NOW, reason="Left.")


def held_by_olga(stage: Stage) -> None:
    """A request with a page that Cora makes."""
    row = stage.made()
    stage.begin()
    done(hold([row.request.item_id], by=by(stage.world.olga), at=NOW, reason="Waiting for legal."))


def resumed_by_olga(stage: Stage) -> None:
    row = stage.made()
    done(hold([row.request.item_id], by=by(stage.world.olga), at=NOW, reason="Waiting for legal."))
    stage.begin()
    done(resume([row.request.item_id], by=by(stage.world.olga), at=NOW))


def note_shared_by_alice(stage: Stage) -> None:
    row = stage.made()
    stage.begin()
    shared = Note.Audience.CLIENT
    notes.add(row.item_id, body="Have a look.", audience=shared, by=by(stage.world.alice), at=NOW)


def internal_note_by_quin(stage: Stage) -> None:
    row = stage.made()
    stage.begin()
    inside = Note.Audience.INTERNAL
    notes.add(row.item_id, body="Mind the logo.", audience=inside, by=by(stage.world.quin), at=NOW)


def note_by_rita(stage: Stage) -> None:
    row = stage.made()
    stage.begin()
    notes.write(row.item, body="And blue.", audience=Note.Audience.CLIENT, by=rita(stage), at=NOW)


def carla(stage: Stage) -> Actor:
    return by(user_of(stage.carla))


def rita(stage: Stage) -> Actor:
    return by(user_of(stage.rita))
