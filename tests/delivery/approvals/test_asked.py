"""Those asked for an approval are frozen, drop out when they leave, and can be replaced (A7)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from delivery.approvals.details import DecideDetails, RecordDetails, StandInDetails
from delivery.approvals.operations import approvals, deliverables
from delivery.approvals.operations.reviewing import expire_due
from delivery.models import Answer, Approval, ApprovalStage, AskedPerson, Deliverable
from delivery.portal.waiting import waiting_for
from routing.audit.operations.erasure import erase
from routing.cover.operations import leaving
from routing.cover.operations.portal_access import end_membership, keep_membership, withdraw
from routing.kernel.reasons import Reason
from routing.kernel.roles import AM, QA
from routing.models import Contact, ExceptionCase, Membership, Notification, WorkItem
from routing.runs.questions.ask import ask
from routing.runs.questions.asked import AskedWork
from routing.work.details import HandOverDetails
from routing.work.door import OperationResult
from routing.work.operations.files import keep
from routing.work.operations.items import hand_over
from tests.delivery.making import codes, done, fresh, hand_in, make_deliverables, question
from tests.desk import signed_in, url, words
from tests.files import png
from tests.integrations.outbox.test_crm import make_run
from tests.portal import APPROVER, VIEWER, invited, user_of
from tests.world import NOW, World, by, make_contact, make_user

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("O23", "Q21"),
]
LATER = NOW + timedelta(minutes=1)
Leave = Callable[[World, Contact], object]


@pytest.fixture
def anna(world: World) -> Contact:
    return invited(world, "Anna", (world.acme, APPROVER))


@pytest.fixture
def bert(world: World) -> Contact:
    return invited(world, "Bert", (world.acme, APPROVER))


def asked(world: World, quorum: str = "any", need: int = 1) -> Deliverable:
    """A page about which the client is asked, with this quorum."""
    [row] = make_deliverables(world)
    row = hand_in(world, row)
    done(approvals.approve([question(row).pk], by=by(world.alice), at=NOW, details=DecideDetails()))
    done(deliverables.ask_client([row.pk], by=by(world.alice), at=NOW))
    Approval.objects.filter(pk=question(row).pk).update(quorum=quorum, need=need)
    return fresh(row)


def answer(row: Approval, contact: Contact, verb: str = "approve") -> OperationResult:
    details = DecideDetails(row.digest, "Not like this.")
    step = getattr(approvals, verb)
    [result] = step([row.pk], by=by(user_of(contact)), at=NOW, details=details)
    assert isinstance(result, OperationResult)
    return result


def membership(contact: Contact) -> Membership:
    return Membership.objects.get(contact=contact)


def loses_role(world: World, contact: Contact) -> None:
    row = membership(contact)
    row.role = VIEWER
    keep_membership(row, by=by(world.alice), at=LATER, reason="Moved.")


def leaves_client(world: World, contact: Contact) -> None:
    end_membership(membership(contact), by=by(world.alice), at=LATER, reason="Left.")


def loses_access(world: World, contact: Contact) -> None:
    withdraw(contact.pk, by=by(world.alice), at=LATER, reason="Left.")


def is_erased(world: World, contact: Contact) -> None:
    erase(contact.pk, by=by(world.olga), at=LATER, reason="Asked for it.")


def is_changed_by_other_means(world: World, contact: Contact) -> None:
    """The sweep is the net for what no operation reports."""
    Membership.objects.filter(contact=contact).update(role=VIEWER)
    expire_due(at=LATER)


LEAVING = (loses_role, leaves_client, loses_access, is_erased, is_changed_by_other_means)


@pytest.mark.parametrize("leave", LEAVING)
def test_whoever_leaves_drops_out_and_the_question_closes_if_the_others_approved(
    world: World, anna: Contact, bert: Contact, leave: Leave
) -> None:
    row = asked(world, "all")
    about = question(row)
    assert answer(about, anna).done
    assert fresh(about).state == Approval.State.PENDING

    leave(world, bert)

    assert (fresh(about).state, fresh(row).state) == ("approved", "approved")
    assert AskedPerson.objects.get(contact=bert).left_at == LATER
    assert not ExceptionCase.objects.filter(reason=Reason.APPROVERS_MISSING).exists()


@pytest.mark.parametrize("leave", LEAVING)
def test_if_too_few_are_left_the_owner_is_told_at_once_who_is_missing(
    world: World, anna: Contact, bert: Contact, leave: Leave
) -> None:
    row = asked(world, "some", need=2)
    about = question(row)
    assert answer(about, anna).done

    leave(world, bert)

    case = ExceptionCase.objects.get(reason=Reason.APPROVERS_MISSING)
    gone = AskedPerson.objects.get(contact=bert)
    assert (case.item.owner, case.item.parent_id) == (world.alice, about.item_id)
    assert case.evidence["missing"] == [gone.pk]
    assert Notification.objects.filter(item=case.item, recipient=world.alice).exists()
    page = words(signed_in(world.alice).get(url(ExceptionCase, "change", case.pk)))
    assert str(Contact.objects.get(pk=bert.pk)) in page


@pytest.mark.parametrize(("quorum", "need", "says_yes"), [("any", 1, False), ("some", 2, True)])
def test_a7_approvers_without_access_are_not_those_who_are_left(
    world: World, anna: Contact, bert: Contact, quorum: str, need: int, says_yes: bool
) -> None:
    """Tom was never invited, so nobody would answer, and the owner must hear of it."""
    Membership.objects.create(
        contact=make_contact("Tom", "tom@client.test"), client=world.acme, role=APPROVER
    )
    about = question(asked(world, quorum, need=need))
    if says_yes:
        assert answer(about, anna).done
    else:
        loses_access(world, anna)
    assert not ExceptionCase.objects.filter(reason=Reason.APPROVERS_MISSING).exists()

    loses_access(world, bert)

    case = ExceptionCase.objects.get(reason=Reason.APPROVERS_MISSING)
    assert (case.item.owner, fresh(about).state) == (world.alice, Approval.State.PENDING)
    if not says_yes:
        assert len(case.evidence["missing"]) == 2


def test_a_question_that_too_few_are_left_to_answer_can_be_asked_again(
    world: World, anna: Contact
) -> None:
    row = asked(world)
    about = question(row)
    [too_early] = deliverables.ask_client([row.pk], by=by(world.alice), at=NOW)
    leaves_client(world, anna)
    carl = invited(world, "Carl", (world.acme, APPROVER))

    done(deliverables.ask_client([row.pk], by=by(world.alice), at=LATER))

    assert codes(too_early) == ["question"]
    assert fresh(about).state == Approval.State.WITHDRAWN
    assert not ExceptionCase.objects.filter(
        reason=Reason.APPROVERS_MISSING, state__in=ExceptionCase.open_states
    ).exists()
    assert answer(question(row), carl).done


def test_whoever_becomes_an_approver_later_is_not_asked_but_can_be_named(
    world: World, anna: Contact, bert: Contact
) -> None:
    about = question(asked(world, "some", need=2))
    assert answer(about, anna).done
    carl = invited(world, "Carl", (world.acme, APPROVER))
    not_asked = answer(about, carl)
    leaves_client(world, bert)

    [anybody] = approvals.name_stand_in(
        [about.pk], by=by(world.alice), at=LATER, details=StandInDetails(contact=bert.pk)
    )
    done(
        approvals.name_stand_in(
            [about.pk], by=by(world.alice), at=LATER, details=StandInDetails(contact=carl.pk)
        )
    )

    place = AskedPerson.objects.get(contact=carl)
    assert (codes(not_asked), codes(anybody)) == (["asked"], ["stand_in"])
    assert place.stands_in_for == AskedPerson.objects.get(contact=bert)
    assert Notification.objects.get(item=about.item, recipient=user_of(carl)).words == "decide"
    assert not ExceptionCase.objects.filter(
        reason=Reason.APPROVERS_MISSING, state__in=ExceptionCase.open_states
    ).exists()
    assert len(waiting_for(by(user_of(carl)))) == 1
    assert answer(about, carl).done
    assert fresh(about).state == Approval.State.APPROVED


def test_the_answer_about_waiting_names_those_who_were_asked(
    world: World, anna: Contact, bert: Contact
) -> None:
    """A7: the answer read the roles of today."""
    about = question(asked(world, "some", need=2))
    invited(world, "Carl", (world.acme, APPROVER))

    answers = ask(AskedWork.items().get(pk=about.item_id), LATER)
    [waiting] = [each.answer for each in answers if each.key == "waiting"]

    assert f"It asks {anna}, {bert}, until" in waiting
    assert "Carl" not in waiting


def test_the_desk_offers_a_stand_in_and_shows_who_was_asked(
    world: World, anna: Contact, bert: Contact
) -> None:
    about = question(asked(world, "all"))
    carl = invited(world, "Carl", (world.acme, APPROVER))
    leaves_client(world, bert)
    browser = signed_in(world.alice)
    step = url(Approval, "step", about.pk, "name_stand_in")

    page = words(browser.get(url(Approval, "change", about.pk)))
    form = browser.get(step)
    browser.post(step, {"contact": carl.pk})

    assert "Asked: Anna, Bert (can no longer answer)" in page
    assert "Name stand-in" in page
    assert form.status_code == 200
    assert AskedPerson.objects.filter(approval=about, contact=carl).exists()


def offers_stand_in(world: World, about: Approval) -> bool:
    page = words(signed_in(world.alice).get(url(Approval, "change", about.pk)))
    return "Name stand-in" in page


def test_a_stand_in_is_named_only_while_somebody_is_missing(
    world: World, anna: Contact, bert: Contact
) -> None:
    about = question(asked(world, "all"))
    carl = invited(world, "Carl", (world.acme, APPROVER))
    dora = invited(world, "Dora", (world.acme, APPROVER))

    def name(contact: Contact) -> OperationResult:
        details = StandInDetails(contact=contact.pk)
        [result] = approvals.name_stand_in(
            [about.pk], by=by(world.alice), at=LATER, details=details
        )
        return result

    assert not offers_stand_in(world, about)
    assert codes(name(carl)) == ["missing"]

    leaves_client(world, bert)
    assert offers_stand_in(world, about)
    assert name(carl).done

    # Carl has Bert's place.
    assert not offers_stand_in(world, about)
    assert codes(name(dora)) == ["missing"]

    leaves_client(world, carl)
    assert offers_stand_in(world, about)


def test_a_stand_in_is_offered_if_too_few_can_answer(world: World, anna: Contact) -> None:
    about = question(asked(world, "some", need=2))

    assert offers_stand_in(world, about)


def test_an_approver_who_was_never_invited_does_not_count_for_all(
    world: World, anna: Contact
) -> None:
    tom = make_contact("Tom", "tom@client.test")
    Membership.objects.create(contact=tom, client=world.acme, role=APPROVER)
    about = question(asked(world, "all"))

    assert answer(about, anna).done

    assert fresh(about).state == Approval.State.APPROVED
    assert not AskedPerson.objects.get(contact=tom).counts


def test_what_an_approver_without_access_decided_elsewhere_can_be_recorded(world: World) -> None:
    tom = make_contact("Tom", "tom@client.test")
    Membership.objects.create(contact=tom, client=world.acme, role=APPROVER)
    about = question(asked(world, "all"))
    kept = keep(
        SimpleUploadedFile("mail.png", png()),
        name="mail.png",
        client=world.acme,
        by=by(world.bob),
        at=NOW,
    )

    done(
        approvals.record_answer(
            [about.pk],
            by=by(world.bob),
            at=NOW,
            details=RecordDetails(Answer.Word.APPROVE, tom.pk, evidence=kept.pk),
        )
    )

    assert fresh(about).state == Approval.State.APPROVED


def test_more_approvals_than_people_are_refused_before_asking(
    world: World, anna: Contact, bert: Contact
) -> None:
    [row] = make_deliverables(world)
    row = with_stages(world, row, need=3)
    done(approvals.approve([question(row).pk], by=by(world.alice), at=NOW, details=DecideDetails()))

    [refused] = deliverables.ask_client([row.pk], by=by(world.alice), at=NOW)
    invited(world, "Carl", (world.acme, APPROVER))
    [asked_now] = deliverables.ask_client([row.pk], by=by(world.alice), at=NOW)

    assert codes(refused) == ["quorum"]
    assert "3 approvals, and 2 people" in str(refused.refusals[0].message)
    assert asked_now.done


def with_stages(world: World, row: Deliverable, need: int) -> Deliverable:
    """Handed in under a flow whose client stage needs this many approvals."""
    run = make_run(world, "1")
    stages: list[dict[str, Any]] = [
        {"audience": "internal"},
        {"audience": "client", "quorum": "some", "need": need},
    ]
    for position, stage in enumerate(stages, start=1):
        ApprovalStage.objects.create(flow_version=run.version, position=position, **stage)
    WorkItem.objects.filter(pk=row.item_id).update(run=run)
    return hand_in(world, fresh(row))


# -- The agency ------------------------------------------------------------------------------------


def before_agency(world: World, quorum: str = "any", need: int = 1) -> Approval:
    [row] = make_deliverables(world)
    about = question(hand_in(world, row))
    Approval.objects.filter(pk=about.pk).update(quorum=quorum, need=need)
    return fresh(about)


def test_a_colleague_who_loses_the_role_or_leaves_drops_out(world: World) -> None:
    before_agency(world, "some", need=3)  # Alice, Bob and Olga

    leaving.set_roles(world.bob, [QA], by=by(world.olga), at=LATER, reason="Reviews now.")

    assert AskedPerson.objects.get(user=world.bob).left_at == LATER
    case = ExceptionCase.objects.get(reason=Reason.APPROVERS_MISSING)
    assert case.evidence["needed"] == 3


def test_a_colleague_who_came_later_answers_only_as_the_new_owner(world: World) -> None:
    about = before_agency(world)
    dave = make_user("Dave", AM, team=world.team)

    [before] = approvals.approve([about.pk], by=by(dave), at=NOW, details=DecideDetails())
    pair = HandOverDetails(dave.pk, world.bob.pk, None)
    done(hand_over([about.item_id], by=by(world.olga), at=LATER, reason="His.", details=pair))
    [after] = approvals.approve([about.pk], by=by(dave), at=LATER, details=DecideDetails())

    assert codes(before) == ["asked"]
    assert after.done, after.refusals


def test_all_of_the_agency_must_answer_before_it_is_approved(world: World) -> None:
    about = before_agency(world, "all")
    people = [world.alice, world.bob, world.olga]

    for user in people:
        assert fresh(about).state == Approval.State.PENDING
        done(approvals.approve([about.pk], by=by(user), at=NOW, details=DecideDetails()))

    assert fresh(about).state == Approval.State.APPROVED
