"""
A report as values: facts, figures, tables and shares of time.

Every form of a report is made of the same values: the page, HTML, PDF, CSV and JSON. So no form
can say what another one does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _

from routing.kernel.durations import write_duration

Value: TypeAlias = str | int | Decimal | date | datetime | timedelta | bool | None

MOST_ROWS = 400  # of one table on a page; JSON has all of them
DASH = "–"
SHORT, WIDEST = 9, 36  # characters of a column of a table on paper


@dataclass(frozen=True, slots=True)
class ReportFact:
    """One value with its label. ``key`` is its name in JSON."""

    key: str
    label: str
    value: Value


@dataclass(frozen=True, slots=True)
class ReportFigure:
    """
    A number that the head of a report shows, in words, with a note below it.

    ``of`` is the whole that ``value`` is a part of, or None.
    """

    key: str
    label: str
    words: str
    note: str = ""
    value: Value = None
    of: Value = None


def part_of(key: str, label: str, part: int, whole: int, note: str = "") -> ReportFigure:
    """Return a figure such as “3 of 4”, or a dash if there is no whole."""
    words = _("%(part)s of %(whole)s") % {"part": part, "whole": whole} if whole else DASH
    return ReportFigure(key, label, words, note, part, whole)


@dataclass(frozen=True, slots=True)
class ReportTable:
    """
    Rows with one value for each column. ``columns`` are pairs of a key and a label.

    ``urls`` has the address of each row, or is empty. ``empty`` is said in place of no rows.
    """

    key: str
    columns: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[Value]]
    empty: str
    title: str = ""
    urls: Sequence[str] = ()

    @property
    def records(self) -> Iterator[dict[str, Any]]:
        """Yield each row as JSON."""
        for row in self.rows:
            yield dict(
                _entry(key, value) for (key, _label), value in zip(self.columns, row, strict=True)
            )


@dataclass(frozen=True, slots=True)
class ReportShare:
    """One party's part of a time. ``tone`` names its colour; the label says the same in words."""

    key: str
    label: str
    time: timedelta
    tone: str = ""


@dataclass(frozen=True, slots=True)
class ReportSection:
    key: str
    title: str
    lead: Sequence[str] = ()
    shares: Sequence[ReportShare] = ()
    tables: Sequence[ReportTable] = ()


@dataclass(frozen=True, slots=True)
class ReportPage:
    """
    A whole report.

    ``name`` and ``version`` are the schema of its JSON. ``zone`` is the time zone of its words.
    """

    name: str
    kicker: str
    title: str
    subtitle: str
    agency: str
    made_at: datetime
    zone: str
    facts: Sequence[ReportFact] = ()
    figures: Sequence[ReportFigure] = ()
    sections: Sequence[ReportSection] = ()
    version: int = 1


# -- As JSON: instants in UTC, durations in seconds ------------------------------------------------


def plain(value: Value) -> Any:
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _entry(key: str, value: Value) -> tuple[str, Any]:
    """Return the name and the value in JSON; the name says the unit of a duration."""
    return (f"{key}_s" if isinstance(value, timedelta) else key), plain(value)


def as_json(page: ReportPage) -> dict[str, Any]:
    return {
        "schema": {"name": f"throughline.report.{page.name}", "version": page.version},
        "title": page.title,
        "made_at": plain(page.made_at),
        "zone": page.zone,
        **dict(_entry(fact.key, fact.value) for fact in page.facts),
        "figures": {each.key: _figure_json(each) for each in page.figures},
        "sections": {each.key: _section_json(each) for each in page.sections},
    }


def _figure_json(figure: ReportFigure) -> dict[str, Any]:
    found = dict([_entry("value", figure.value)])
    return found if figure.of is None else found | dict([_entry("of", figure.of)])


def _section_json(section: ReportSection) -> dict[str, Any]:
    found: dict[str, Any] = {"title": section.title, "lead": list(section.lead)}
    if section.shares:
        found["shares_s"] = {each.key: each.time.total_seconds() for each in section.shares}
    for table in section.tables:
        found[table.key] = list(table.records)
    return found


