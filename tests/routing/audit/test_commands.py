"""verify, redact and erase, in words and with exit codes."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from delivery.flows.lead_to_brief import publish_lead_to_brief
from routing.audit.operations.seals import seal
from routing.models import Contact, Decision, Redaction
from routing.people.actors import Actor
from routing.runs.operations.capture import capture
from routing.sla.operations.calendars import ensure_defaults
from tests.journeys.crm import FakeCRM, answering
from tests.journeys.test_lead_to_brief import signals, work
from tests.world import MONDAY, NOW, World, by, make_contact, make_request


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


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_erase_overwrites_the_person(committed_world: World) -> None:
    contact = make_contact()

    assert "is erased" in said("erase", str(contact.pk), "--reason", "Asked for it")
    assert Contact.objects.get(pk=contact.pk).full_name == f"Erased contact {contact.pk}"


@pytest.mark.parametrize(("number", "reason"), [("987654", "x"), ("1", " ")])
def test_erase_needs_a_contact_and_a_reason(world: World, number: str, reason: str) -> None:
    with pytest.raises(CommandError):
        said("erase", number, "--reason", reason)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_h1_a_decision_is_redacted_and_says_so_when_it_is_recomputed(
    committed_world: World,
) -> None:
    decision = decided(committed_world, "Site of Carla")
    ref = decision.run.item.ref
    seal(at=NOW)
    assert "byte for byte" in said("decide", ref, "--again")

    said("redact", "routing_decision", str(decision.pk), "--reason", "Names a person")

    decision.refresh_from_db()
    assert "Erased" in said("decide", ref, "--again")
    assert decision.rule_name == "[redacted]"
    assert "Site of Carla" not in f"{decision.asked} {decision.answer}"
    assert said("trace", ref)
    assert said("trace", ref, "--questions")
    assert "1 are redacted" in said("verify")


def decided(world: World, deal: str) -> Decision:
    """The decision about a deal of that name."""
    ensure_defaults(at=NOW)
    publish_lead_to_brief(
        owner=world.olga,
        backup=world.bob,
        high_value=world.team,
        usual=world.team,
        by=by(world.olga),
        at=NOW,
    )
    with answering(FakeCRM(world.acme)) as crm:
        crm.facts["deal.name"] = deal
        capture(signals("1"), by=Actor.system(), at=NOW)
        work()
    return Decision.objects.get()
