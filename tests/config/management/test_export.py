"""``manage.py export`` writes the rows that the page of the person shows."""

from __future__ import annotations

import csv
import hashlib
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from routing.models import ExportRecord
from tests.world import World, make_request

pytestmark = pytest.mark.django_db


def export(*args: Any) -> dict[str, Any]:
    out = StringIO()
    call_command("export", *args, "--json", stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def test_a_list_is_written_with_its_digest_and_recorded(world: World, tmp_path: Path) -> None:
    make_request(world.acme, title="Poster")
    file = tmp_path / "work.csv"

    said = export("work", "--filter", "whose=all", "--out", file, "--as", world.olga.email)

    content = file.read_bytes()
    assert said["rows"] == len(list(csv.DictReader(StringIO(content.decode("utf-8-sig"))))) == 1
    assert said["sha256"] == hashlib.sha256(content).hexdigest()
    assert said["schema"]["name"] == "throughline.export_result"
    kept = ExportRecord.objects.get()
    assert (kept.user, kept.way, kept.sha256) == (world.olga, "command", said["sha256"])
    assert kept.filters == [["whose", "all"]]


def test_columns_are_chosen_and_ordered(world: World, tmp_path: Path) -> None:
    make_request(world.acme, title="Poster")
    file = tmp_path / "x.json"

    export(
        "requests", "--columns", "title,ref", "--format", "json", "--out", file, "--as",
        world.alice.email,
    )  # fmt: skip

    [row] = json.loads(file.read_text(encoding="utf-8"))["rows"]
    assert list(row.items()) == [("title", "Poster"), ("ref", "ACM-1")]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("requests", "--filter", "stat=x"), "state"),
        (("request",), "requests"),
        (("requests", "--columns", "titel"), "title"),
        (("requests", "--format", "pdf"), "csv, xlsx, json"),
    ],
)
def test_unknown_names_are_usage_errors_with_near_matches(
    world: World, tmp_path: Path, args: tuple[str, ...], words: str
) -> None:
    file = tmp_path / "x.csv"
    with pytest.raises(CommandError, match=words) as refused:
        export(*args, "--out", file, "--as", world.alice.email)

    assert refused.value.returncode == 2
    assert list(tmp_path.iterdir()) == []
    assert not ExportRecord.objects.exists()


def test_a_file_that_is_there_is_kept_unless_forced(world: World, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("mine", encoding="utf-8")
    with pytest.raises(CommandError, match="there already") as refused:
        export("clients", "--out", file, "--as", world.olga.email)
    assert (refused.value.returncode, file.read_text(encoding="utf-8")) == (1, "mine")

    export("clients", "--out", file, "--force", "--as", world.olga.email)
    assert file.read_text(encoding="utf-8-sig").startswith("code,")


def test_who_may_not_see_a_list_is_refused_as_json(world: World, tmp_path: Path) -> None:
    out = StringIO()
    with pytest.raises(CommandError) as refused:
        call_command(
            "export", "outbox", "--out", tmp_path / "x", "--as", world.cora.email, "--json",
            stdout=out,
        )  # fmt: skip

    [refusal] = json.loads(out.getvalue())["refusals"]
    assert (refused.value.returncode, refusal["code"]) == (1, "denied")
    assert refusal["clears_by"]
    assert list(tmp_path.iterdir()) == []
