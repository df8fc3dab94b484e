"""verify, redact and erase, in words and with exit codes."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from routing.audit.operations.seals import seal
from routing.models import Contact, Redaction
from tests.world import MONDAY, NOW, World, make_contact, make_request


def said(*command: str) -> str:
    out = StringIO()
    call_command(*command, stdout=out)
    return out.getvalue()


@pytest.mark.stands_at(MONDAY)
def test_verify_says_how_far_and_how_much_is_not_sealed_yet(world: World) -> None:
    make_request(world.acme)
    seal(at=MONDAY)
    make_request(world.acme)

    words = said("verify")

    assert "sealed up to 2026-11-23 09:30:00 UTC" in words
    assert "3 rows are not sealed yet, 0 are redacted." in words
    assert "The audit trail is intact." in words


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_verify_fails_at_a_break_and_names_it(committed_world: World) -> None:
    make_request(committed_world.acme)
    seal(at=NOW)
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE delivery_historicalrequest DISABLE TRIGGER append_only")
        cursor.execute("UPDATE delivery_historicalrequest SET state = 'accepted'")
        cursor.execute("ALTER TABLE delivery_historicalrequest ENABLE TRIGGER append_only")

    with pytest.raises(
        CommandError,
        match=r"First break: seal \d+ of delivery_historicalrequest: row \d+ was changed",
    ) as broken:
        said("verify")
    assert broken.value.returncode == 1


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_redact_removes_the_words_and_the_chain_still_verifies(committed_world: World) -> None:
    row = make_request(committed_world.acme, details="Call Carla on 555")
    record = row.history.get()
    seal(at=NOW)

    said(
        "redact",
        "delivery_historicalrequest",
        str(record.history_id),
        "--reason",
        "Personal data in a text",
    )

    assert row.history.get().details == "[redacted]"
    assert Redaction.objects.get().reason == "Personal data in a text"
    assert "1 are redacted" in said("verify")


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ("routing_event", "has no free text"),
        ("routing_user", "has no free text"),
        ("x; DROP TABLE y", "has no free text"),
    ],
)
def test_redact_says_what_can_be_redacted(db: None, table: str, why: str) -> None:
    with pytest.raises(CommandError, match=why):
        said("redact", table, "1", "--reason", "x")


def test_erase_overwrites_the_person(world: World) -> None:
    contact = make_contact()

    assert "is erased" in said("erase", str(contact.pk), "--reason", "Asked for it")
    assert Contact.objects.get(pk=contact.pk).full_name == f"Erased contact {contact.pk}"


@pytest.mark.parametrize(("number", "reason"), [("987654", "x"), ("1", " ")])
def test_erase_needs_a_contact_and_a_reason(world: World, number: str, reason: str) -> None:
    with pytest.raises(CommandError):
        said("erase", number, "--reason", reason)
