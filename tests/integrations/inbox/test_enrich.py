"""Reading back from the sandbox over HTTP, and what is made of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from delivery.models import Engagement
from integrations.inbox.enrich import reading
from integrations.models import Connection, ExternalLink
from routing.audit.operations.erasure import erase, identity_digest
from routing.kernel.facts import UNREAD, Subject
from routing.models import Client, ClientDomain, Contact, ErasedIdentity, Membership
from routing.people.actors import Actor
from routing.runs.registry import Problem, Retry
from routing.sla.operations.calendars import ensure_defaults
from tests.integrations.conftest import Sandbox
from tests.integrations.inbox.enriching import acme_deal, client_of, engagement_of, enrich
from tests.integrations.inbox.senders import submit
from tests.world import NOW, World, make_contact, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("N7")]


def test_a_new_deal_makes_client_contact_and_engagement(
    hubspot: Connection, sandbox: Sandbox, world: World
):
    deal = acme_deal(
        sandbox,
        amount="12000",
        deal_currency_code="GBP",
        agency_hours="80",
        agency_rounds="2",
        agency_start_date="2026-12-01",
    )

    found = enrich(deal)

    client, engagement = client_of(found), engagement_of(found)
    assert (client.name, client.team, client.owner, client.backup) == (
        "Acme Bakeries",
        world.team,
        world.alice,
        world.bob,
    )
    assert list(client.domains.values_list("domain", flat=True)) == ["acme.example"]
    assert (engagement.amount, engagement.currency, engagement.hours, engagement.rounds) == (
        Decimal(12000),
        "GBP",
        Decimal(80),
        2,
    )
    [contact] = Contact.objects.filter(pk__in=found.contact_ids)
    assert (contact.full_name, contact.email, contact.user) == (
        "Robin Okafor",
        "robin@acme.example",
        None,
    )
    assert found.facts == {
        "deal.name": "Site",
        "deal.amount": "12000",
        "deal.currency": "GBP",
        "deal.hours": "80",
        "deal.rounds": 2,
        "deal.starts": "2026-12-01",
        "company.name": "Acme Bakeries",
        "company.domain": "acme.example",
        "company.territory": "GB",
        "company.size": 45,
        "contact.name": "Robin Okafor",
        "contact.email": "robin@acme.example",
    }


def test_d8_a_deal_starts_on_the_agencys_day(hubspot: Connection, sandbox: Sandbox, world: World):
    ensure_defaults(at=NOW, timezone="America/Phoenix")
    deal = acme_deal(
        sandbox, agency_start_date="2023-04-01T01:09:44Z", agency_end_date="2026-03-31 or later"
    )

    found = enrich(deal)

    assert found.facts["deal.starts"] == "2023-03-31"
    assert engagement_of(found).starts_date == date(2023, 3, 31)
    assert "deal.ends" not in found.facts
    assert found.sources["deal.ends!"].endswith("not a date: 2026-03-31 or later")


def test_stage_territory_size_and_owner_are_facts_with_their_sources(
    hubspot: Connection, sandbox: Sandbox
) -> None:
    sandbox.crm.owners["71"] = "Nora@Agency.Test"
    company = sandbox.company(
        name="Acme Bakeries",
        domain="acme.example",
        country="GB",
        numberofemployees="45",
        lifecyclestage="opportunity",
    )
    silent = sandbox.contact(firstname="Sam", email="sam@acme.example")
    buyer = sandbox.contact(email="robin@acme.example", lifecyclestage="customer")
    deal = sandbox.deal(
        company=company, contacts=(silent, buyer), dealname="Site", hubspot_owner_id="71"
    )

    found = enrich(deal)

    wanted = {
        "company.lifecycle": "opportunity",
        "company.territory": "GB",
        "company.size": 45,
        "contact.lifecycle": "customer",
        "deal.owner": "nora@agency.test",
    }
    assert {name: found.facts.get(name) for name in wanted} == wanted
    assert found.sources["deal.owner"] == f"HubSpot deal {deal}, hubspot_owner_id"
    assert found.sources["contact.lifecycle"] == f"HubSpot contact {buyer}, lifecyclestage"
    assert found.sources["company.lifecycle"] == f"HubSpot company {company}, lifecyclestage"


def test_an_owner_who_cannot_be_read_is_said_and_stops_nothing(
    hubspot: Connection, sandbox: Sandbox
) -> None:
    sandbox.crm.owners["72"] = ""

    for key in ("71", "72"):  # one whom HubSpot does not know, one without an address
        found = enrich(acme_deal(sandbox, hubspot_owner_id=key))

        assert "deal.owner" not in found.facts
        assert f"deal.owner{UNREAD}" in found.sources


def test_enriching_again_changes_nothing(hubspot: Connection, sandbox: Sandbox):
    deal = acme_deal(sandbox)
    first = enrich(deal)
    counts = [
        model.objects.count() for model in (Client, Contact, Membership, Engagement, ExternalLink)
    ]
    history = Engagement.history.count()

    assert enrich(deal).client_id == first.client_id
    assert [
        model.objects.count() for model in (Client, Contact, Membership, Engagement, ExternalLink)
    ] == counts
    assert Engagement.history.count() == history


def test_history_names_the_connection(hubspot: Connection, sandbox: Sandbox):
    found = enrich(acme_deal(sandbox))

    assert Client.history.get(id=found.client_id).history_user_id == hubspot.service_user_id
    assert Engagement.history.get(id=found.engagement_id).history_user_id == hubspot.service_user_id


def test_a_changed_deal_changes_its_engagement(hubspot: Connection, sandbox: Sandbox):
    deal = acme_deal(sandbox, amount="100", agency_hours="8")
    first = enrich(deal)
    sandbox.crm.update(
        "deal", deal, {"properties": {"amount": "200", "agency_hours": ""}}, "userId:1"
    )

    second = enrich(deal)

    engagement = engagement_of(second)
    assert (first.engagement_id, engagement.amount, engagement.hours) == (
        engagement.pk,
        Decimal(200),
        Decimal(8),
    )
    assert "deal.hours" not in second.facts


# -- People ----------------------------------------------------------------------------------------


def test_who_was_erased_is_not_brought_back(hubspot: Connection, sandbox: Sandbox):
    ErasedIdentity.objects.create(digest=identity_digest("robin@acme.example"), erased_at=NOW)

    found = enrich(acme_deal(sandbox, email="Robin@Acme.example"))

    assert (found.contact_ids, Contact.objects.count()) == ((), 0)
    assert not [name for name in found.facts if name.startswith("contact.")]


def test_who_was_erased_is_not_brought_back_under_another_address(
    hubspot: Connection, sandbox: Sandbox
):
    deal = acme_deal(sandbox)
    [contact] = enrich(deal).contact_ids
    erase(contact, by=Actor.system(), at=NOW, reason="asked")
    remote = next(iter(sandbox.crm.objects["contact"]))
    sandbox.crm.update(
        "contact", remote, {"properties": {"email": "robin@elsewhere.example"}}, "userId:1"
    )

    found = enrich(deal)

    assert found.contact_ids == ()
    assert not Contact.objects.filter(email__icontains="robin").exists()


def test_a_person_who_can_sign_in_gets_no_other_client_by_a_crm(
    hubspot: Connection, sandbox: Sandbox, world: World
):
    user = make_user("Carla")
    carla = make_contact(email="robin@acme.example", user=user)
    ClientDomain.objects.create(client=world.acme, domain="acme.example")

    found = enrich(acme_deal(sandbox))

    assert found.contact_ids == (carla.pk,)
    assert not Membership.objects.filter(contact=carla).exists()


def test_a_changed_address_in_the_crm_moves_nobodys_sign_in(hubspot: Connection, sandbox: Sandbox):
    deal = acme_deal(sandbox)
    [contact] = enrich(deal).contact_ids
    remote = next(iter(sandbox.crm.objects["contact"]))
    sandbox.crm.update(
        "contact", remote, {"properties": {"email": "attacker@evil.example"}}, "userId:1"
    )

    enrich(deal)

    assert Contact.objects.get(pk=contact).email == "robin@acme.example"


# -- When the other side fails ---------------------------------------------------------------------


def test_a_deal_that_is_gone_is_missing(hubspot: Connection, sandbox: Sandbox):
    with pytest.raises(Problem) as caught:
        enrich("123")

    assert caught.value.reason == "missing_context"


def test_a_revoked_token_is_one_alarm_then_a_pause(hubspot: Connection, sandbox: Sandbox):
    deal = acme_deal(sandbox)
    sandbox.revoke_token()

    with pytest.raises(Problem) as caught:
        enrich(deal)
    with pytest.raises(Retry) as paused:
        enrich(deal)

    assert (caught.value.reason, caught.value.evidence["status"]) == ("failed_connector", 401)
    assert paused.value.after_s > 60


def test_a_system_that_is_away_is_asked_later_and_then_left_alone(
    hubspot: Connection, sandbox: Sandbox
):
    sandbox.stop()

    for _ in range(5):
        with pytest.raises(Retry):
            enrich("1")

    hubspot.refresh_from_db()
    assert (hubspot.failures, hubspot.paused_until is not None) == (5, True)
    assert hubspot.last_error


# -- Forms -----------------------------------------------------------------------------------------


def test_a_form_finds_and_makes_the_same_things(form: Connection, world: World):
    data = {
        "company": {"name": "Acme", "domain": "acme.example"},
        "contact": {"name": "Robin", "email": "robin@acme.example"},
    }
    submit(
        {
            "id": "f-1",
            "data": {**data, "deal": {"name": "Site", "amount": "4800"}, "deal.rounds": 2},
        }
    )

    found = enrich("f-1", "form", "form-main")

    assert found.facts["deal.amount"] == "4800"
    assert client_of(found).name == "Acme"
    assert engagement_of(found).rounds == 2
    assert enrich("f-1", "form", "form-main").client_id == found.client_id


def test_who_else_sent_it_is_not_ours_to_read(world: World):
    assert reading(Subject("throughline", "deal", "1")) is None


def test_f6_a_form_with_only_an_email_stops_with_its_answers_shown(form: Connection, world: World):
    submit({"id": "f-1", "data": {"Email": "ann@gmail.com", "Prénom": "Ann", "Projekt-Größe": 3}})

    with pytest.raises(Problem) as stopped:
        enrich("f-1", "form", "form-main")

    found = stopped.value.found
    assert found is not None
    assert found.facts == {"Email": "ann@gmail.com", "Prénom": "Ann", "Projekt-Größe": 3}


def test_f6_a_label_that_the_connection_names_is_read_as_its_fact(form: Connection, world: World):
    labels = {"contact.email": "Your e-mail", "company.name": "Firma"}
    Connection.objects.update(settings={"properties": labels})
    submit({"id": "f-1", "data": {"Your e-mail": "ann@acme.example", "Firma": "Acme", "Tel": "1"}})

    found = enrich("f-1", "form", "form-main")

    assert client_of(found).name == "Acme"
    assert Contact.objects.get(pk=found.contact_ids[0]).email == "ann@acme.example"
    assert found.facts["Tel"] == "1"


def test_d8_an_instant_in_a_form_is_its_day_in_the_agencys_zone(form: Connection, world: World):
    ensure_defaults(at=NOW, timezone="America/Phoenix")
    days = {"deal.ends": "2027-04-01T01:09:44Z", "deal.starts": "2027-03-31", "Call at": "9:00"}
    submit(
        {"id": "f-1", "data": {**days, "contact.email": "ann@acme.example", "company.name": "A"}}
    )

    found = enrich("f-1", "form", "form-main")

    assert found.facts["deal.ends"] == "2027-03-31"
    assert found.facts["deal.starts"] == "2027-03-31"
    assert found.facts["Call at"] == "9:00"
