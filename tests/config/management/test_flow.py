"""Flows at the command line: as files, and their steps as a person."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from routing.models import Flow, FlowProposal, FlowVersion
from tests.routing.flows.test_lint import staffed
from tests.routing.runs.stories import make_flow
from tests.world import World

SCHEMA = "throughline.flow."


@pytest.fixture
def flow(world: World) -> Flow:
    version = make_flow(world)
    staffed(version, world.alice, world.bob)
    return version.flow


def run(*words: str, code: int = 0) -> Any:
    """Run the command, and return what it printed: JSON with --json, text without."""
    out = StringIO()
    if code:
        with pytest.raises(CommandError) as caught:
            call_command("flow", *words, stdout=out)
        assert caught.value.returncode == code
    else:
        call_command("flow", *words, stdout=out)
    if "--json" not in words:
        return out.getvalue()
    body = json.loads(out.getvalue())
    assert body["schema"] == {"name": SCHEMA + words[0], "version": 1}
    return body


def test_a_flow_is_exported_changed_compared_imported_published_and_rolled_back(
    world: World, flow: Flow, tmp_path: Path
) -> None:
    person = ("--as", world.olga.email, "--yes", "--json", "--reason", "Reviewed")
    file = tmp_path / "flow.yaml"
    text = run("export", flow.slug)
    file.write_text(text.replace("title: ", "title: New "))

    changed = run("diff", flow.slug, str(file), "--json")
    imported = run("import", str(file), *person)
    published = run("publish", flow.slug, *person)
    back = run("rollback", flow.slug, *person)

    assert [(each["path"], each["class"]) for each in changed["changes"]] == [("title", "wording")]
    assert (changed["highest"], changed["approvals"]) == ("wording", 1)
    assert (imported["draft"], published["live"], back["live"]) == (2, 2, 3)
    assert run("export", f"{flow.slug}@2") == file.read_text()
    assert run("export", flow.slug) == text
    live = FlowVersion.objects.get(flow=flow, number=3)
    assert live.published_by == world.olga
    assert live.history.latest().history_change_reason == "Reviewed"
    assert run("lint", str(file)).strip() == "Nothing found."
    assert run("import", str(file), *person)["changed"] is True
    assert run("import", str(file), *person)["changed"] is False


def test_what_is_refused_says_why_and_who_can(world: World, flow: Flow, tmp_path: Path) -> None:
    file = tmp_path / "flow.yaml"
    file.write_text(run("export", flow.slug).replace("title: ", "title: New "))
    reason = ("--reason", "Because", "--json")
    alice = ("--as", world.alice.email, *reason)

    [not_demo] = run("import", str(file), *alice, code=1)["refusals"]
    [not_hers] = run("import", str(file), *alice, "--yes", code=1)["refusals"]
    [no_draft] = run("publish", flow.slug, *alice, "--yes", code=1)["refusals"]
    [no_older] = run("rollback", flow.slug, *alice, "--yes", code=1)["refusals"]

    assert (not_demo["code"], not_hers["code"]) == ("demo", "permission")
    assert not_hers["clears_by"] == "Operations lead"
    assert (no_draft["code"], no_older["code"]) == ("no_draft", "no_version")
    assert flow.versions.count() == 1


def test_a_bad_file_is_told_with_its_lines(world: World, flow: Flow, tmp_path: Path) -> None:
    file = tmp_path / "flow.yaml"
    file.write_text(run("export", flow.slug).replace("title: ", "titel: "))
    person = ("--as", world.olga.email, "--yes", "--json", "--reason", "Bad")

    refused = run("import", str(file), *person, code=1)["refusals"]
    found = run("lint", str(file), "--json", code=1)["findings"]

    assert {each["code"] for each in refused} == {"bad_file"}
    assert {each["path"] for each in found} == {"title", "titel"}
    assert all(each["line"] > 0 for each in found)
    run("diff", flow.slug, str(file), code=2)


def test_an_import_says_what_waits_for_a_second_person(
    world: World, flow: Flow, tmp_path: Path
) -> None:
    file = tmp_path / "flow.yaml"
    person = ("--as", world.olga.email, "--yes", "--json", "--reason", "Reach")
    file.write_text(run("export", flow.slug) + "touches:\n- billing\n")

    imported = run("import", str(file), *person)
    file.write_text(run("export", flow.slug) + "touches:\n- privacy\n")
    [refused] = run("import", str(file), *person, code=1)["refusals"]

    [waiting] = FlowProposal.objects.select_related("item")
    assert (imported["proposal"], imported["changed"]) == (waiting.item.ref, True)
    assert refused["code"] == "proposal_waits"
    flow.refresh_from_db()
    assert flow.touches == []


def test_a_flow_is_made_from_another(world: World, flow: Flow) -> None:
    wanted = ("copy", flow.slug, "--name", "Lead to audit", "--json")
    olga = ("--as", world.olga.email, "--yes")

    [not_hers] = run(*wanted, "--as", world.alice.email, "--yes", code=1)["refusals"]
    made = run(*wanted, *olga, "--backup", world.bob.email)
    [taken] = run(*wanted, *olga, code=1)["refusals"]

    assert (not_hers["code"], not_hers["clears_by"]) == ("permission", "Operations lead")
    assert (made["flow"], made["draft"], taken["code"]) == ("lead-to-audit", 1, "not_copied")
    draft = FlowVersion.objects.get(flow__slug="lead-to-audit")
    assert draft.flow.owner == flow.owner
    assert draft.history.latest().history_change_reason == f"Made from {flow} v1"


@pytest.mark.parametrize(
    "words",
    [
        ("export", "lead-to-breif"),
        ("export", "lead-to-brief@99"),
        ("export", "lead-to-brief@x"),
        ("lint", "/nowhere/at-all.yaml"),
        ("diff", "lead-to-brief", "nothing"),
    ],
)
def test_what_is_not_there_is_a_wrong_call(flow: Flow, words: tuple[str, ...]) -> None:
    run(*words, code=2)
