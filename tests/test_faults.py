"""docs/faults.md names tests that exist, for every fault, or says why there is none."""

from __future__ import annotations

import re

from config.paths import ROOT

TABLE = (ROOT / "docs" / "faults.md").read_text()
ROWS = re.findall(r"^\| (\d+) \| .+ \| (.+) \|$", TABLE, re.MULTILINE)


def test_every_fault_is_held_by_a_test_or_says_why_not():
    assert [int(number) for number, _held in ROWS] == list(range(1, 61))
    assert [
        number
        for number, held in ROWS
        if "::test_" not in held and not held.startswith("not held, because ")
    ] == []


def test_the_tests_that_it_names_exist():
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", TABLE)

    missing = [
        f"{file}::{test}"
        for file, test in named
        if not re.search(rf"^def {test}\(", _text(file), re.MULTILINE)
    ]

    assert named
    assert missing == []


def _text(file: str) -> str:
    path = ROOT / "tests" / file
    return path.read_text() if path.exists() else ""
