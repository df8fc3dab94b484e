"""Letters to the people of a client: asked, reminded once a day, and never of what is over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from delivery.approvals.details import DecideDetails
from delivery.approvals.operations import approvals, deliverables
from delivery.approvals.operations.deliverables import ask_client
from delivery.models import Approval
from integrations.adapters.mail.content import email_of
from integrations.models import Outbound
from routing.models import Contact, Event, Membership, Notification
from routing.work.judging import preview
from tests.delivery.making import codes, done, fresh, hand_in, make_deliverables, question
from tests.delivery.portal.test_deciding import with_carla
from tests.desk import signed_in, words
from tests.portal import APPROVER, VIEWER, invited, user_of
from tests.world import World, by, make_contact

pytestmark = pytest.mark.requirement("Q21")


def told(contact: Contact) -> list[str]:
    return list(
        Notification.objects.filter(recipient=user_of(contact))
        .order_by("pk")
        .values_list("words", flat=True)
    )


def test_only_approvers_with_access_get_a_letter_which_leads_to_the_portal(
    world: World, carla: Contact
) -> None:
    vera = invited(world, "Vera", (world.acme, VIEWER))
    Membership.objects.create(
        contact=make_contact("Tom", "tom@client.test"), client=world.acme, role=APPROVER
    )

    asked = question(with_carla(world))

    letter = email_of(
        user_of(carla),
        list(Notification.objects.filter(recipient=user_of(carla)).select_related("item")),
    )
    assert (told(carla), told(vera)) == (["decide"], [])
    assert f"/portal/questions/{asked.item.ref}/" in letter.body
    assert "/admin/" not in letter.body
    assert Outbound.objects.filter(verb="mail.tell", content__to=user_of(carla).pk).count() == 1


def test_the_button_says_who_gets_no_letter(world: World, carla: Contact) -> None:
    Membership.objects.create(
        contact=make_contact("Tom", "tom@client.test"), client=world.acme, role=APPROVER
    )
    [row] = make_deliverables(world)
    row = hand_in(world, row)
    done(
        approvals.approve(
            [question(row).pk], by=by(world.alice), at=timezone.now(), details=DecideDetails()
        )
    )

    [(_step, answers)] = preview([ask_client], fresh(row), by=by(world.alice), at=timezone.now())

    [asked] = [answer for answer in answers if answer.code == "approvers"]
    assert asked.passed
    assert str(asked.evidence) == "1 of 2 approvers have access"


def test_a_question_that_is_over_leaves_no_letter_to_send(world: World, carla: Contact) -> None:
    row = with_carla(world)

    done(
        deliverables.send_back(
            [row.pk], by=by(world.alice), at=timezone.now(), reason="A typing error."
        )
    )

    assert not Notification.objects.filter(recipient=user_of(carla), read_at=None).exists()


def test_a_client_is_reminded_once_a_day_at_most_and_the_timeline_tells(
    world: World, carla: Contact
) -> None:
    asked = question(with_carla(world))
    at, alice = timezone.now(), by(world.alice)

    [early] = approvals.nudge([asked.pk], by=alice, at=at + timedelta(hours=23))
    done(approvals.nudge([asked.pk], by=alice, at=at + timedelta(hours=25)))
    [again] = approvals.nudge([asked.pk], by=alice, at=at + timedelta(hours=26))

    assert (codes(early), codes(again)) == (["reminded"], ["reminded"])
    assert told(carla) == ["decide", "reminder"]
    assert Event.objects.filter(kind="delivery.approval.nudge", item=asked.item).count() == 1


def test_only_questions_to_clients_are_reminded_of(world: World) -> None:
    [row] = make_deliverables(world)
    internal = question(hand_in(world, row))

    [result] = approvals.nudge(
        [internal.pk], by=by(world.alice), at=timezone.now() + timedelta(days=2)
    )

    assert "audience" in codes(result)


def test_the_reminder_stands_on_the_first_page_and_is_a_post(
    world: World, carla: Contact, settings: Settings
) -> None:
    settings.EMBEDDED = True  # else the desk wants a second factor
    asked = question(with_carla(world))
    alice, cora = signed_in(world.alice), signed_in(world.cora)
    path = f"/admin/remind/{asked.item_id}/"

    page = alice.get("/admin/").content.decode()
    too_soon = words(alice.post(path, follow=True))
    got, forbidden = alice.get(path).status_code, cora.post(path).status_code

    assert path in page
    assert "no reminder sent" in too_soon
    assert (got, forbidden) == (405, 403)
    assert Approval.objects.get(pk=asked.pk).nudged_at is None
    assert alice.post("/admin/remind/9999999/").status_code == 404
