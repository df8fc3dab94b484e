"""The part of an address that says which rows of a figure are meant."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

EVERYTHING = "all"
APART = "apart"  # work that counts apart is included
# No group has this as its key, so it can stand for the rows that have no value.
NONE = "\N{EMPTY SET}"


def selection(by: Mapping[str, str | None], *, apart: bool) -> str:
    """
    Return the group as one segment of a path, such as ``client=ACM&week=2026-W48``.

    In the path and not in the query, so that every reader can append ``?format=json``.
    """
    pairs = [(name, NONE if key is None else key) for name, key in by.items()]
    return urlencode([*pairs, *([(APART, "1")] if apart else [])]) or EVERYTHING


def read_selection(text: str) -> tuple[dict[str, str | None], bool]:
    """Return the group that ``selection`` wrote, and whether work that counts apart is included."""
    if text == EVERYTHING:
        return {}, False
    pairs = dict(parse_qsl(text, keep_blank_values=True))
    apart = pairs.pop(APART, "") == "1"
    return {name: None if key == NONE else key for name, key in pairs.items()}, apart
