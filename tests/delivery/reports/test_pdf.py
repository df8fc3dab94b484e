"""PDFs: hostile words stay words, the same report gives the same bytes, nothing is loaded."""

from __future__ import annotations

import re
import zlib
from typing import Any

import pytest

from delivery.reports.forms import as_csv, as_html
from delivery.reports.pdf import pdf_of, pictures_of
from routing.desk.exports import plain_cell
from tests.world import NOW

pytestmark = pytest.mark.requirement("A5")
HOSTILE = (
    '#eval("1+1")',
    '#read("/etc/passwd")',
    '#import "@preview/x:1.0.0"',
    '$ x^2 $ *bold* _it_ `raw` @label <label> \\ " // /* ~ - + = [ ] { }',
    '"); #panic("x',
    "<script>alert(1)</script>",
    "null\x00 bell\x07 \ud800 half \u202e turned",
    "ünïcödé Ж α 漢字",
)


def report(words: str) -> dict[str, Any]:
    table = {
        "title": words,
        "columns": [words, "B"],
        "widths": [7, 46],
        "rows": [{"cells": [[words, words], ["B", words]], "url": "https://x.test/?a=" + '"#'}],
        "empty": "",
        "more": words,
    }
    share = {"label": words, "value": words, "percent": "100.0", "start": "0", "width": "100"}
    section = {
        "key": "a",
        "title": words,
        "lead": [words],
        "shares": [{**share, "tone": words}],
        "tables": [table],
    }
    return {
        "kicker": words,
        "title": words,
        "subtitle": words,
        "agency": words,
        "language": "en",
        "made": words,
        "zone": words,
        "facts": [{"label": words, "value": words}],
        "figures": [{"label": words, "value": words, "note": words}],
        "sections": [section],
    }


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_are_set_as_they_are(words: str) -> None:
    made = pdf_of(report(words), NOW)

    assert made.startswith(b"%PDF-")
    assert b"/JavaScript" not in made
    assert b"/EmbeddedFile" not in made
    assert b"root:" not in contents(made)


def test_what_would_be_computed_takes_as_much_room_as_its_signs() -> None:
    """A layout that evaluated it would draw one sign in place of twelve."""
    hostile, harmless = (pictures_of(report(words), NOW) for words in ('#eval("1+1")', "2"))

    assert hostile != harmless


def test_the_same_report_gives_the_same_bytes() -> None:
    assert pdf_of(report("a"), NOW) == pdf_of(report("a"), NOW)


def test_words_become_no_markup_in_html() -> None:
    page = as_html(report("<script>alert(1)</script>"))

    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "http" not in re.sub(r'href="[^"]*"|http-equiv', "", page)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "＝1", "  =1"])
def test_no_text_of_a_csv_starts_a_formula(text: str) -> None:
    assert plain_cell(text) == "'" + text


def test_numbers_of_a_csv_keep_their_sign() -> None:
    data = {
        "title": "=x",
        "figures": {"n": {"value": -3}},
        "sections": {"a": {"rows": [{"n": -1.5}]}},
    }

    lines = as_csv(data).splitlines()

    assert lines == [
        "section,table,name,value,n",
        "report,facts,title,'=x,",
        "report,figures,n,-3,",
        "a,rows,,,-1.5",
    ]


def contents(made: bytes) -> bytes:
    """The streams of a PDF, unpacked where they are packed."""
    found = b""
    for part in re.findall(rb"stream\r?\n(.*?)endstream", made, re.DOTALL):
        try:
            found += zlib.decompress(part)
        except zlib.error:
            found += part
    return found
