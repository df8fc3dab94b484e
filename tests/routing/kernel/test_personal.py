"""What identifies a person is hidden wherever a page shows how an event looks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from routing.kernel.personal import is_personal_name, masked
from routing.kernel.shapes import flat, shape_of

pytestmark = pytest.mark.requirement("T4")

# Everything that a reader of a sample must not find in it.
SECRETS = (
    "Carla", "Client", "Jörg", "Müller", "carla", "acme.test", "5550", "171", "Hauptstr", "Berlin",
    "Baker", "1815", "10115",
)  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        {"Name": "Carla"},
        {"firstname": "Jörg", "last_name": "Müller"},
        {"Vorname": "Jörg", "Ihre E-Mail": "carla@acme.test", "Ansprechpartner": "Carla"},
        {"Question 1": "Carla Client", "Question 2": "Jörg von Müller"},
        {"note": "carla@acme.test", "also": "Write to carla@acme.test"},
        {"where": "+49 171 5550 123", "or": "(0171) 555-0123", "and": "01715550123"},
        {"phone": 491715550123, "Telefon": "491715550123"},
        {"address": {"line": "x", "number": 12}, "Ort": "Berlin", "postcode": "10115"},
        {"a": "Hauptstr. 5", "b": "10115 Berlin", "c": "Baker Street 221b"},
        {"message": "Hello, I am Carla and I live in Berlin near the park"},
        {"date of birth": "1815-12-10", "contact": {"id": "carla", "tags": ["Carla"]}},
        {"data": {"fields": [{"label": "E-mail", "value": "carla@acme.test"}]}},
        {"data": {"fields": [{"label": "Your name", "key": "q_1", "value": "Carla"}]}},
        {"people": [{"who": "Carla Client"}, "carla@acme.test"], "address": "Berlin"},
    ],
)
def test_names_emails_phones_and_addresses_are_hidden(body: dict[str, Any]):
    shown = json.dumps(masked(body), ensure_ascii=False)

    assert [secret for secret in SECRETS if secret in shown] == []
    assert "[" in shown


def test_what_says_nothing_about_a_person_is_shown():
    body = {
        "objectId": 9001,
        "occurredAt": 1764000000000,
        "amount": "12000.50",
        "propertyName": "amount",
        "dealname": "Site",
        "starts": "2027-06-30",
        "done": True,
        "none": None,
        "company": {"domain": "new.example", "size": "50"},
        "tags": ["new", "web"],
        "type": "form.submitted",
    }

    assert masked(body) == body


def test_a_field_that_is_known_to_be_personal_is_hidden_whatever_it_says():
    assert masked("blue", "favourite", personal=True) == "[personal]"
    assert masked(7, "favourite", personal=True) == "[personal]"
    assert not is_personal_name("favourite")


def test_what_nests_without_an_end_is_cut():
    body: Any = "x"
    for _level in range(2_000):
        body = {"a": body}

    assert "[more]" in json.dumps(masked(body))
    assert len(flat(body)) == 1
    assert shape_of({"a": {"b": "7", "c": []}, "d": "2027-06-30", "e": [1], "f": True}) == {
        "a.b": "number",
        "a.c": "empty",
        "d": "date",
        "e": "list",
        "f": "boolean",
    }
