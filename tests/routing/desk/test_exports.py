"""FAULT 50: no cell of an export starts a formula, in CSV and in XLSX."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO, StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.worksheet._writer import ALL_TEMP_FILES

from routing.desk.export_columns import ColumnType, ExportColumn
from routing.desk.exports import FORMULA, WRITERS, ExportedList, TooManyRows, safe_cell
from tests.world import NOW

SIGNS = "=+-@＝＋－＠\t\r\n\0"
HOSTILE = [f"{sign}cmd|' /C calc'!A0" for sign in SIGNS]
BEFORE = ("", "  ", "\u00a0", "\u3000", "\u200b", "\ufeff", "\u202e")


@dataclass(frozen=True)
class Row:
    text: str
    number: Any = -5


def written(form: str, *rows: Row) -> bytes:
    return written_from(form, rows)


def written_from(form: str, rows: Iterable[Row]) -> bytes:
    about = ExportedList(
        "work",
        "All work",
        [("q", "=1+1")],
        (
            ExportColumn("text", "text", "text"),
            ExportColumn("number", "number", "number", ColumnType.NUMBER),
        ),
        "=Olga",
        ZoneInfo("Europe/Berlin"),
        NOW,
    )
    out = BytesIO()
    WRITERS[form](out, about, rows)
    return out.getvalue()


def csv_cells(content: bytes) -> list[list[str]]:
    return list(csv.reader(StringIO(content.decode("utf-8-sig"), newline="")))


def is_formula(text: str) -> bool:
    return text.lstrip("".join(BEFORE)).startswith(tuple(SIGNS))


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("text", HOSTILE)
def test_50_a_cell_that_would_be_a_formula_is_text(text: str, before: str) -> None:
    cell = safe_cell(before + text)

    assert cell.startswith("'")
    assert "\0" not in cell


@pytest.mark.parametrize("text", ["plain", "1 - 2", "a@b.test", "", "Grüße", " spaced"])
def test_50_other_cells_stay_as_they_are(text: str) -> None:
    assert safe_cell(text) == text
    assert (safe_cell(None), safe_cell(7)) == ("", "7")


@settings(max_examples=200)
@given(st.text(st.characters(codec="utf-8"), max_size=20), st.sampled_from(("", *SIGNS)))
@example("1+1", "=")
@example("", "\t")
def test_50_no_text_of_csv_is_a_formula(text: str, sign: str) -> None:
    lines = csv_cells(written("csv", Row(sign + text)))

    assert not [cell for line in lines for cell in line if is_formula(cell) and cell != "-5"]
    assert lines[1][1] == "-5"


@settings(max_examples=60)
@given(st.text(st.characters(codec="utf-8"), max_size=20), st.sampled_from(("", *SIGNS)))
@example("1+1", "=")
@example("1+1", "＝")
def test_50_no_text_of_xlsx_is_a_formula(text: str, sign: str) -> None:
    book = load_workbook(BytesIO(written("xlsx", Row(sign + text))))
    cells = [cell for sheet in book.worksheets for line in sheet.iter_rows() for cell in line]

    assert not [cell for cell in cells if cell.data_type == "f"]
    assert not [cell for cell in cells if isinstance(cell.value, str) and is_formula(cell.value)]
    assert book.worksheets[0]["B2"].value == -5


def test_50_a_number_that_is_text_is_made_safe() -> None:
    assert csv_cells(written("csv", Row("x", "=1+1")))[1][1] == "'=1+1"
    assert csv_cells(written("csv", Row("x", -0.5)))[1][1] == "-0.5"


def test_json_keeps_text_as_it_is() -> None:
    [row] = json.loads(written("json", Row("=1+1")))["rows"]

    assert row == {"text": "=1+1", "number": -5}


def test_xlsx_refuses_more_rows_than_a_sheet_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("routing.desk.exports.MOST_XLSX_ROWS", 2)

    with pytest.raises(TooManyRows, match="at most 2"):
        written("xlsx", Row("a"), Row("b"), Row("c"))


def test_an_xlsx_that_is_given_up_leaves_no_file_behind() -> None:
    before = set(ALL_TEMP_FILES)

    def cut_short() -> Iterator[Row]:
        yield Row("first", 1)
        raise ConnectionError("The database went away.")

    with pytest.raises(ConnectionError):
        written_from("xlsx", cut_short())

    assert set(ALL_TEMP_FILES) == before


def test_every_sign_of_the_rule_is_tried() -> None:
    assert set(FORMULA) == set(SIGNS)
