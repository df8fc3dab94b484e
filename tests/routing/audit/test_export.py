"""Fault 56: the export of a person is complete, with history and files, and nobody else's."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from delivery.models import Request
from routing.models import Client, Contact, Event, Membership, User
from routing.people.saving import save_with_reason
from routing.work.operations import notes
from tests import files
from tests.world import NOW, World, by, make_client, make_contact, make_request


@pytest.fixture
def other(world: World) -> Client:
    return make_client("BRW", world.team, world.alice, world.bob)


@pytest.fixture
def carla(world: World) -> Contact:
    user = User.objects.create_user("carla@acme.test", full_name="Carla Client")
    made = make_contact(phone="0171 123456", user=user)
    member = Membership(contact=made, client=world.acme, role="requester")
    save_with_reason(member, by=by(world.alice), at=NOW, reason="Invited")
    return made


@pytest.fixture
def dora(world: World, other: Client) -> Contact:
    user = User.objects.create_user("dora@brw.test", full_name="Dora Different")
    made = make_contact("Dora Different", "dora@brw.test", phone="0172 999888", user=user)
    member = Membership(contact=made, client=other, role="requester")
    save_with_reason(member, by=by(world.alice), at=NOW, reason="Invited")
    return made


def exported(contact: Contact, folder: Path) -> dict[str, Any]:
    out = StringIO()
    call_command("subject_export", str(contact.pk), "--out", str(folder), stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def read(folder: Path) -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}


def everything(folder: Path) -> str:
    return " ".join(
        path.name + path.read_bytes().decode(errors="replace")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    )


def test_56_the_export_has_rows_history_and_files_and_nobody_elses(
    world: World, other: Client, carla: Contact, dora: Contact, tmp_path: Path
) -> None:
    assert carla.user is not None
    assert dora.user is not None
    own = make_request(world.acme, contact=carla, details="A shop, as Dora Different has", who=None)
    theirs = make_request(other, contact=dora, details="Secret of Brown", title="Brown")
    notes.write(own.item, body="My own words", audience="client", by=by(carla.user), at=NOW)
    notes.write(theirs.item, body="Dora's words", audience="client", by=by(dora.user), at=NOW)
    internal = "Brown's rival Carla Client (0171/123456) asked, tell dora@brw.test"
    notes.write(theirs.item, body=internal, audience="internal", by=by(world.alice), at=NOW)
    files.make_file(carla.user, world.acme, name="mine.txt", content=b"Bytes of Carla")
    files.make_file(dora.user, other, name="hers.txt", content=b"Bytes of Dora")
    mail = Path(settings.VAR_DIR) / "mail"
    (mail / "20261123T093000000001-00000001.eml").write_bytes(b"To: carla@acme.test\n\nHi Carla")
    (mail / "20261123T093000000002-00000002.eml").write_bytes(b"To: dora@brw.test\n\nHi Dora")

    counts = exported(carla, tmp_path / "carla")

    found = read(tmp_path / "carla")
    [request] = found["delivery_request"]
    [history] = found["delivery_historicalrequest"]
    assert request["details"] == history["details"] == "A shop, as [somebody else] has"
    assert [each["title"] for each in found["routing_historicalworkitem"]] == ["A new site"]
    assert [each["body"] for each in found["routing_note"]] == ["My own words"]
    assert len(found["routing_historicalmembership"]) == 1
    assert found["routing_contact"][0]["phone"] == "0171 123456"
    [mention] = found["mentions"]
    assert mention["table"] == "routing_note"
    assert "Carla Client" in mention["text"]
    text = everything(tmp_path / "carla")
    assert "Bytes of Carla" in text
    assert "Hi Carla" in text
    for sign in ("dora", "different", "secret of brown", "bytes of dora", "999888", "md5$"):
        assert sign not in text.lower(), sign
    assert counts["rows"] == sum(found["index"]["tables"].values())
    assert counts["tables"] == len(found["index"]["tables"]) > 5
    assert counts["files"] == 2
    assert Event.objects.filter(kind="routing.contact.export", object_id=carla.pk).exists()
    assert Request.objects.count() == 2


def test_56_an_export_mixes_with_no_other_files(
    world: World, carla: Contact, tmp_path: Path
) -> None:
    (tmp_path / "there").write_text("x")

    with pytest.raises(CommandError, match="is not empty"):
        exported(carla, tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_56_a_contact_is_found_by_address_and_nobody_by_a_wrong_one(
    world: World, carla: Contact, tmp_path: Path
) -> None:
    out = StringIO()
    call_command("subject_export", "CARLA@acme.test", "--out", str(tmp_path / "a"), stdout=out)

    assert json.loads(out.getvalue())["contact"] == carla.pk
    with pytest.raises(CommandError, match="There is no contact"):
        call_command("subject_export", "nobody@acme.test", "--out", str(tmp_path / "b"))
