"""
Access of contacts to the portal: who may give it, what is refused, and that taking it away counts
at once.
"""

from __future__ import annotations

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied

from routing.audit.operations.erasure import erase
from routing.cover.operations.portal_access import (
    CannotInvite,
    end_membership,
    invite,
    keep_membership,
    withdraw,
)
from routing.kernel.roles import AM
from routing.models import Contact, Event, Membership, User
from routing.people.actors import Actor
from routing.people.operations import save_contact
from tests.integrations.outbox.remote import Time, deliver
from tests.portal import APPROVER, REQUESTER, VIEWER, invited, other_client, user_of
from tests.threads import at_once
from tests.world import NOW, World, by, make_client, make_contact, make_user


def test_an_invited_contact_has_an_account_without_password_role_or_desk(world: World) -> None:
    contact = invited(world, "Carla", (world.acme, APPROVER))

    user = user_of(contact)
    assert (user.kind, user.is_staff, user.is_superuser, user.is_active) == (
        User.Kind.PERSON,
        False,
        False,
        True,
    )
    assert (user.email, user.timezone) == ("carla@client.test", world.acme.timezone)
    assert not user.has_usable_password()
    assert not user.groups.exists()
    event = Event.objects.get(kind="routing.contact.invite", object_id=contact.pk)
    assert event.actor_id == world.alice.pk


def test_the_invitation_goes_out_by_the_outbox_and_holds_no_secret(world: World) -> None:
    invited(world, "Carla", (world.acme, APPROVER))
    before = len(mail.outbox)

    deliver(Time())

    [letter] = mail.outbox
    assert before == 0
    assert letter.to == ["carla@client.test"]
    assert world.agency.name in letter.subject
    assert "/portal/" in letter.body
    assert "carla@client.test" in letter.body


def test_an_invitation_that_was_taken_back_before_it_left_is_not_sent(world: World) -> None:
    contact = invited(world, "Carla", (world.acme, APPROVER))
    withdraw(contact.pk, by=by(world.alice), at=NOW, reason="A mistake.")

    deliver(Time())

    assert not mail.outbox


def test_what_stands_against_an_invitation_is_said_and_nothing_is_made(world: World) -> None:
    Membership.objects.create(
        contact=(nameless := make_contact("No address", "")), client=world.acme
    )
    Membership.objects.create(
        contact=(colleague := make_contact("Alice too", world.alice.email.upper())),
        client=world.acme,
    )
    Membership.objects.create(
        contact=(gone := make_contact("Gone", "gone@client.test")), client=world.acme
    )
    erase(gone.pk, by=by(world.olga), at=NOW, reason="Asked for it.")
    before = User.objects.count()

    found = {}
    for contact in (nameless, colleague, gone, make_contact("Loose", "loose@client.test")):
        with pytest.raises(CannotInvite) as refused:
            invite(contact.pk, by=by(world.olga), at=NOW)
        found[contact.full_name] = {each.code for each in refused.value.refusals}

    assert found == {
        "No address": {"no_email"},
        "Alice too": {"address_taken"},
        "Gone": {"erased", "no_email"},
        "Loose": {"no_client"},
    }
    assert User.objects.count() == before


def test_only_account_managers_and_operations_may_and_only_whom_they_see(world: World) -> None:
    contact = make_contact()
    Membership.objects.create(
        contact=contact,
        client=make_client("SEC", world.team, world.alice, world.bob, restricted=True),
    )

    for person in (world.cora, world.quin, world.ivan, world.audrey):
        with pytest.raises(PermissionDenied):
            invite(contact.pk, by=by(person), at=NOW)
        with pytest.raises(PermissionDenied):
            withdraw(contact.pk, by=by(person), at=NOW, reason="No")
    with pytest.raises(Contact.DoesNotExist):
        invite(contact.pk, by=by(make_user("Eve", AM)), at=NOW)


def test_withdrawing_ends_every_session_and_inviting_again_opens_the_same_account(
    world: World,
) -> None:
    contact = invited(world, "Carla", (world.acme, APPROVER))
    before = user_of(contact)

    withdraw(contact.pk, by=by(world.alice), at=NOW, reason="She left.")
    closed = user_of(contact)
    invite(contact.pk, by=by(world.alice), at=NOW)
    again = user_of(contact)

    assert not closed.is_active
    assert closed.session_epoch > before.session_epoch
    assert (again.pk, again.is_active) == (before.pk, True)
    assert again.session_epoch > closed.session_epoch
    assert Event.objects.filter(kind="routing.contact.withdraw", object_id=contact.pk).count() == 1


def test_a_new_address_never_changes_the_sign_in_until_somebody_invites_anew(world: World) -> None:
    contact = invited(world, "Carla", (world.acme, APPROVER))

    contact.email = "new@client.test"
    save_contact(contact, by=Actor.system(), at=NOW)
    unchanged = user_of(contact).email
    withdraw(contact.pk, by=by(world.alice), at=NOW, reason="New address.")
    invite(contact.pk, by=by(world.alice), at=NOW)

    assert (unchanged, user_of(contact).email) == ("carla@client.test", "new@client.test")


@pytest.mark.parametrize(
    ("becomes", "ends"), [(VIEWER, True), (REQUESTER, True), (APPROVER, False)]
)
def test_a_lesser_role_ends_sessions_and_the_same_one_does_not(
    world: World, becomes: str, ends: bool
) -> None:
    contact = invited(world, "Carla", (world.acme, APPROVER))
    before = user_of(contact).session_epoch
    membership = Membership.objects.get(contact=contact)

    membership.role = becomes
    keep_membership(membership, by=by(world.alice), at=NOW)

    assert (user_of(contact).session_epoch > before) is ends


def test_leaving_a_client_ends_sessions_and_shows_nothing_of_it(world: World) -> None:
    zed = other_client(world)
    contact = invited(world, "Carla", (world.acme, APPROVER), (zed, VIEWER))
    before = user_of(contact).session_epoch

    end_membership(
        Membership.objects.get(contact=contact, client=world.acme), by=by(world.alice), at=NOW
    )

    assert user_of(contact).session_epoch > before
    assert by(user_of(contact)).client_roles == {(zed.pk, VIEWER)}


@pytest.mark.django_db(transaction=True)
def test_two_invitations_at_once_make_one_account(committed_world: World) -> None:
    contact = make_contact("Carla", "carla@client.test")
    Membership.objects.create(contact=contact, client=committed_world.acme, role=VIEWER)

    def attempt() -> str:
        try:
            invite(contact.pk, by=by(committed_world.alice), at=NOW, write=False)
        except CannotInvite as refusal:
            return refusal.refusals[0].code
        return "done"

    assert sorted(at_once([attempt] * 3)) == ["done", "has_access", "has_access"]
    assert User.objects.filter(email="carla@client.test").count() == 1


def test_staff_and_people_who_left_have_no_client_roles(world: World) -> None:
    contact = invited(world, "Carla", (world.acme, APPROVER))
    signed = by(user_of(contact))
    withdraw(contact.pk, by=by(world.alice), at=NOW, reason="She left.")

    assert (signed.contact_id, set(signed.client_roles)) == (
        contact.pk,
        {(world.acme.pk, APPROVER.value)},
    )
    assert not signed.permissions
    assert by(user_of(contact)).client_roles == frozenset()
    assert by(world.alice).client_roles == frozenset()
