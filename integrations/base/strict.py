"""Read untrusted JSON within limits, and find flaws in each part of it."""

from __future__ import annotations

import json
import math
import re
from typing import Any

MAX_DEPTH = 32
MAX_DIGITS = 18  # fits a 64-bit integer; vendors send ids, counts and milliseconds
_SURROGATE = re.compile("[\ud800-\udfff]")
# Linear on any input: an unterminated string matches to the end of the text. If it failed, the scan
# would start again at every later quote.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{},]', re.DOTALL)


class NotJSON(Exception):
    """The body is not JSON. ``reason`` is a code, such as ``not_utf8`` or ``not_json``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Flaw:
    """Takes the place of a bad value in the tree, so that only its part is rejected."""

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
    Return the JSON value of a body. Check each part with ``flaw`` before use.

    A byte order mark is skipped (RFC 8259, section 8.1, allows that). A list with a broken member
    is still a list, and the broken member is a part with a flaw.

    :raises NotJSON: if it is not UTF-8, or neither JSON nor a list
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
    """Return the texts between the commas of a list, even if broken, or None for no list."""
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
    Return a code for the first flaw in ``value``, or an empty string.

    PostgreSQL cannot store NUL characters or lone surrogates. Duplicate keys and NaN are ambiguous.
    """
    waiting: list[tuple[Any, int]] = [(value, 1)]
    while waiting:
        each, depth = waiting.pop()
        if depth > MAX_DEPTH:
            return "too_deep"
        if isinstance(each, dict):
            for name, part in each.items():
                waiting += [(name, depth + 1), (part, depth + 1)]
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
