"""Clients, contacts and teams at the desk."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry

from routing.audit.operations.erasure import erase
from routing.models import Client, Contact, Erasure, Event, Membership, Team
from tests.delivery.requests.test_request_page import others_secret
from tests.desk import signed_in, url, words
from tests.world import NOW, World, by, make_contact, make_request

pytestmark = pytest.mark.usefixtures("without_second_factor")

NO_ROWS = {
    "memberships-TOTAL_FORMS": "0",
    "memberships-INITIAL_FORMS": "0",
    "memberships-MIN_NUM_FORMS": "0",
    "memberships-MAX_NUM_FORMS": "1000",
}


def client_form(client: Client, **changes: Any) -> dict[str, Any]:
    sent = {
        "name": client.name,
        "timezone": client.timezone,
        "team": client.team_id,
        "owner": client.owner_id,
        "backup": client.backup_id,
    }
    return NO_ROWS | sent | {"reason": "Because"} | changes


def test_a_client_is_saved_with_who_and_why(world: World) -> None:
    signed_in(world.bob).post(
        url(Client, "change", world.acme.pk),
        client_form(world.acme, name="Acme Two", code="FORGED", reason="Renamed"),
    )

    after = Client.objects.get(pk=world.acme.pk)
    record = after.history.latest()
    assert (after.name, after.code) == ("Acme Two", "ACM")
    assert (record.history_user, record.history_change_reason) == (world.bob, "Renamed")
    assert "Renamed" in words(signed_in(world.bob).get(url(Client, "history", after.pk)))


def test_owner_and_backup_must_differ_and_the_form_says_so(world: World) -> None:
    page = signed_in(world.bob).post(
        url(Client, "change", world.acme.pk), client_form(world.acme, backup=world.acme.owner_id)
    )

    assert "Owner and backup must be two different people." in words(page)


def test_those_who_only_view_cannot_save(world: World) -> None:
    browser = signed_in(world.audrey)

    assert browser.get(url(Client, "change", world.acme.pk)).status_code == 200
    assert (
        browser.post(
            url(Client, "change", world.acme.pk), client_form(world.acme, name="X")
        ).status_code
        == 403
    )
    assert browser.post(url(Client, "delete", world.acme.pk), {"post": "yes"}).status_code == 403
    assert browser.post(url(Client, "history", world.acme.pk)).status_code == 403


def test_another_teams_restricted_client_and_its_contacts_are_not_there(world: World) -> None:
    hidden = others_secret(world).item.client
    assert hidden is not None
    contact = make_contact("Sasha Secret", "sasha@secret.test")
    Membership.objects.create(contact=contact, client=hidden, role="viewer")
    browser = signed_in(world.alice)

    assert browser.get(url(Client, "change", hidden.pk)).status_code == 404
    assert browser.get(url(Contact, "change", contact.pk)).status_code == 404
    assert "Secret" not in words(browser.get(url(Client, "changelist")))
    assert "Secret" not in words(browser.get(url(Contact, "changelist")))
    query = {
        "app_label": "routing",
        "model_name": "membership",
        "field_name": "client",
        "term": "secret",
    }
    assert browser.get("/admin/autocomplete/", query).json()["results"] == []


def test_a_contact_is_saved_with_an_event_and_no_name_in_any_log(world: World) -> None:
    sent = NO_ROWS | {"full_name": "Carla Client", "email": "carla@acme.test", "phone": ""}

    signed_in(world.alice).post(url(Contact, "add"), sent | {"language": "de"})

    assert Contact.objects.get().language == "de"
    assert Event.objects.get(kind="routing.contact.add").actor == world.alice
    assert not LogEntry.objects.exists()


def test_erasing_asks_first_and_leaves_the_requests(world: World) -> None:
    contact = make_contact()
    row = make_request(world.acme, contact=contact)
    browser = signed_in(world.olga)

    page = words(browser.get(url(Contact, "erase", contact.pk)))
    answer = browser.post(
        url(Contact, "erase", contact.pk), {"reason": "Asked for it"}, follow=True
    )

    contact.refresh_from_db()
    assert "1 request remains without personal data." in page
    assert (contact.full_name, contact.email) == (f"Erased contact {contact.pk}", "")
    assert "Carla" not in words(browser.get(f"/admin/delivery/request/{row.pk}/change/"))
    assert "Waiting for the owner of the database" in words(answer)
    assert f"manage.py erase {contact.pk}" in words(answer)
    assert "Carla" not in Erasure.objects.get().terms


def test_h1_the_page_of_an_erasure_says_what_is_left_to_decide(world: World) -> None:
    contact = make_contact()
    erase(contact.pk, by=by(world.olga), at=NOW, reason="Asked for it")
    report = {
        "left": [],
        "published": ["delivery_version:4:body_html"],
        "near": ["delivery_request:7:details", "routing_note:8:body"],
        "decided": {"routing_note:8:body": {"what": "keep"}},
        "dumps": ["backups/x.dump"],
    }
    Erasure.objects.update(report=report, terms="", done_at=NOW)
    row = Erasure.objects.get()

    page = words(signed_in(world.audrey).get(url(Erasure, "change", row.pk)))
    listed = words(signed_in(world.olga).get(url(Erasure, "changelist")))

    assert "Complete" in page
    assert "delivery_version:4:body_html" in page
    assert "1 place may name somebody else" in page
    assert "routing_note:8:body" not in page
    assert "backups/x.dump" in page
    assert f"Erased contact {contact.pk}" in listed
    assert signed_in(world.alice).get(url(Erasure, "changelist")).status_code == 403


@pytest.mark.parametrize("who", ["alice", "audrey"])
def test_erasing_is_for_operations_leads(world: World, who: str) -> None:
    contact = make_contact()
    Membership.objects.create(contact=contact, client=world.acme, role="viewer")

    assert (
        signed_in(getattr(world, who))
        .post(url(Contact, "erase", contact.pk), {"reason": "x"})
        .status_code
        == 403
    )
    contact.refresh_from_db()
    assert contact.erased_at is None


def test_erasing_needs_a_reason(world: World) -> None:
    contact = make_contact()

    page = signed_in(world.olga).post(url(Contact, "erase", contact.pk), {"reason": ""})

    contact.refresh_from_db()
    assert "Enter who asked" in words(page)
    assert contact.erased_at is None


def test_members_of_a_team_are_saved_with_who_and_why(world: World) -> None:
    rows = {
        "teammembership_set-TOTAL_FORMS": "1",
        "teammembership_set-INITIAL_FORMS": "0",
        "teammembership_set-MIN_NUM_FORMS": "0",
        "teammembership_set-MAX_NUM_FORMS": "1000",
        "teammembership_set-0-user": world.quin.pk,
    }
    sent = {"name": "North", "lead": world.team.lead_id, "reason": "Quin helps out"}

    signed_in(world.olga).post(url(Team, "change", world.team.pk), rows | sent)

    made = world.team.teammembership_set.get(user=world.quin)
    assert (made.history.get().history_user, made.history.get().history_change_reason) == (
        world.olga,
        "Quin helps out",
    )
    assert signed_in(world.alice).get(url(Team, "changelist")).status_code == 403
