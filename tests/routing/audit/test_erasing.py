"""H1, fault 55: an erased person is found nowhere, and the chain still verifies."""

from __future__ import annotations

import json
import subprocess
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection, connections, models

from config.embedded import identity, places
from delivery.models import Request
from routing.audit.operations.redaction import redact
from routing.audit.operations.seals import seal
from routing.audit.verify import verify
from routing.models import Contact, Decision, Erasure, Event, Redaction, Seal, SealedRow, User
from routing.work.operations import notes
from tests import files
from tests.routing.audit.everywhere import declared_models, insert_everywhere, words_of
from tests.routing.audit.tampering import tamper
from tests.world import NOW, World, by, make_contact, make_request

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
    pytest.mark.requirement("A2"),
]
NAME, EMAIL, PHONE = "Zelda Markerova", "zelda@marker.example", "+49 30 123 45 67"
TEXT = f"Ask ZELDA  MARKÉROVÁ <Zelda@marker.example>, 030/1234567, {NAME}"
SIGNS = ("zelda", "markerova", "markérová", "1234567", "123 45 67")
# What the app's part rewrites before, where it finds the address.
PRESENT = {
    "integrations_inbound",
    "integrations_outbound",
    "routing_enrichment",
    "routing_file",
    "routing_note",
    "routing_payload",
}


