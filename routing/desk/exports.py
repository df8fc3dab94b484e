"""Lists as CSV files that no spreadsheet program takes for formulas."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.http import StreamingHttpResponse

# A cell that begins like this is a formula (OWASP ASVS 5, 1.2.10). Spaces before it do not help.
FORMULA = tuple("=+-@\t\r\n\0")
BOM = "\ufeff"  # by which Excel knows UTF-8


class _CsvLine:
    """A file that returns what is written to it."""

    def write(self, text: str) -> str:
        return text


def safe_cell(value: Any) -> str:
    """Return the text of a cell, with an apostrophe before one that would be a formula."""
    text = "" if value is None else str(value)
    starts = text.lstrip(" ").startswith(FORMULA)
    text = text.replace("\0", "")
    return f"'{text}" if starts else text


def as_csv(
    name: str, heading: Sequence[Any], rows: Iterable[Sequence[Any]]
) -> StreamingHttpResponse:
    """Return a download that is written while it is sent, so that it may be long."""
    answer = StreamingHttpResponse(_lines(heading, rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def _lines(heading: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    write = csv.writer(_CsvLine()).writerow
    yield BOM + write([safe_cell(each) for each in heading])
    for row in rows:
        yield write([safe_cell(each) for each in row])
