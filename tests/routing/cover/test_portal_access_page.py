"""Inviting and withdrawing on a contact's page at the desk."""

from __future__ import annotations

from typing import Any

import pytest

from routing.cover.operations.portal_access import has_access
from routing.models import Contact, Membership
from tests.desk import signed_in, url, words
from tests.portal import APPROVER, VIEWER, invited, user_of
from tests.world import World, make_contact

pytestmark = pytest.mark.usefixtures("without_second_factor")


@pytest.fixture
def contact(world: World) -> Contact:
    made = make_contact()
    Membership.objects.create(contact=made, client=world.acme, role=APPROVER)
    return made


def now(contact: Contact) -> Contact:
    return Contact.objects.select_related("user").get(pk=contact.pk)


def test_the_page_offers_the_one_step_that_fits(world: World, contact: Contact) -> None:
    alice = signed_in(world.alice)
    before = words(alice.get(url(Contact, "change", contact.pk)))

    asked = words(alice.get(url(Contact, "invite", contact.pk)))
    alice.post(url(Contact, "invite", contact.pk))
    after = words(alice.get(url(Contact, "change", contact.pk)))

    assert "Invite to the portal" in before
    assert contact.email in asked
    assert has_access(now(contact))
    assert "Withdraw portal access" in after
    assert "Invite to the portal" not in after


def test_what_stands_against_it_is_said_before_and_after_trying(world: World) -> None:
    loose = make_contact()
    alice = signed_in(world.alice)

    before, tried = (
        alice.get(url(Contact, "invite", loose.pk)),
        alice.post(url(Contact, "invite", loose.pk)),
    )

    assert (before.status_code, tried.status_code) == (200, 409)
    for page in (before, tried):
        assert "not belong to a client yet" in words(page)


def test_withdrawing_asks_why(world: World) -> None:
    contact = invited(world, "Carla", (world.acme, APPROVER))
    alice = signed_in(world.alice)

    alice.post(url(Contact, "withdraw", contact.pk), {"reason": " "})
    unasked = has_access(now(contact))
    alice.post(url(Contact, "withdraw", contact.pk), {"reason": "She left."})

    assert unasked
    assert not has_access(now(contact))


@pytest.mark.parametrize("verb", ["invite", "withdraw"])
def test_others_are_refused(world: World, contact: Contact, verb: str) -> None:
    assert (
        signed_in(world.audrey).post(url(Contact, verb, contact.pk), {"reason": "x"}).status_code
        == 403
    )
    assert signed_in(world.audrey).get(url(Contact, verb, contact.pk)).status_code == 403


@pytest.mark.parametrize("page", ["contact", "client"])
def test_a_lesser_role_given_on_either_page_ends_the_session(world: World, page: str) -> None:
    contact = invited(world, "Carla", (world.acme, APPROVER))
    [membership] = contact.memberships.all()
    before = user_of(contact).session_epoch
    rows = {
        "memberships-TOTAL_FORMS": 1,
        "memberships-INITIAL_FORMS": 1,
        "memberships-0-id": membership.pk,
        "memberships-0-contact": contact.pk,
        "memberships-0-client": world.acme.pk,
        "memberships-0-role": VIEWER,
    }
    own: dict[str, Any]
    if page == "contact":
        where, own = (
            url(Contact, "change", contact.pk),
            {"full_name": contact.full_name, "email": contact.email, "language": "en"},
        )
    else:
        acme = world.acme
        where = url(type(acme), "change", acme.pk)
        own = {
            "name": acme.name,
            "timezone": acme.timezone,
            "team": acme.team_id,
            "owner": acme.owner_id,
            "backup": acme.backup_id,
        }

    signed_in(world.alice).post(where, own | rows)

    membership.refresh_from_db()
    assert membership.role == VIEWER
    assert user_of(contact).session_epoch > before