def erased(contact: Contact | int, *options: str) -> dict[str, Any]:
    out = StringIO()
    pk = contact if isinstance(contact, int) else contact.pk
    call_command("erase", str(pk), "--json", *options, stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def account(contact: Contact) -> User:
    assert contact.user is not None
    return contact.user


def dumped() -> str:
    """The text of a dump that is taken now."""
    parts = connections["owner"].settings_dict
    program = places.postgres_programs(identity.choose()) / "pg_dump"
    command = [str(program), "-h", parts["HOST"], "-U", parts["USER"], "-d", parts["NAME"]]
    if parts["PORT"]:
        command += ["-p", str(parts["PORT"])]
    environ = {"PGPASSWORD": parts["PASSWORD"]}
    done = subprocess.run(command, env=environ, check=True, capture_output=True, text=True)
    return done.stdout.lower()


@pytest.fixture
def zelda(committed_world: World) -> Contact:
    user = User.objects.create_user("zelda@marker.example", full_name=NAME)
    return make_contact(NAME, EMAIL, phone=PHONE, user=user)


def test_h1_a_text_in_every_declared_field_is_found_nowhere_afterwards(
    zelda: Contact, superuser_dsn: str
) -> None:
    own = {"routing_contact", "routing_user"}
    tables = insert_everywhere(superuser_dsn, TEXT, NAME, without=own)
    before = dumped()
    seal(at=NOW)
    broken = verify().first_break  # rows that were put in past the product have no history

    found = erased(zelda)

    after = dumped()
    assert len(tables) > 50
    assert set(tables) - own - PRESENT - set(found["rewritten"]) == set()
    assert found["left"] == []
    assert [sign for sign in SIGNS if sign not in before] == []
    assert [sign for sign in SIGNS if sign in after] == []
    seal(at=NOW)
    verification = verify()
    assert "seal" not in broken
    assert verification.first_break == broken
    assert verification.redacted == Redaction.objects.count() > 20


def test_h1_each_declared_field_of_each_model_was_tried(db: None) -> None:
    """The walk above is of every model: a new one is in it, or this says so."""
    missing = [
        f"{model.__name__}.{name}"
        for model in declared_models()
        for name in words_of(model)
        if not isinstance(model._meta.get_field(name), models.Field)
    ]

    assert missing == []


def test_h1_files_of_the_product_do_not_name_the_person_any_more(
    zelda: Contact, committed_world: World
) -> None:
    var = Path(settings.VAR_DIR)
    mail = var / "mail" / "20261123T093000000000-00000000.eml"
    mail.write_bytes(
        b"To: =?utf-8?q?Zelda_Markerov=C3=A1?= <someone@marker.example>\r\n"
        b"Subject: x\r\nContent-Type: text/plain\r\n\r\nHello"
    )
    log = var / "log" / "web.log"
    line = '{"event": "mail", "to": "zelda@marker.example", "id": 7}\n'
    log.write_text(line + '{"event": "other"}\n')
    session = SessionStore()
    session["form"] = {"details": "Call Zelda Markerova"}
    session.save()
    own = files.make_file(account(zelda), name="cv.txt", content=b"CV of Zelda Markerova")

    found = erased(zelda)

    assert (found["left"], found["mails"], found["files"]) == ([], 1, 1)
    assert not mail.exists()
    assert log.read_text() == line.replace(EMAIL, "*" * len(EMAIL)) + '{"event": "other"}\n'
    assert not Session.objects.filter(pk=session.session_key).exists()
    own.refresh_from_db()
    assert (own.name, own.storage_key) == ("", "")


def test_h1_the_rows_of_others_are_left_and_near_matches_are_decided(
    zelda: Contact, committed_world: World
) -> None:
    twin = make_contact("Zelda Other", "zelda@other.example")
    row = make_request(committed_world.acme, details="Zelda wants five pages")
    other = make_request(committed_world.acme, details="Ms Markerova of Other Ltd")

    found = erased(zelda)
    place = f"delivery_request:{row.pk}:details"
    kept = f"delivery_request:{other.pk}:details"
    erased(zelda, "--rewrite", place, "--keep", kept)

    near = {each["place"]: each["excerpt"] for each in found["near"]}
    assert near[place] == "zelda wants five pages"
    row = Request.objects.get(pk=row.pk)
    other = Request.objects.get(pk=other.pk)
    twin.refresh_from_db()
    assert (row.details, other.details) == ("[redacted]", "Ms Markerova of Other Ltd")
    assert twin.full_name == "Zelda Other"
    decided = Erasure.objects.get().report["decided"]
    assert {each: decided[each]["what"] for each in decided} == {place: "rewrite", kept: "keep"}
    assert Event.objects.filter(kind="routing.contact.decide_near_match").count() == 2
    with pytest.raises(CommandError, match="is another person"):
        erased(zelda, "--rewrite", f"routing_contact:{twin.pk}:full_name")
    with pytest.raises(CommandError, match="is not among"):
        erased(zelda, "--rewrite", f"delivery_request:{row.pk}:state")


def test_h1_what_is_theirs_is_emptied_and_the_rest_keeps_its_other_words(
    zelda: Contact, committed_world: World
) -> None:
    own = make_request(committed_world.acme, contact=zelda, details="Our secret", title="Secret")
    other = make_request(committed_world.acme, details=f"Five pages, see {EMAIL}")
    notes.write(own.item, body="I wrote this", audience="client", by=by(account(zelda)), at=NOW)

    erased(zelda, "--reason", f"{NAME} asked")

    own = Request.objects.get(pk=own.pk)
    other = Request.objects.get(pk=other.pk)
    assert (own.details, own.item.title) == ("[redacted]", "[redacted]")
    assert [each.details for each in own.history.all()] == ["[redacted]"]
    assert other.details == "Five pages, see [redacted]"
    assert own.item.notes.get().body == ""
    assert "asked" in Erasure.objects.get().reason
    assert NAME not in dumped()


def test_h1_words_of_their_requests_can_be_kept(zelda: Contact, committed_world: World) -> None:
    own = make_request(committed_world.acme, contact=zelda, details=f"A shop. {NAME}")

    erased(zelda, "--keep-words")

    own = Request.objects.get(pk=own.pk)
    assert own.details == "A shop. [redacted]"


def test_h1_erasing_again_is_complete_and_changes_nothing(zelda: Contact) -> None:
    seal(at=NOW)
    first = erased(zelda)
    redactions = Redaction.objects.count()

    again = erased(zelda)

    assert (first["left"], again["left"], again["done"]) == ([], [], True)
    assert Redaction.objects.count() == redactions
    assert Erasure.objects.get().terms == ""
    assert Erasure.objects.get().done_at == NOW


def test_h1_another_name_of_the_person_can_be_given_later(
    zelda: Contact, committed_world: World
) -> None:
    erased(zelda)
    row = make_request(committed_world.acme, details="For Zelda Bornname")

    erased(zelda, "--also", "Zelda Bornname")

    row = Request.objects.get(pk=row.pk)
    assert row.details == "For [redacted]"


def test_h1_a_list_changes_nothing(zelda: Contact, committed_world: World) -> None:
    row = make_request(committed_world.acme, details=TEXT)

    found = erased(zelda, "--list")

    row = Request.objects.get(pk=row.pk)
    zelda.refresh_from_db()
    assert found["rewritten"]["delivery_request"] == 1
    assert (row.details, zelda.full_name, found["done"]) == (TEXT, NAME, False)


def test_h1_without_the_owner_nothing_is_erased(
    zelda: Contact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("routing.management.commands.erase.OWNER", "nobody")

    with pytest.raises(CommandError, match="DATABASE_OWNER_URL"):
        erased(zelda)

    assert Contact.objects.get(pk=zelda.pk).full_name == NAME


# -- Redactions ------------------------------------------------------------------------------------


def test_h1_a_redacted_row_that_is_changed_again_is_a_break(
    committed_world: World, superuser_dsn: str
) -> None:
    record = make_request(committed_world.acme, details="Call Carla").history.get()
    seal(at=NOW)
    redact("delivery_historicalrequest", record.history_id, reason="Names a person", at=NOW)
    redact("delivery_historicalrequest", record.history_id, reason="Again", at=NOW)
    whole = verify()
    tamper(
        superuser_dsn,
        "UPDATE delivery_historicalrequest SET details = 'Somebody else' WHERE history_id = %s",
        record.history_id,
    )

    assert (whole.first_break, whole.redacted) == ("", 1)
    assert "was changed" in verify().first_break
    columns = Redaction.objects.earliest("id").columns
    assert columns == ["details", "history_change_reason", "impact_note", "question"]


def test_h1_digests_of_text_have_a_key_that_is_not_in_the_database(
    committed_world: World, settings: Any
) -> None:
    for _ in range(2):
        make_request(committed_world.acme, details="Yes")
    seal(at=NOW)
    rows = SealedRow.objects.filter(ledger="delivery_historicalrequest")
    first, second = rows.values_list("text_digest", flat=True)

    assert first != second  # equal texts do not give each other away
    assert verify().whole
    settings.ERASURE_KEY = "another-" * 8
    assert "another ERASURE_KEY" in verify().first_break


def test_h1_older_seals_verify_and_say_that_short_text_could_be_guessed(
    committed_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = make_request(committed_world.acme, details="Yes").history.get()
    with monkeypatch.context() as before:
        before.setattr("routing.audit.operations.seals.keyed", lambda _table, _row, digest: digest)
        before.setattr("routing.audit.operations.seals.key_name", lambda: "")
        seal(at=NOW)
    assert set(Seal.objects.values_list("text_key", flat=True)) == {""}
    whole = verify()
    redact("delivery_historicalrequest", record.history_id, reason="x", at=NOW)

    out = StringIO()
    call_command("verify", stdout=out)

    assert (whole.first_break, whole.guessable) == ("", 0)
    assert "1 of the redacted rows were sealed before digests of text had a key" in out.getvalue()


def test_h1_the_running_app_cannot_complete_an_erasure(zelda: Contact) -> None:
    with connection.cursor() as cursor, pytest.raises(Exception, match="permission denied"):
        cursor.execute("UPDATE routing_decision SET asked = ''")
    assert not Decision.objects.exists()
