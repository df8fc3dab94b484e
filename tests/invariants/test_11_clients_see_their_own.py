"""11. Clients see their own: every query starts from who is asking, staff and contacts alike."""

from __future__ import annotations

from django.contrib.auth.models import Group

from delivery.approvals.details import DecideDetails
from delivery.approvals.operations import approvals, deliverables
from delivery.requests.details import AnswerDetails
from delivery.requests.operations import requests
from routing.kernel.roles import AM, CREATIVE, Role
from routing.models import Client, Contact, WorkItem
from routing.work.kinds import models_by_kind
from routing.work.visibility import clients_seen_by, contacts_seen_by, work_seen_by
from tests.delivery.making import done, hand_in, make_deliverables, question
from tests.portal import APPROVER, VIEWER, invited, other_client, user_of
from tests.world import NOW, World, by, make_client, make_contact, make_request, make_user


def test_somebody_without_a_role_sees_nothing(world: World) -> None:
    make_request(world.acme)
    nobody = by(make_user("Nobody"))

    assert not work_seen_by(nobody).exists()
    assert WorkItem.objects.exists()


def test_a_restricted_client_is_not_there_for_others(world: World) -> None:
    secret = make_client("SEC", world.team, world.alice, world.bob, restricted=True)
    make_request(secret)
    contact = make_contact()
    contact.memberships.create(client=secret)

    for person in (make_user("Eve", AM), make_user("Kim", CREATIVE)):
        actor = by(person)
        assert not work_seen_by(actor).filter(client=secret).exists()
        assert secret not in clients_seen_by(actor)
        assert contact not in contacts_seen_by(actor)
    assert secret in clients_seen_by(by(world.alice))


def test_a_contact_sees_requests_of_their_own_clients_and_nothing_else(world: World) -> None:
    zed = other_client(world)
    mine, theirs = make_request(world.acme), make_request(zed)
    carla, zoe = (
        invited(world, "Carla", (world.acme, VIEWER)),
        invited(world, "Zoe", (zed, APPROVER)),
    )
    actor = by(user_of(carla))

    assert list(work_seen_by(actor)) == [mine.item]
    assert list(clients_seen_by(actor)) == [world.acme]
    assert list(contacts_seen_by(actor)) == [carla]
    assert list(work_seen_by(by(user_of(zoe)))) == [theirs.item]


def test_what_is_the_agencys_own_is_shown_to_no_contact(world: World) -> None:
    shown = {name for name, noun in models_by_kind().items() if noun.open_to_clients}

    assert shown == {"request", "deliverable", "approval"}
    assert not shown & {"run", "exceptioncase", "brief", "incident"}


def test_a_contact_sees_the_questions_to_their_client_and_never_the_agencys_own(
    world: World,
) -> None:
    actor = by(user_of(invited(world, "Carla", (world.acme, APPROVER))))
    stranger = by(user_of(invited(world, "Zoe", (other_client(world), APPROVER))))
    [row] = make_deliverables(world)
    internal = question(hand_in(world, row))
    before = set(work_seen_by(actor).values_list("kind", flat=True))
    done(approvals.approve([internal.pk], by=by(world.alice), at=NOW, details=DecideDetails()))
    done(deliverables.ask_client([row.pk], by=by(world.alice), at=NOW))
    asked = question(row)

    seen = set(work_seen_by(actor).filter(kind="approval").values_list("pk", flat=True))

    assert "approval" not in before
    assert seen == {asked.item_id}
    assert not work_seen_by(stranger).exists()
    for question_id in (internal.pk, asked.pk, 10_000_000):
        [refused] = approvals.approve(
            [question_id], by=stranger, at=NOW, details=DecideDetails(digest=asked.digest)
        )
        assert [refusal.code for refusal in refused.refusals] == ["gone"]


def test_a_contact_without_a_client_and_one_who_was_put_in_every_group_see_no_more(
    world: World,
) -> None:
    make_request(world.acme)
    carla, loose = (
        invited(world, "Carla", (other_client(world), APPROVER)),
        invited(world, "Lou", (world.acme, VIEWER)),
    )
    user_of(carla).groups.set(Group.objects.filter(name__in=list(Role)))
    loose.memberships.all().delete()

    for contact in (carla, loose):
        actor = by(user_of(contact))
        assert not work_seen_by(actor).exists()
        assert not actor.permissions
    assert not Client.objects.filter(pk__in=clients_seen_by(by(user_of(loose)))).exists()
    assert not Contact.objects.filter(pk__in=contacts_seen_by(by(user_of(loose)))).exists()


def test_an_operation_answers_for_another_clients_work_as_for_none(world: World) -> None:
    theirs = make_request(other_client(world), "needs_information", question="How long?")
    actor = by(user_of(invited(world, "Carla", (world.acme, APPROVER))))

    hidden, missing = requests.answer(
        [theirs.pk, 10_000_000], by=actor, at=NOW, details=AnswerDetails(details="Mine now")
    )

    assert hidden.refusals == missing.refusals
    assert [refusal.code for refusal in hidden.refusals] == ["gone"]


def test_a_role_at_one_client_is_none_at_another(world: World) -> None:
    zed = other_client(world)
    row = make_request(zed, "needs_information", question="How long?")
    actor = by(user_of(invited(world, "Carla", (world.acme, APPROVER), (zed, VIEWER))))

    [result] = requests.answer(
        [row.pk], by=actor, at=NOW, details=AnswerDetails(details="Two minutes")
    )

    assert [refusal.code for refusal in result.refusals] == ["role"]
