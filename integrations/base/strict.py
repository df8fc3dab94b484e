"""JSON from strangers: read within bounds, flaws found part by part, nothing guessed."""

from __future__ import annotations

import json
import math
import re
from typing import Any

MAX_DEPTH = 32
MAX_DIGITS = (
    18  # what a 64-bit integer holds; JSON numbers of vendors are ids, counts and milliseconds
)
_SURROGATE = re.compile("[\ud800-\udfff]")
# Linear on any input: a string that never ends matches to the end of the text instead of failing at
# every quote.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{},]', re.DOTALL)


class NotJSON(Exception):
    """``reason`` is a code: ``not_utf8``, ``not_json``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Flaw:
    """Stands in the tree for what must not be there, so that the part around it can be named."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


def _object(pairs: list[tuple[str, Any]]) -> Any:
    made = dict(pairs)
    return made if len(made) == len(pairs) else _Flaw("duplicate_key")


def _integer(digits: str) -> Any:
    return int(digits) if len(digits.lstrip("-")) <= MAX_DIGITS else _Flaw("number_out_of_range")


def _constant(_name: str) -> Any:
    return _Flaw("not_a_number")


def _loads(text: str) -> Any:
    try:
        return json.loads(
            text, object_pairs_hook=_object, parse_int=_integer, parse_constant=_constant
        )
    except RecursionError:
        return _Flaw("too_deep")
    except ValueError:
        return _Flaw("not_json")


def read(raw: bytes) -> Any:
    """
    The JSON value of a body. Ask ``flaw`` about a part before using it.

    A byte order mark is skipped (RFC 8259, section 8.1, allows it). A list with a broken member is
    still a list: the broken member is a part with a flaw.

    :raises NotJSON: if it is not UTF-8, or no JSON and no list
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotJSON("not_utf8") from None
    value = _loads(text)
    if not isinstance(value, _Flaw):
        return value
    members = _members(text.strip()) if value.reason != "duplicate_key" else None
    if members is None:
        raise NotJSON(value.reason)
    return [_loads(member) for member in members]


def _members(text: str) -> list[str] | None:
    """
    The texts between the commas of a list, broken or cut off as they may be; None if it is no list.
    """
    if not text.startswith("["):
        return None
    depth, start, found = 0, 1, []
    for token in _TOKEN.finditer(text):
        sign = token.group()
        if sign in "[{":
            depth += 1
        elif sign in "]}":
            depth -= 1
        if (depth == 1 and sign == ",") or (depth == 0 and sign == "]"):
            found.append(text[start : token.start()])
            start = token.end()
        if depth == 0:
            break
    rest = text[start:]
    return [*found, rest] if rest.strip() else found


def flaw(value: Any) -> str:
    """
    The first thing in ``value`` that we cannot or will not store, as a code; empty if it is sound.

    PostgreSQL stores no NUL and no lone surrogate; a duplicate key or NaN has no one meaning.
    """
    waiting: list[tuple[Any, int]] = [(value, 1)]
    while waiting:
        each, depth = waiting.pop()
        if depth > MAX_DEPTH:
            return "too_deep"
        if isinstance(each, dict):
            waiting.extend((part, depth + 1) for pair in each.items() for part in pair)
        elif isinstance(each, list):
            waiting.extend((part, depth + 1) for part in each)
        elif found := _scalar(each):
            return found
    return ""


def _scalar(value: Any) -> str:
    if isinstance(value, _Flaw):
        return value.reason
    if isinstance(value, float) and not math.isfinite(value):
        return "number_out_of_range"
    if isinstance(value, str):
        if "\0" in value:
            return "nul_character"
        if _SURROGATE.search(value):
            return "lone_surrogate"
    return ""
