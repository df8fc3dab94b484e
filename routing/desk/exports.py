"""
Lists as files: CSV, XLSX and JSON, written row by row, so that a long list needs little memory.

No cell is a formula to a spreadsheet program. Instants stand in UTC and beside it in the reader's
zone, which the heading names. Each file says which list it is, how it was filtered, and when it was
written.
"""

from __future__ import annotations

import csv
import json
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from io import TextIOWrapper
from typing import IO, Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils.exceptions import WorkbookAlreadySaved

from routing.desk.export_columns import ColumnType, ExportColumn

# A cell that begins like this is a formula (OWASP ASVS 5, 1.2.10), also in full width. Nothing that
# is not seen before it helps.
FORMULA = tuple("=+-@\t\r\n\0＝＋－＠")
BOM = "\ufeff"  # by which Excel knows UTF-8
SCHEMA = {"name": "throughline.export", "version": 1}
FORMATS = ("csv", "xlsx", "json")
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}
MOST_XLSX_ROWS = 1_048_575  # a sheet has one row more, which is the heading
LONGEST_CELL = 32_767  # characters, in XLSX


class TooManyRows(ValueError):
    """A sheet of XLSX cannot hold the list."""


@dataclass(frozen=True, slots=True)
class ExportedList:
    """
    What a file says about itself: the list, its filters as (name, value), the person and the zone.

    ``at`` is when the list was read (aware).
    """

    name: str
    title: str
    filters: Sequence[tuple[str, str]]
    columns: Sequence[ExportColumn]
    by: str
    zone: ZoneInfo
    at: datetime

    @property
    def file_name(self) -> str:
        """The name of the file without its ending."""
        return f"{self.name}-{self.at.astimezone(UTC):%Y%m%dT%H%M%SZ}"

    @property
    def filters_in_words(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.filters) or "none"


# -- Cells -----------------------------------------------------------------------------------------


def safe_cell(value: Any) -> str:
    """Return the text of a cell, with an apostrophe before one that would be a formula."""
    text = "" if value is None else str(value)
    if text.isalnum():  # most cells; the rest is looked at sign by sign
        return text
    starts = text[_unseen(text) :].startswith(FORMULA)
    text = text.replace("\0", "")
    return f"'{text}" if starts else text


def _unseen(text: str) -> int:
    """Return how many signs at the start of a text nobody sees, such as spaces and marks."""
    for place, sign in enumerate(text):
        if sign in FORMULA or not (sign.isspace() or unicodedata.category(sign) == "Cf"):
            return place
    return len(text)


def plain_cell(value: Any) -> Any:
    """Return a number as it is. Anything else in a column of numbers is text, and made safe."""
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return value
    return safe_cell(value)


def _in_utc(value: datetime | None) -> str:
    return "" if value is None else value.astimezone(UTC).isoformat()


Cells = Callable[[Any], tuple[Any, ...]]


def _flat_cells(column: ExportColumn, zone: ZoneInfo, local: Callable[[datetime], Any]) -> Cells:
    """Return a function from a row to the cells of a column, of which instants and money have two.

    :param local: how an instant in the reader's zone is written
    """
    read = column.reader()
    if column.type is ColumnType.NUMBER:
        return lambda row: (plain_cell(read(row)),)
    if column.type is ColumnType.TEXT:
        return lambda row: (safe_cell(read(row)),)

    def instant(row: Any) -> tuple[Any, ...]:
        at = read(row)
        return ("", "") if at is None else (_in_utc(at), local(at.astimezone(zone)))

    def money(row: Any) -> tuple[Any, ...]:
        amount, currency = read(row) or (None, "")
        return (plain_cell(amount), safe_cell(currency))

    return instant if column.type is ColumnType.INSTANT else money


def _headings(about: ExportedList, *, keys: bool) -> list[str]:
    """Return the keys or the titles of the cells, with the zone of those in the reader's zone."""
    found = []
    for column in about.columns:
        name = column.key if keys else str(column.title).capitalize()
        if column.type is ColumnType.INSTANT:
            found += [name, f"{name}_local"] if keys else [f"{name} (UTC)", name]
            found[-1] = f"{found[-1]} ({about.zone.key})"
        elif column.type is ColumnType.MONEY:
            found += [name, f"{name}_currency" if keys else _("Currency")]
        else:
            found.append(name)
    return found


def _rows_of(
    about: ExportedList, rows: Iterable[Any], local: Callable[[datetime], Any]
) -> Iterator[list[Any]]:
    cells = [_flat_cells(column, about.zone, local) for column in about.columns]
    for row in rows:
        line: list[Any] = []
        for of_column in cells:
            line.extend(of_column(row))
        yield line


# -- Files -----------------------------------------------------------------------------------------


