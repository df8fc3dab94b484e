"""docs/requirements.md: every requirement has one row, and the tests it names exist."""

from __future__ import annotations

import re
from collections import Counter

from config.paths import ROOT

ROWS = re.findall(r"^\| ([A-Z]\d.*?) \| .+ \| (.+) \| (.+) \|$", (ROOT / "docs" / "requirements.md").read_text(), re.MULTILINE)
NAMED = re.findall(r"`(tests/[\w/.]+|test_\w+)`", "\n".join(tests for _, _, tests in ROWS))


def test_the_files_and_tests_that_it_names_exist():
    functions = set(
        re.findall(r"^def (test_\w+)", "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py")), re.MULTILINE)
    )

    missing = [each for each in NAMED if not ((ROOT / each).exists() if each.startswith("tests/") else each in functions)]

    assert NAMED
    assert missing == []


def test_every_row_names_a_test():
    assert [ids for ids, _, tests in ROWS if "`" not in tests] == []


def test_no_two_rows_are_the_same():
    assert [row for row, number in Counter(ROWS).items() if number > 1] == []
