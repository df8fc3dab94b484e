"""Sealing, verifying, redacting and erasing."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, connections
from pytest_django import Settings

from delivery.models import Request
from delivery.operations import requests
from routing.actors import Actor
from routing.models import Contact, ErasedIdentity, Event, Redaction, Seal, SealedRow, User
from routing.operations.erasure import erase, is_erased
from routing.operations.redaction import NotRedactable, redact
from routing.operations.seals import seal
from routing.operations.verify import verify
from tests.world import NOW, World, by, make_contact, make_request

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@pytest.fixture
def triaged(committed_world: World) -> Request:
    request = make_request(committed_world.acme, details="Call Carla on 0171 123")
    requests.triage([request.pk], by=by(committed_world.alice), at=NOW, reason="Carla is in a hurry")
    return request


def tamper(dsn: str, statement: str, *params: object) -> None:
    """What a database superuser could do behind everybody's back."""
    with psycopg.connect(dsn, dbname=connection.settings_dict["NAME"], autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute(statement, params)


def test_everything_committed_is_sealed_once(triaged: Request) -> None:
    first, second = seal(at=NOW), seal(at=NOW)

    verification = verify()
    assert first > 0
    assert second == 0
    assert (verification.whole, verification.sealed, verification.unsealed) == (True, first, 0)
    assert verification.sealed_up_to == NOW


def test_what_is_not_sealed_yet_is_counted(triaged: Request) -> None:
    seal(at=NOW)

    requests.accept([triaged.pk], by=Actor.system(), at=NOW)

    assert verify().unsealed == 2  # one history row, one event


def test_an_uncommitted_lower_row_is_sealed_later_not_lost(triaged: Request, committed_world: World, superuser_dsn: str) -> None:
    name = connection.settings_dict["NAME"]
    event = (
        "INSERT INTO routing_event (kind, source, digest, from_state, to_state, actor_id, at) VALUES ('late', 'x', '', '', '', %s, now())"
    )
    with psycopg.connect(superuser_dsn, dbname=name) as slow:
        slow.execute(event, [committed_world.alice.pk])
        requests.accept([triaged.pk], by=Actor.system(), at=NOW)
        seal(at=NOW)
        unsealed = verify().unsealed
        slow.commit()
    sealed = seal(at=NOW)

    assert (unsealed, sealed) == (0, 1)
    assert verify().whole


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE delivery_historicalrequest SET state = 'closed' WHERE history_id = %s", "was changed"),
        ("UPDATE delivery_historicalrequest SET history_user_id = 999 WHERE history_id = %s", "was changed"),
        ("UPDATE delivery_historicalrequest SET history_change_reason = 'else' WHERE history_id = %s", "was changed"),
        ("DELETE FROM delivery_historicalrequest WHERE history_id = %s", "is gone"),
        (
            "UPDATE routing_sealedrow SET digest = 'x' WHERE ledger = 'delivery_historicalrequest' AND row_id = %s",
            "its head does not match",
        ),
    ],
)
def test_tampering_is_found(triaged: Request, superuser_dsn: str, statement: str, what: str) -> None:
    seal(at=NOW)
    history_id = triaged.history.first().history_id

    tamper(superuser_dsn, statement, history_id)

    assert what in verify().first_break


def test_cutting_off_the_end_of_the_chain_is_found_by_the_published_heads(
    triaged: Request, superuser_dsn: str, settings: Settings, tmp_path: Path
) -> None:
    settings.SEAL_HEADS_FILE = str(tmp_path / "heads.jsonl")
    seal(at=NOW)
    last = Seal.objects.latest("id")

    tamper(superuser_dsn, "DELETE FROM routing_sealedrow WHERE seal_id = %s", last.pk)
    tamper(superuser_dsn, "DELETE FROM routing_seal WHERE id = %s", last.pk)

    assert verify().first_break == f"seal {last.pk}: published, but no longer in the chain"


