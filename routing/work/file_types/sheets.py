"""Tables in text files, as Excel and others export them, read for display."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from typing import IO

from routing.work.file_types.encodings import UTF16, encoding_of

MOST_CHARACTERS = 500_000
MOST_ROWS, MOST_COLUMNS, MOST_CELL = 500, 50, 500
_DELIMITERS = (";", "\t", ",", "|")
_TRIED = 20  # lines


@dataclass(frozen=True, slots=True)
class Sheet:
    """The beginning of a table, each row with the same number of cells."""

    rows: Sequence[Sequence[str]]
    is_cut: bool  # there are more rows, columns or characters


def read_sheet(stream: IO[bytes]) -> Sheet:
    """
    Read the beginning of a text file as a table.

    :param stream: of a file whose type is text/csv, so that it has an encoding
    """
    encoding = encoding_of(stream) or UTF16
    stream.seek(0)
    # Two bytes a character at least in UTF-16. A character that is cut at the end is left out.
    raw = stream.read(MOST_CHARACTERS * 2)
    is_cut = bool(stream.read(1))
    text = raw.decode(encoding, "ignore")
    rows: list[list[str]] = []
    longest = 0
    reader = csv.reader(StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        for row in reader:
            if len(rows) == MOST_ROWS:
                is_cut = True
                break
            is_cut = is_cut or len(row) > MOST_COLUMNS or any(len(cell) > MOST_CELL for cell in row)
            rows.append([cell[:MOST_CELL] for cell in row[:MOST_COLUMNS]])
            longest = max(longest, len(rows[-1]))
    except csv.Error:  # a cell that is longer than the module reads
        is_cut = True
    return Sheet([row + [""] * (longest - len(row)) for row in rows if row], is_cut)


def _delimiter(text: str) -> str:
    """Return the sign that separates cells: the one that gives the most lines the same columns."""
    lines = [line for line in text.splitlines()[:_TRIED] if line.strip()]
    best, most = ",", 0
    for sign in _DELIMITERS:
        counts = [line.count(sign) for line in lines]
        same = max((counts.count(count) * count for count in counts if count), default=0)
        if same > most:
            best, most = sign, same
    return best
