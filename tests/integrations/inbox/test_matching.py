"""Matching by external id, then domain, then e-mail; never a guess; ten at once make one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from delivery.models import Engagement
from integrations.inbox.keep.clients import free_code
from integrations.models import Connection, ExternalLink
from routing.models import Agency, Client, ClientDomain, Contact, Membership
from routing.runs.registry import Problem
from tests.integrations.conftest import Sandbox
from tests.integrations.inbox.enriching import acme_deal, client_of, enrich
from tests.integrations.inbox.senders import make_connection
from tests.world import World, make_client, make_contact

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("N8")]


def test_the_external_id_wins_over_the_domain(hubspot: Connection, sandbox: Sandbox, world: World):
    deal = acme_deal(sandbox)
    first = enrich(deal)
    ClientDomain.objects.all().delete()
    ClientDomain.objects.create(client=world.acme, domain="acme.example")

    assert enrich(deal).client_id == first.client_id


def test_the_domain_wins_over_the_e_mail(hubspot: Connection, sandbox: Sandbox, world: World):
    other = make_client("OTH", world.team, world.alice, world.bob)
    ClientDomain.objects.create(client=world.acme, domain="acme.example")
    Membership.objects.create(client=other, contact=make_contact(email="robin@acme.example"))

    found = enrich(acme_deal(sandbox))

    assert (found.client_id, found.sources["client"]) == (world.acme.pk, "domain")


def test_the_e_mail_matches_last(hubspot: Connection, sandbox: Sandbox, world: World):
    Membership.objects.create(client=world.acme, contact=make_contact(email="Robin@GMAIL.com"))

    found = enrich(acme_deal(sandbox, domain="", email="robin@gmail.com"))

    assert (found.client_id, found.sources["client"]) == (world.acme.pk, "e-mail")


@pytest.mark.parametrize("written", ["straße.de", "xn--strae-oqa.de", "STRASSE.DE"])
def test_f7_a_domain_matches_in_any_spelling_and_never_another(
    hubspot: Connection, sandbox: Sandbox, world: World, written: str
):
    ClientDomain.objects.create(client=world.acme, domain="straße.de")

    found = enrich(acme_deal(sandbox, domain=written, email=f"robin@{written}"))

    assert (found.client_id == world.acme.pk) == (written != "STRASSE.DE")


def test_a_free_mail_domain_never_matches(hubspot: Connection, sandbox: Sandbox, world: World):
    ClientDomain.objects.create(client=world.acme, domain="gmail.com")

    found = enrich(acme_deal(sandbox, domain="gmail.com", email="new@gmail.com"))

    assert found.client_id != world.acme.pk
    assert not ClientDomain.objects.filter(client=found.client_id).exists()


def test_several_clients_by_e_mail_are_a_duplicate(
    hubspot: Connection, sandbox: Sandbox, world: World
):
    other, carla = (
        make_client("OTH", world.team, world.alice, world.bob),
        make_contact(email="robin@acme.example"),
    )
    for client in (world.acme, other):
        Membership.objects.create(client=client, contact=carla)
    deal = acme_deal(sandbox)

    with pytest.raises(Problem) as caught:
        enrich(deal)

    assert (caught.value.reason, caught.value.evidence) == (
        "duplicate",
        {"by": "e-mail", "clients": sorted([world.acme.pk, other.pk])},
    )
    assert not ExternalLink.objects.exists()


def test_a_client_of_the_same_name_is_a_duplicate_not_a_guess(
    hubspot: Connection, sandbox: Sandbox, world: World
):
    make_client("AB", world.team, world.alice, world.bob, name="ACME bakeries")
    deal = acme_deal(sandbox)

    with pytest.raises(Problem) as caught:
        enrich(deal)

    assert (caught.value.reason, caught.value.evidence["by"]) == ("duplicate", "name")


def test_a_deal_that_moved_to_another_client_is_a_duplicate(
    hubspot: Connection, sandbox: Sandbox, world: World
):
    deal = acme_deal(sandbox)
    enrich(deal)
    ExternalLink.objects.filter(object_type="company").update(client=world.acme)

    with pytest.raises(Problem) as caught:
        enrich(deal)

    assert (caught.value.reason, caught.value.evidence["by"]) == ("duplicate", "external id")


def test_several_companies_without_a_primary_one_are_a_duplicate(
    hubspot: Connection, sandbox: Sandbox
):
    linked = [
        {"to": {"id": sandbox.company(name=name)}, "types": [{"associationTypeId": 341}]}
        for name in ("A", "B")
    ]
    deal = sandbox.crm.create(
        "deal", {"properties": {"dealname": "x"}, "associations": linked}, "userId:1"
    ).id

    with pytest.raises(Problem, match="primary"):
        enrich(deal)


def test_without_company_and_domain_a_person_must_look(hubspot: Connection, sandbox: Sandbox):
    deal = sandbox.deal(
        contacts=(sandbox.contact(firstname="Robin", email="robin@gmail.com"),), dealname="x"
    )

    with pytest.raises(Problem) as caught:
        enrich(deal)

    assert caught.value.reason == "missing_context"


def test_without_company_the_domain_of_its_people_is_one(hubspot: Connection, sandbox: Sandbox):
    deal = sandbox.deal(
        contacts=(sandbox.contact(firstname="Robin", email="robin@acme.example"),), dealname="x"
    )

    assert client_of(enrich(deal)).name == "acme.example"


def test_the_dates_must_follow_each_other(hubspot: Connection, sandbox: Sandbox):
    deal = acme_deal(sandbox, agency_start_date="2026-12-31", agency_end_date="2026-12-01")

    with pytest.raises(Problem, match="before the start date"):
        enrich(deal)


def test_the_agency_answers_for_clients_nobody_else_does(
    hubspot: Connection, sandbox: Sandbox, world: World
):
    Connection.objects.update(default_team=None, default_owner=None, default_backup=None)
    Agency.objects.update(owner=world.bob, backup=world.alice)
    deal = acme_deal(sandbox)

    assert client_of(enrich(deal)).owner == world.bob


# -- Many at once ----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_ten_deals_of_one_new_company_make_one_client(
    committed_hubspot: Connection, sandbox: Sandbox
):
    company = sandbox.company(name="Acme Bakeries", domain="acme.example")
    contact = sandbox.contact(firstname="Robin", email="robin@acme.example")
    deals = [
        sandbox.deal(company=company, contacts=(contact,), dealname=f"Deal {number}")
        for number in range(10)
    ]

    found = at_once(lambda deal: enrich(deal).client_id, deals)

    assert len(set(found)) == 1
    assert (
        Client.objects.filter(name="Acme Bakeries").count(),
        Contact.objects.count(),
        Membership.objects.count(),
    ) == (1, 1, 1)
    assert (Engagement.objects.count(), ExternalLink.objects.count()) == (10, 12)


@pytest.mark.django_db(transaction=True)
def test_ten_new_companies_get_ten_codes(committed_hubspot: Connection, sandbox: Sandbox):
    deals = [
        sandbox.deal(
            company=sandbox.company(name=f"Acme {number}", domain=f"a{number}.example"),
            dealname="x",
        )
        for number in range(10)
    ]

    at_once(lambda deal: enrich(deal).client_id, deals)

    assert (
        len(set(Client.objects.filter(name__startswith="Acme ").values_list("code", flat=True)))
        == 10
    )


def at_once(work: Any, given: list[Any]) -> list[Any]:
    def alone(each: Any) -> Any:
        try:
            return work(each)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(given)) as pool:
        return list(pool.map(alone, given))


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Acme Ltd", "ACME"),
        ("Quayside", "QUA"),
        ("株式会社", "CX"),
        ("3M", "MX"),
        ("Éclair & Co", "ECL"),
        ("X", "XX"),
        ("", "CX"),
    ],
)
def test_codes_come_from_the_name(world: World, name: str, code: str):
    assert free_code(name) == code  # ACM is taken


def test_codes_never_run_out(world: World):
    for number in range(30):
        code = free_code("Acme")
        make_client(code, world.team, world.alice, world.bob, name=f"Client {number}")

    assert Client.objects.filter(code__startswith="AC").count() == 31


def test_two_connections_know_the_same_company_by_its_domain(
    hubspot: Connection, sandbox: Sandbox, world: World
):
    make_connection("hubspot", world, slug="other-crm", base_url=sandbox.url)
    deal = acme_deal(sandbox)

    assert enrich(deal).client_id == enrich(deal, source="other-crm").client_id
