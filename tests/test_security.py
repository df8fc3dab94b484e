"""docs/security.md names tests and files that exist."""

from __future__ import annotations

import re

from config.paths import ROOT

TABLE = (ROOT / "docs" / "security.md").read_text()
STATES = {"met", "in part", "not met", "–"}


def test_every_requirement_has_a_state() -> None:
    rows = re.findall(r"^\| (\d[^|]*) \| ([^|]+) \|", TABLE, re.MULTILINE)

    assert len(rows) > 60
    assert {state for _, state in rows} == STATES


def test_the_files_and_tests_that_it_names_exist() -> None:
    missing = []
    for file, tests in re.findall(r"`([\w/]+\.py)((?:::test_\w+`|`, `::test_\w+)*)", TABLE):
        path = ROOT / "tests" / file
        text = path.read_text() if path.exists() else ""
        if not text and not (ROOT / file).exists():
            missing.append(file)
        names = re.findall(r"test_\w+", tests)
        missing += [f"{file}::{name}" for name in names if f"def {name}(" not in text]

    assert missing == []
