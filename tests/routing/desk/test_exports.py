"""FAULT 50: no cell of an export starts a formula."""

from __future__ import annotations

import csv
from io import StringIO

import pytest

from routing.desk.exports import FORMULA, as_csv, safe_cell

HOSTILE = [f"{sign}cmd|' /C calc'!A0" for sign in FORMULA]


@pytest.mark.parametrize("text", [*HOSTILE, *(f"  {each}" for each in HOSTILE), "\0=1+1"])
def test_50_a_cell_that_would_be_a_formula_is_text(text: str) -> None:
    answer = as_csv("x.csv", ["a"], [[text]])
    sent = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[arg-type]

    [_heading, [cell]] = csv.reader(StringIO(sent))

    assert cell.startswith("'")
    assert "\0" not in cell


@pytest.mark.parametrize("text", ["plain", "1 - 2", "a@b.test", "", "Grüße"])
def test_50_other_cells_stay_as_they_are(text: str) -> None:
    assert safe_cell(text) == text
    assert (safe_cell(None), safe_cell(7)) == ("", "7")
