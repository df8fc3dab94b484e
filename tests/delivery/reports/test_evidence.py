"""An evidence pack is checked by its own script, alone, and every changed byte is found."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from delivery.reports.evidence import evidence_pack
from routing.audit.operations.seals import seal
from routing.models import Event, Run
from tests.delivery.reports.stories import Launched, launched
from tests.desk import signed_in, url
from tests.world import World, by

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("A5"),
    pytest.mark.stands_at(datetime(2026, 11, 23, 9, 30, tzinfo=UTC)),
    pytest.mark.in_zone("UTC"),
]

_made: list[bytes] = []


@pytest.fixture
def story(world: World) -> Launched:
    story = launched(world)
    seal(at=timezone.now())
    return story


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The unpacked pack. It is made once: the tests that take it need no database."""
    if not _made:
        story: Launched = request.getfixturevalue("story")
        world: World = request.getfixturevalue("world")
        _made.append(evidence_pack(story.run, by=by(world.audrey), at=timezone.now()))
    ZipFile(BytesIO(_made[0])).extractall(tmp_path / "pack")
    return tmp_path / "pack"


def checked(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """In a process without the product: no environment, no packages of others."""
    command = [sys.executable, "-I", "-S", str(folder / "verify_pack.py"), *more]
    return subprocess.run(
        command, env={}, cwd="/", capture_output=True, text=True, check=False, timeout=60
    )


def summed(folder: Path) -> None:
    """Write the sums of the files anew, as somebody would who hides a change."""
    names = sorted(path.name for path in folder.iterdir() if path.name != "SHA256SUMS")
    lines = [f"{sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (folder / "SHA256SUMS").write_text("".join(lines))


def test_its_own_script_finds_it_intact(folder: Path) -> None:
    found = checked(folder)

    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.endswith("The pack is intact.\n")
    rows = re.search(r"(\d+) rows checked", found.stdout)
    assert rows is not None
    assert int(rows[1]) > 40


def test_it_has_every_kind_of_row_about_the_work(folder: Path) -> None:
    ledger = json.loads((folder / "ledger.json").read_text())

    tables = {row["ledger"] for row in ledger["rows"]}

    assert tables >= {
        "delivery_answer",
        "delivery_handlaunch",
        "delivery_historicaldeliverable",
        "delivery_historicalrequest",
        "delivery_version",
        "routing_clockmark",
        "routing_clockterms",
        "routing_decision",
        "routing_event",
        "routing_historicalworkitem",
        "routing_historicaloutcome",
        "routing_runevent",
    }


@pytest.mark.parametrize(
    "name", ["report.html", "report.json", "ledger.json", "VERIFY.md", "verify_pack.py"]
)
def test_a_changed_byte_of_any_file_is_found(folder: Path, name: str) -> None:
    body = bytearray((folder / name).read_bytes())
    place = len(body) // 2 if name != "verify_pack.py" else body.index(b"Check an evidence")
    body[place] ^= 1
    (folder / name).write_bytes(body)

    found = checked(folder)

    assert found.returncode == 1
    assert f"{name} was changed" in found.stdout


def test_a_changed_row_is_found_although_the_sums_were_written_anew(folder: Path) -> None:
    ledger = json.loads((folder / "ledger.json").read_text())
    row = next(row for row in ledger["rows"] if row["ledger"] == "delivery_answer")
    place = next(n for n, (name, _value) in enumerate(row["facts"]) if name == "word")
    row["facts"][place][1] = "changes"
    (folder / "ledger.json").write_text(json.dumps(ledger))
    summed(folder)

    found = checked(folder)

    assert f"row {row['row_id']} of delivery_answer was changed" in found.stdout
    assert found.returncode == 1


def test_a_row_with_a_digest_of_its_own_does_not_match_its_seal(folder: Path) -> None:
    ledger = json.loads((folder / "ledger.json").read_text())
    for seal_ in ledger["seals"]:
        if seal_["ledger"] == "delivery_answer":
            seal_["rows"][0][1] = "0" * 64
    (folder / "ledger.json").write_text(json.dumps(ledger))
    summed(folder)

    assert "its head does not match its rows" in checked(folder).stdout


def test_a_seal_that_was_taken_out_leaves_a_gap_in_the_chain(folder: Path) -> None:
    ledger = json.loads((folder / "ledger.json").read_text())
    del ledger["chain"][1]
    (folder / "ledger.json").write_text(json.dumps(ledger))
    summed(folder)

    assert "does not follow the seal before it" in checked(folder).stdout


def test_free_text_is_checked_with_the_key_alone(folder: Path, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(settings.ERASURE_KEY)
    without, right = checked(folder), checked(folder, "--key-file", str(key))
    key.write_text("another key")
    wrong = checked(folder, "--key-file", str(key))

    assert "text under the agency's key" in without.stdout
    assert (right.returncode, wrong.returncode) == (0, 1)
    assert "its text was changed" in wrong.stdout
    assert settings.ERASURE_KEY not in (folder / "ledger.json").read_text()


def test_heads_that_were_published_elsewhere_are_compared(folder: Path, tmp_path: Path) -> None:
    ledger = json.loads((folder / "ledger.json").read_text())
    lines = [json.dumps({"seal": each["seal"], "head": each["head"]}) for each in ledger["seals"]]
    heads = tmp_path / "heads"
    heads.write_text("\n".join([*lines, '{"seal": torn']))
    whole = checked(folder, "--heads", str(heads))
    heads.write_text("\n".join(lines[1:]))
    other = checked(folder, "--heads", str(heads))

    assert (whole.returncode, other.returncode) == (0, 1)
    assert "was not published" in other.stdout


def test_the_export_is_an_event_with_the_digest_of_the_file(world: World, story: Launched) -> None:
    page = signed_in(world.audrey)
    address = url(Run, "evidence", story.run.pk)

    shown, made = page.get(address), page.post(address)

    event = Event.objects.get(kind="delivery.report.export_evidence")
    assert (shown.status_code, made.status_code) == (302, 200)
    assert event.digest == sha256(made.content).hexdigest()
    assert (event.actor, event.object_id) == (world.audrey, story.run.pk)


def test_who_may_not_read_the_audit_trail_gets_none(world: World, story: Launched) -> None:
    with pytest.raises(PermissionDenied):
        evidence_pack(story.run, by=by(world.alice), at=timezone.now())
    page = signed_in(world.alice).get(url(Run, "report", story.run.pk)).content.decode()

    assert signed_in(world.alice).post(url(Run, "evidence", story.run.pk)).status_code == 403
    assert "evidence.zip" not in page
    assert not Event.objects.filter(kind="delivery.report.export_evidence").exists()


def test_the_report_in_it_has_instants_in_utc_and_durations_in_seconds(folder: Path) -> None:
    data = json.loads((folder / "report.json").read_text())

    assert data["schema"] == {"name": "throughline.report.post-launch", "version": 1}
    assert data["made_at"] == "2026-11-23T09:30:00Z"
    assert {"target_s", "spent_s"} <= set(data["sections"]["promised"]["clocks"][0])
