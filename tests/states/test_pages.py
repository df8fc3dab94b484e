"""docs/states says what the code declares."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import call_command

from routing.messages.turn_table import documented
from routing.work.door import all_operations
from routing.work.machine_pages import pages
from routing.work.machines import gate_name, meaning
from tests.house.rules import ROOT

FOLDER = ROOT / "docs" / "states"


@pytest.mark.parametrize("name", sorted(pages()))
def test_a_page_is_up_to_date(name: str) -> None:
    file = FOLDER / name

    assert file.exists(), "Run `make states`."
    assert file.read_text() == pages()[name], "Run `make states`."


def test_the_page_of_turns_is_up_to_date() -> None:
    assert (ROOT / "docs" / "turns.md").read_text() == documented(), "Run `make states`."


def test_there_is_no_page_of_a_noun_that_is_gone() -> None:
    assert {file.name for file in FOLDER.glob("*.md")} == set(pages())


def test_writing_removes_pages_of_nouns_that_are_gone(tmp_path: Path) -> None:
    (tmp_path / "gone.md").write_text("once")

    call_command("states", tmp_path)

    assert {file.name for file in tmp_path.iterdir()} == set(pages())


def test_pages_name_gates_and_never_how_they_are_wrapped() -> None:
    for name, text in pages().items():
        assert "functools" not in text, name
        assert "partial" not in text, name


def test_every_gate_has_a_meaning_of_one_line() -> None:
    gates = {gate for step in all_operations() for gate in step.all_gates}

    silent = sorted({gate_name(gate) for gate in gates if not meaning(gate).endswith(".")})
    assert silent == []
