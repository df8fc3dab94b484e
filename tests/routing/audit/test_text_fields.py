"""H1: each text field says whether it may hold a client's words or a person's data."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.core.checks import run_checks
from django.core.checks.registry import registry

from delivery.models import Brief, Request
from routing.audit.checks import every_text_field_is_declared as check
from routing.audit.ledgers import ledgers
from routing.audit.operations.redaction import redact
from routing.audit.operations.seals import seal
from routing.audit.verify import verify
from routing.kernel.texts import declaration_faults, redactable_fields, text_fields
from routing.models import Contact, Decision, Enrichment, Event, Payload, WorkItem
from tests.delivery.making import make_brief
from tests.world import NOW, World

# Written by hand: what people of a client write, or what names them.
WORDS = {
    Contact: {"full_name", "email", "phone"},
    Decision: {"rule_name", "asked", "answer"},
    Enrichment: {"facts", "reason", "sources"},
    Event: set(),
    Payload: {"body"},
    Request: {"details", "question", "impact_note"},
    WorkItem: {"title", "hold_reason"},
}


def test_h1_every_text_field_of_ours_is_declared():
    assert check in registry.get_checks()
    assert check() == []
    assert [fault for fault in run_checks() if fault.id == "throughline.E025"] == []


@pytest.mark.parametrize("model", WORDS, ids=lambda model: model.__name__)
def test_h1_clients_words_and_personal_data_are_redactable(model):
    assert set(redactable_fields(model)) == WORDS[model]


def test_h1_a_field_that_nobody_declared_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Request, "redactable", ("details", "impact_note"))

    [fault] = check()

    assert fault.id == "throughline.E025"
    assert fault.msg == (
        "Request.question does not say whether it may hold a client's words or a person's data."
    )


def test_h1_a_field_cannot_be_declared_twice_or_misspelt(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Request, "redactable", (*Request.redactable, "kind", "wanted_date"))

    assert declaration_faults(Request) == [
        "kind is declared twice",
        "wanted_date is no text field",
    ]


def test_h1_files_bytes_json_and_arrays_of_text_count_as_text():
    inbound = apps.get_model("integrations", "Inbound")
    user = apps.get_model("routing", "User")

    assert {"raw", "headers", "problems"} <= set(text_fields(inbound))
    assert "skills" in text_fields(user)


def test_h1_history_seals_the_redactable_columns_apart():
    found = {ledger.table: ledger for ledger in ledgers()}

    assert set(found["delivery_historicalbrief"].free_text) == {
        "body",
        "planned",
        "history_change_reason",
    }
    assert "state" in found["delivery_historicalbrief"].facts


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_h1_redacting_empties_a_list_and_keeps_its_shape(committed_world: World):
    row = make_brief(committed_world).history.first()
    seal(at=NOW)

    redact("delivery_historicalbrief", row.history_id, reason="Names a person", at=NOW)

    row = Brief.history.get(history_id=row.history_id)
    assert (row.body, row.planned) == ("[redacted]", [])
    assert verify().whole