def test_published_heads_hold_no_content(triaged: Request, settings: Settings, tmp_path: Path) -> None:
    settings.SEAL_HEADS_FILE = str(tmp_path / "heads.jsonl")

    seal(at=NOW)

    lines = [json.loads(line) for line in (tmp_path / "heads.jsonl").read_text().splitlines()]
    assert {line["head"] for line in lines} == set(Seal.objects.values_list("head", flat=True))
    assert all(set(line) == {"seal", "ledger", "rows", "head", "at"} for line in lines)


def test_the_chain_does_not_depend_on_the_sessions_time_zone(triaged: Request) -> None:
    seal(at=NOW)

    with connection.cursor() as cursor:
        cursor.execute("SET TimeZone = 'Pacific/Chatham'")
    whole = verify().whole
    connection.close()

    assert whole


def test_redacted_text_is_gone_and_verifies_as_redacted(triaged: Request) -> None:
    seal(at=NOW)
    row = triaged.history.first()

    redact("delivery_historicalrequest", row.history_id, reason="Names a person", at=NOW)

    row = triaged.history.get(history_id=row.history_id)
    verification = verify()
    assert (row.details, row.history_change_reason) == ("[redacted]", "[redacted]")
    assert (verification.whole, verification.redacted) == (True, 1)


def test_redacting_never_covers_a_changed_fact(triaged: Request, superuser_dsn: str) -> None:
    seal(at=NOW)
    history_id = triaged.history.first().history_id
    redact("delivery_historicalrequest", history_id, reason="Names a person", at=NOW)

    tamper(superuser_dsn, "UPDATE delivery_historicalrequest SET state = 'closed' WHERE history_id = %s", history_id)

    assert "was changed" in verify().first_break


@pytest.mark.parametrize(("table", "row"), [("routing_event", 1), ("routing_user", 1), ("delivery_historicalrequest", 999_999)])
def test_redacting_refuses_what_it_cannot(triaged: Request, table: str, row: int) -> None:
    with pytest.raises(NotRedactable):
        redact(table, row, reason="x", at=NOW)

    assert not Redaction.objects.exists()


def test_the_running_app_cannot_redact(triaged: Request) -> None:
    with connection.cursor() as cursor, pytest.raises(Exception, match="permission denied"):
        cursor.execute("INSERT INTO routing_redaction (ledger, row_id, reason, at) VALUES ('x', 1, 'x', now())")


def test_the_owner_role_without_redacting_is_refused_too(triaged: Request) -> None:
    with connections["owner"].cursor() as cursor, pytest.raises(Exception, match="append-only"):
        cursor.execute("UPDATE delivery_historicalrequest SET state = 'closed'")


def test_erasing_a_contact_leaves_no_personal_data_and_a_whole_chain(committed_world: World) -> None:
    account = User.objects.create_user("carla@acme.test", full_name="Carla Client")
    contact = make_contact(user=account, phone="0171 123")
    seal(at=NOW)

    erase(contact.pk, by=by(committed_world.olga), at=NOW, reason="Asked to be forgotten")
    erase(contact.pk, by=by(committed_world.olga), at=NOW, reason="Again")
    seal(at=NOW)

    contact, account = Contact.objects.get(pk=contact.pk), User.objects.get(pk=account.pk)
    assert (contact.full_name, contact.email, contact.phone) == (f"Erased contact {contact.pk}", "", "")
    assert "carla" not in f"{account.email} {account.full_name}".lower()
    assert not account.is_active
    assert is_erased(" Carla@ACME.test ")
    assert "carla" not in ErasedIdentity.objects.get().digest
    assert Event.objects.filter(kind="routing.contact.erase").count() == 1
    assert verify().whole


def test_only_operations_may_erase(committed_world: World) -> None:
    contact = make_contact()

    with pytest.raises(PermissionDenied):
        erase(contact.pk, by=by(committed_world.alice), at=NOW, reason="x")

    assert Contact.objects.get().email == "carla@acme.test"


def test_no_personal_data_of_people_is_in_history(committed_world: World) -> None:
    columns = {field.attname for field in User.history.model._meta.concrete_fields}

    assert not columns & {"email", "full_name", "password", "last_login"}
    assert SealedRow.objects.count() == 0