def write_csv(out: IO[bytes], about: ExportedList, rows: Iterable[Any]) -> None:
    """
    Write keys as headings and then the rows. The last heading says what the file is.

    A comment above the headings would break programs that take the first line for them.
    """
    text = TextIOWrapper(out, encoding="utf-8", newline="", write_through=False)
    text.write(BOM)
    writer = csv.writer(text)
    said = f"# list {about.name}; exported {_in_utc(about.at)}; filters: {about.filters_in_words}"
    writer.writerow([safe_cell(each) for each in (*_headings(about, keys=True), said)])
    for line in _rows_of(about, rows, datetime.isoformat):
        line.append("")
        writer.writerow(line)
    text.flush()
    text.detach()  # the caller's file stays open


def write_xlsx(out: IO[bytes], about: ExportedList, rows: Iterable[Any]) -> None:
    """
    Write titles and rows into one sheet, and what the file is into another.

    :raises TooManyRows: if a sheet cannot hold the list
    """
    book = Workbook(write_only=True)
    try:
        _write_book(book, about, rows)
        book.save(out)
    finally:
        _discard(book)


def _discard(book: Any) -> None:
    """Close the sheets of a book unless it is saved, and remove their files."""
    # openpyxl does both only when it saves, or the process ends.
    for sheet in book.worksheets:
        with suppress(WorkbookAlreadySaved, FileNotFoundError):
            sheet.close()
            sheet._writer.cleanup()  # noqa: SLF001  # there is no public way


def _write_book(book: Any, about: ExportedList, rows: Iterable[Any]) -> None:
    sheet = book.create_sheet(about.name[:31])
    sheet.freeze_panes = "A2"
    sheet.append([_bold(sheet, each) for each in _headings(about, keys=False)])
    for count, line in enumerate(_rows_of(about, rows, _without_zone), start=1):
        if count > MOST_XLSX_ROWS:
            raise TooManyRows(_("XLSX holds at most %(most)s rows.") % {"most": MOST_XLSX_ROWS})
        sheet.append([_xlsx_cell(each) for each in line])
    _about_sheet(book, about)


def _without_zone(at: datetime) -> datetime:
    return at.replace(tzinfo=None)  # XLSX has no zones; the heading names it


def _xlsx_cell(value: Any) -> Any:
    if isinstance(value, str):
        return ILLEGAL_CHARACTERS_RE.sub("", value)[:LONGEST_CELL] or None
    return value


def _bold(sheet: Any, text: str) -> Any:
    cell = WriteOnlyCell(sheet, value=_xlsx_cell(safe_cell(text)))
    cell.font = Font(bold=True)
    return cell


def _about_sheet(book: Any, about: ExportedList) -> None:
    sheet = book.create_sheet(_("About"))
    for line in (
        (_("List"), about.title),
        (_("Exported"), _in_utc(about.at)),
        (_("By"), about.by),
        (_("Zone"), about.zone.key),
        *((_("Filter"), f"{name}={value}") for name, value in about.filters),
    ):
        sheet.append([_xlsx_cell(safe_cell(each)) for each in line])
    sheet.append([])
    for column in about.columns:
        named = (column.key, str(column.title).capitalize(), column.type.value)
        sheet.append([_xlsx_cell(safe_cell(each)) for each in named])


def write_json(out: IO[bytes], about: ExportedList, rows: Iterable[Any]) -> None:
    """Write one object with ``schema``, what the file is, ``columns`` and ``rows``, one a line."""
    head = {
        "schema": SCHEMA,
        "list": about.name,
        "title": about.title,
        "exported_at": _in_utc(about.at),
        "by": about.by,
        "zone": about.zone.key,
        "filters": [{"name": name, "value": value} for name, value in about.filters],
        "columns": [
            {"key": each.key, "title": str(each.title).capitalize(), "type": each.type.value}
            for each in about.columns
        ],
    }
    out.write(json.dumps(head, ensure_ascii=False)[:-1].encode() + b', "rows": [')
    cells = [(column, column.reader()) for column in about.columns]
    between = b"\n"
    for row in rows:
        line: dict[str, Any] = {}
        for column, read in cells:
            _add_json(line, column, read(row), about.zone)
        text = json.dumps(line, ensure_ascii=False)
        out.write(between + text.encode("utf-8", "replace"))
        between = b",\n"
    out.write(b"\n]}\n")


def _add_json(line: dict[str, Any], column: ExportColumn, value: Any, zone: ZoneInfo) -> None:
    if column.type is ColumnType.INSTANT:
        line[column.key] = None if value is None else _in_utc(value)
        line[f"{column.key}_local"] = None if value is None else value.astimezone(zone).isoformat()
    elif column.type is ColumnType.MONEY:
        amount, currency = value or (None, None)
        line[column.key] = None if amount is None else {"amount": str(amount), "currency": currency}
    elif column.type is ColumnType.NUMBER and isinstance(value, int | float):
        line[column.key] = value
    else:
        line[column.key] = None if value is None else str(value)


Writer = Callable[[IO[bytes], ExportedList, Iterable[Any]], None]
WRITERS: dict[str, Writer] = {"csv": write_csv, "xlsx": write_xlsx, "json": write_json}
