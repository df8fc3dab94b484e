"""Redacting and erasing: words go on purpose, and the chain stays whole."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, connections

from delivery.models import Request
from delivery.requests.operations import requests
from routing.audit.operations.erasure import erase, is_erased
from routing.audit.operations.redaction import NotRedactable, redact
from routing.audit.operations.seals import seal
from routing.audit.verify import verify
from routing.models import Contact, ErasedIdentity, Event, Redaction, SealedRow, User
from tests.routing.audit.tampering import tamper
from tests.world import NOW, World, by, make_contact, make_request

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
    pytest.mark.requirement("A2"),
]


@pytest.fixture
def triaged(committed_world: World) -> Request:
    request = make_request(committed_world.acme, details="Call Carla on 0171 123")
    requests.triage(
        [request.pk], by=by(committed_world.alice), at=NOW, reason="Carla is in a hurry"
    )
    return request


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

    tamper(
        superuser_dsn,
        "UPDATE delivery_historicalrequest SET state = 'closed' WHERE history_id = %s",
        history_id,
    )

    assert "was changed" in verify().first_break


@pytest.mark.parametrize(
    ("table", "row"),
    [("routing_event", 1), ("routing_user", 1), ("delivery_historicalrequest", 999_999)],
)
def test_redacting_refuses_what_it_cannot(triaged: Request, table: str, row: int) -> None:
    with pytest.raises(NotRedactable):
        redact(table, row, reason="x", at=NOW)

    assert not Redaction.objects.exists()


def test_the_running_app_cannot_redact(triaged: Request) -> None:
    with connection.cursor() as cursor, pytest.raises(Exception, match="permission denied"):
        cursor.execute(
            "INSERT INTO routing_redaction (ledger, row_id, reason, at) VALUES ('x', 1, 'x', now())"
        )


def test_the_owner_role_without_redacting_is_refused_too(triaged: Request) -> None:
    with connections["owner"].cursor() as cursor, pytest.raises(Exception, match="append-only"):
        cursor.execute("UPDATE delivery_historicalrequest SET state = 'closed'")


def test_erasing_a_contact_leaves_no_personal_data_and_a_whole_chain(
    committed_world: World,
) -> None:
    account = User.objects.create_user("carla@acme.test", full_name="Carla Client")
    contact = make_contact(user=account, phone="0171 123")
    seal(at=NOW)

    erase(contact.pk, by=by(committed_world.olga), at=NOW, reason="Asked to be forgotten")
    erase(contact.pk, by=by(committed_world.olga), at=NOW, reason="Again")
    seal(at=NOW)

    contact, account = Contact.objects.get(pk=contact.pk), User.objects.get(pk=account.pk)
    assert (contact.full_name, contact.email, contact.phone) == (
        f"Erased contact {contact.pk}",
        "",
        "",
    )
    assert "carla" not in f"{account.email} {account.full_name}".lower()
    assert not account.is_active
    assert is_erased(" Carla@ACME.test ")
    assert ErasedIdentity.objects.count() == 2  # the address and the number
    assert not any("carla" in each.digest for each in ErasedIdentity.objects.all())
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
