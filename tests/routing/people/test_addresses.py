"""F7: contacts, staff and clients are found by any spelling of their address or domain."""

from __future__ import annotations

import unicodedata
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.forms import modelform_factory

from routing.audit.operations.erasure import is_erased
from routing.flows.conditions import Clause, Operator, holds
from routing.flows.fields import FieldSpec, FieldType
from routing.models import ClientDomain, Contact, ErasedIdentity, User
from routing.people.checks import addresses_have_one_form
from routing.work.search import find
from tests.world import World, by, make_contact

pytestmark = pytest.mark.django_db
ASCII, WRITTEN = "info@xn--exmple-cua.com", "info@exämple.com"
SPELLINGS = [ASCII, WRITTEN, "INFO@EXÄMPLE.COM", unicodedata.normalize("NFD", WRITTEN)]
migration: Any = import_module("routing.migrations.0036_write_addresses_in_one_form")


def put_back(contact: Contact, email: str) -> None:
    """Write an address as an older version did."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE routing_contact SET email = %s WHERE id = %s", [email, contact.pk])


@pytest.mark.parametrize("written", SPELLINGS)
def test_f7_a_contact_is_found_by_any_spelling(written: str):
    contact = make_contact(email=WRITTEN)

    assert Contact.objects.get(pk=contact.pk).email == contact.email == ASCII
    assert Contact.objects.get(email__iexact=written) == contact


@pytest.mark.parametrize("written", SPELLINGS)
def test_f7_two_contacts_cannot_have_two_spellings_of_one_address(written: str):
    make_contact(email=WRITTEN)

    with pytest.raises(IntegrityError), transaction.atomic():
        make_contact("Another", email=written)


def test_f7_a_form_shows_the_address_as_people_write_it_and_sees_no_change():
    contact = make_contact(email=WRITTEN)
    form_class = modelform_factory(Contact, fields=["email"])

    form = form_class({"email": WRITTEN}, instance=contact)

    assert (form.initial["email"], form.has_changed(), form.is_valid()) == (WRITTEN, False, True)


def test_f7_staff_are_found_by_any_spelling(world: World):
    User.objects.create_user(WRITTEN, "pass-of-tests", full_name="Ida", is_staff=True)

    found = [User.objects.get_by_natural_key(written).email for written in SPELLINGS]

    assert found == [ASCII] * len(SPELLINGS)


def test_f7_domains_that_differ_are_two_and_spellings_of_one_are_one(world: World):
    ClientDomain.objects.create(client=world.acme, domain="fass.de")
    ClientDomain.objects.create(client=world.acme, domain="https://www.Faß.de/")
    ClientDomain.objects.create(client=world.acme, domain="straße.de")

    stored = set(ClientDomain.objects.values_list("domain", flat=True))

    assert stored == {"fass.de", "xn--fa-hia.de", "xn--strae-oqa.de"}
    assert str(ClientDomain.objects.get(domain="faß.de")) == "faß.de"
    assert find("info@straße.de", by(world.alice)).clients == [world.acme]


def test_f7_a_search_by_any_spelling_finds_the_contact(world: World):
    contact = make_contact(email=WRITTEN)
    contact.memberships.create(client=world.acme)

    for written in (*SPELLINGS, "exämple"):
        assert find(written, by(world.alice)).contacts == [contact], written


def test_f7_a_rule_does_not_take_one_domain_for_another():
    spec = FieldSpec("company.domain", "Domain", FieldType.TEXT)
    clause = Clause(spec, Operator.EQUALS, "fass.de")

    assert not holds([clause], {"company.domain": "faß.de"})[0]
    assert holds([Clause(spec, Operator.EQUALS, "straße.de")], {spec.name: "xn--strae-oqa.de"})[0]


def test_f7_somebody_erased_before_is_known_by_any_spelling(world: World):
    from_before = import_module("routing.audit.operations.erasure")._digest(WRITTEN)
    ErasedIdentity.objects.create(digest=from_before, erased_at="2026-01-01T00:00:00Z")

    assert all(is_erased(written) for written in SPELLINGS)


def test_f7_addresses_of_before_are_migrated_and_a_second_one_stays_as_it_is():
    first, second = make_contact("First", "a@a.example"), make_contact("Second", "b@b.example")
    put_back(first, "Info@exämple.com")
    put_back(second, unicodedata.normalize("NFD", WRITTEN))

    with connection.schema_editor() as editor:
        migration.write_in_one_form(apps, editor)

    first.refresh_from_db()
    second.refresh_from_db()
    assert first.email == "Info@xn--exmple-cua.com"
    assert second.email == unicodedata.normalize("NFD", WRITTEN)
    [warning] = addresses_have_one_form(databases=["default"])
    assert str(second.pk) in warning.msg