# -- In words, in one time zone and language -------------------------------------------------------


def in_words(value: Value) -> str:
    """Return a value as people read it, in the active language and time zone."""
    if value is None or value == "":
        return DASH
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, timedelta):
        return write_duration(value)
    if isinstance(value, datetime):
        return formats.date_format(timezone.localtime(value), _("D j M Y, H:i T"))
    if isinstance(value, date):
        return formats.date_format(value, _("D j M Y"))
    return formats.localize(value) if isinstance(value, Decimal) else str(value)


def in_a_cell(value: Value) -> str:
    """Return a value of a table. The page says the time zone once, and not in every row."""
    if isinstance(value, datetime):
        return formats.date_format(timezone.localtime(value), _("j M Y, H:i"))
    if isinstance(value, date):
        return formats.date_format(value, _("j M Y"))
    return in_words(value)


def printed(page: ReportPage) -> dict[str, Any]:
    """
    Return the report as words alone, for every form that people read.

    Call it with the reader's language and time zone active.
    """
    return {
        "kicker": page.kicker,
        "title": page.title,
        "subtitle": page.subtitle,
        "agency": page.agency,
        "language": (translation.get_language() or "en").partition("-")[0],
        "made": _("Made %(at)s") % {"at": in_words(page.made_at)},
        "zone": _("All times in %(zone)s") % {"zone": page.zone},
        "facts": [{"label": fact.label, "value": in_words(fact.value)} for fact in page.facts],
        "figures": [
            {"label": each.label, "value": each.words, "note": each.note} for each in page.figures
        ],
        "sections": [_printed_section(each) for each in page.sections],
    }


def _printed_section(section: ReportSection) -> dict[str, Any]:
    return {
        "key": section.key,
        "title": section.title,
        "lead": list(section.lead),
        "shares": printed_shares(section.shares),
        "tables": [_printed_table(each) for each in section.tables],
    }


def printed_shares(shares: Sequence[ReportShare]) -> list[Mapping[str, Any]]:
    whole = sum((each.time for each in shares), timedelta())
    found: list[Mapping[str, Any]] = []
    start = 0.0
    for each in shares:
        width = each.time / whole * 100 if whole else 0.0
        found.append(
            {
                "label": each.label,
                "value": write_duration(each.time),
                "percent": f"{width:.1f}",
                # Places in a drawing of 100 units, whatever the language writes for a point.
                "start": f"{start:.3f}",
                "width": f"{width:.3f}",
                "tone": each.tone,
            }
        )
        start += width
    return found


def _printed_table(table: ReportTable) -> Mapping[str, Any]:
    urls = [*table.urls, *[""] * len(table.rows)]
    labels = [label for _key, label in table.columns]
    rows = [
        # Each cell with its label: on a phone, a row is a list of them.
        {"cells": list(zip(labels, map(in_a_cell, row), strict=True)), "url": safe_url(url)}
        for row, url in zip(table.rows[:MOST_ROWS], urls, strict=False)
    ]
    left = len(table.rows) - len(rows)
    more = _("%(count)s more rows are in the data file.") % {"count": left} if left else ""
    return {
        "title": table.title,
        "columns": labels,
        "widths": _widths(labels, rows),
        "rows": rows,
        "empty": table.empty,
        "more": more,
    }


def _widths(labels: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """
    Return how wide each column is against the others on paper, by its longest text.

    A column of short texts, such as references, is 0: it takes what it needs.
    """
    found = []
    for place, label in enumerate(labels):
        longest = max((len(row["cells"][place][1]) for row in rows), default=0)
        is_short = longest <= SHORT and len(label) <= SHORT
        found.append(0 if is_short else min(max(longest, len(label)), WIDEST))
    return found


def safe_url(url: str) -> str:
    """Return an address that a page may link to, or an empty string."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in {"http", "https"} and parts.netloc else ""
