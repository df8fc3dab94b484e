"""The forms of a report that leave the desk: HTML, PDF, CSV and JSON, all of the same words."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from io import StringIO
from itertools import chain
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string

from delivery.reports.pdf import pdf_of
from routing.desk.exports import BOM, plain_cell

STYLE = Path(__file__).parent.parent / "static" / "delivery" / "report.css"
TYPES = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}


def form_of(
    form: str, words: Mapping[str, Any], data: Mapping[str, Any], made_at: datetime
) -> bytes:
    """
    Return one form of a report.

    :param form: a key of ``TYPES``
    :param words: from ``printed``
    :param data: from ``as_json``
    """
    if form == "pdf":
        return pdf_of(words, made_at)
    if form == "csv":
        return (BOM + as_csv(data)).encode()
    if form == "json":
        return (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode()
    return as_html(words).encode()


def as_html(words: Mapping[str, Any]) -> str:
    """Return one file that needs no other: its style is in it, and it has no script."""
    style = STYLE.read_text("utf-8")
    return render_to_string("reports/document.html", {"report": words, "style": style})


def as_csv(data: Mapping[str, Any]) -> str:
    """
    Return every row of every table, with a column for each name that any of them has.

    Instants are in UTC and durations in seconds, as in JSON.
    """
    rows = list(_rows(data))
    names = list(dict.fromkeys(chain.from_iterable(rows)))
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(names)
    for row in rows:
        values = map(row.get, names)
        writer.writerow(map(plain_cell, values))
    return out.getvalue()


def _rows(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for name, value in data.items():
        if not isinstance(value, Mapping):
            yield {"section": "report", "table": "facts", "name": name, "value": value}
    for name, value in data["figures"].items():
        yield {"section": "report", "table": "figures", "name": name, **value}
    for key, section in data["sections"].items():
        for party, seconds in section.get("shares_s", {}).items():
            yield {"section": key, "table": "shares_s", "name": party, "value": seconds}
        for table, records in section.items():
            yield from _records(key, table, records)


def _records(section: str, table: str, records: Any) -> Iterator[Mapping[str, Any]]:
    if table == "lead" or not isinstance(records, Sequence) or isinstance(records, str):
        return
    for record in records:
        yield {"section": section, "table": table, **record}
