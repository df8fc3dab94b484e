"""H1, fault 55: what comes later from an erased person is recognised and kept without them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.inbox.erased import named_in
from integrations.models import Connection, Inbound
from routing.audit.operations.erasure import erase
from routing.models import Contact, Event, ExceptionCase, Payload
from tests.integrations.conftest import Sandbox
from tests.integrations.inbox.enriching import acme_deal, enrich
from tests.integrations.inbox.senders import submit
from tests.world import NOW, World, by, make_contact

pytestmark = pytest.mark.django_db
FORM = {
    "contact": {
        "name": "Carla Client",
        "email": "Carla@ACME.test",
        "phone": "+49 171 123456",
        "birthday": "1990-01-01",
    },
    "company": {"name": "Acme", "domain": "acme.test"},
    "deal": {"name": "A site for Carla Client", "details": "Call me: 0171/123456. Five pages."},
}


@pytest.fixture
def carla(world: World) -> Contact:
    return make_contact(phone="0171 123456")


def forget(contact: Contact, world: World) -> None:
    erase(contact.pk, by=by(world.olga), at=NOW, reason="Asked")


def kept() -> str:
    bodies = [bytes(each) for each in Inbound.objects.values_list("raw", flat=True)]
    payloads = list(Payload.objects.values_list("body", flat=True))
    return f"{bodies} {json.dumps(payloads)}".lower()


@pytest.mark.parametrize(
    "fields",
    [
        {"fields": FORM},
        {"data": FORM},
        {"fields": {"contact.email": "carla@acme.test", "contact.name": "Carla Client"}},
        {"email": "carla+new@acme.test", "first_name": "Carla", "last_name": "Client"},
        {"message": "I am Carla, write to carla@acme.test"},
        {"list": [{"who": {"mail": "CARLA@acme.test", "name": "Carla Client"}}]},
    ],
)
def test_h1_a_later_form_is_kept_without_the_person(
    world: World, form: Connection, carla: Contact, fields: dict[str, Any]
) -> None:
    forget(carla, world)

    answer = submit({**fields, "budget": 12000})

    assert answer.json()["captured"] == 1
    assert "12000" in kept()
    for sign in ("acme.test" if "company" not in str(fields) else "@acme.test", "client", "123456"):
        assert sign not in kept(), kept()


def test_h1_the_rest_of_a_form_is_kept(world: World, form: Connection, carla: Contact) -> None:
    forget(carla, world)

    submit({"fields": FORM})

    body = Payload.objects.get().body["fields"]
    assert body["company"] == {"name": "Acme", "domain": "acme.test"}
    assert body["contact"] == {}
    assert body["deal"] == {
        "name": "A site for [redacted]",
        "details": "Call me: [redacted]. Five pages.",
    }


def test_h1_what_cannot_be_read_is_kept_without_the_person_too(
    world: World, form: Connection, carla: Contact
) -> None:
    forget(carla, world)

    submit(b'["\\u0063arla@acme.test", {"x": 1, "x": 2}]')

    assert [bytes(each.raw) for each in Inbound.objects.all()] == [b""]


def test_h1_a_form_that_is_sent_again_after_the_erasure_is_a_repetition(
    world: World, form: Connection, carla: Contact
) -> None:
    first = submit({"fields": FORM}, key="once")
    forget(carla, world)
    again = submit({"fields": FORM}, key="once")
    later = submit({"fields": FORM}, key="once")

    assert (first.json()["captured"], again.json()["repeated"]) == (1, 1)
    assert later.json()["repeated"] == 1
    assert Event.objects.filter(kind="form.submitted").count() == 1
    assert not ExceptionCase.objects.exists()
    assert "carla" not in kept()


def test_h1_somebody_else_is_kept_whole(world: World, form: Connection, carla: Contact) -> None:
    forget(carla, world)

    submit({"fields": {"contact.email": "dora@acme.test", "contact.name": "Carla Client"}})

    assert "dora@acme.test" in kept()
    assert "carla client" in kept()


def test_h1_a_form_asks_for_erased_people_within_its_one_statement(
    world: World, form: Connection, carla: Contact
) -> None:
    forget(carla, world)
    submit({"fields": {"contact.email": "dora@acme.test"}})  # what a process looks up once

    with CaptureQueriesContext(connection) as asked:
        submit({"fields": {"contact.email": "emma@acme.test"}}, key="msg_2")

    tables = ("integrations_connection", "routing_event")
    assert [next(name for name in tables if name in each["sql"]) for each in asked] == [*tables]


def test_h1_a_deal_of_a_crm_is_read_without_the_person(
    hubspot: Connection, sandbox: Sandbox, world: World
) -> None:
    carla = make_contact("Robin Okafor", "robin@acme.example")
    forget(carla, world)

    found = enrich(acme_deal(sandbox, dealname="A site for Robin Okafor"))

    assert found.contact_ids == ()
    assert "Robin" not in str(found.facts)
    assert found.facts["deal.name"] == "A site for [redacted]"


@pytest.mark.parametrize("value", ["a" * 5000, "@" * 5000, "a@" * 3000, "+1 " * 3000, "a.a@" * 900])
def test_h1_no_body_makes_the_search_slow(value: str) -> None:
    assert len(named_in({"x": [value] * 3})) < 6000
