"""
The answers of a form by their labels, whatever form builder sends them.

A stranger decides what a body looks like. Nothing that was answered is left out: labels may be any
text, equal labels are counted, and what is too long or too much says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from routing.kernel.clean_text import lines, one_line
from routing.kernel.facts import UNREAD

MAX_ANSWERS = 300
MAX_TEXT = 20_000  # characters of one answer
MAX_LABEL = 200  # characters
MORE = "further answers"
# About the submission and not part of it.
ENVELOPE = frozenset({"type", "id", "submission_id", "timestamp"})
# Form builders send a list of objects with a label and a value under names such as these.
LABELS = ("label", "name", "title", "question", "key", "field", "id")
VALUES = ("value", "answer", "response", "text")
_SPACE = re.compile(r"\s+")


def answers_in(body: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the answers: text, numbers, yes or no, and lists as JSON text.

    Names of nested fields are joined by dots: ``{"company": {"name": …}}`` is ``company.name``.
    """
    found: dict[str, Any] = {}
    left = 0
    for name, value in _each(body):
        answer = _plain(value)
        if answer == "":
            continue
        if len(found) < MAX_ANSWERS:
            found[_free(_label(name), found)] = answer
        else:
            left += 1
    if left:
        found[MORE] = f"{left} more answers are in the webhook that was received."
    return found


def keys_in(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that were sent, with and without an answer, up to MAX_ANSWERS."""
    found: dict[str, Any] = {}
    for name, value in _each(body, empty=True):
        if len(found) == MAX_ANSWERS:
            break
        found.setdefault(_label(name), value)
    return found


def _each(body: Mapping[str, Any], *, empty: bool = False) -> Iterator[tuple[str, Any]]:
    # A stack in place of recursion: a stranger decides how deep the body nests.
    waiting = _top(body)[::-1]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, list) and (pairs := _pairs(value)):
            value = pairs
        elif isinstance(value, dict):
            value = list(value.items())
        else:
            if empty or value not in (None, "", []):
                yield name, value
            continue
        waiting += [(f"{name}.{inner}" if name else inner, each) for inner, each in value[::-1]]


def _top(body: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the fields of the body. Those below ``data`` or ``fields`` stand on their own."""
    inner = next(
        (name for name in ("data", "fields") if isinstance(body.get(name), dict | list)), ""
    )
    given = body.get(inner)
    if isinstance(given, list) and not _pairs(given):
        inner = ""
    rest = [(name, value) for name, value in body.items() if name not in {*ENVELOPE, inner}]
    return [("", given), *rest] if inner else rest


def _pairs(values: list[Any]) -> list[tuple[str, Any]]:
    """Return labels and values of a list of objects that each have both, otherwise nothing."""
    found = []
    for each in values:
        if not isinstance(each, dict):
            return []
        label = next((each[key] for key in LABELS if isinstance(each.get(key), str)), "")
        value = next((key for key in VALUES if key in each), "")
        if not (label.strip() and value):
            return []
        found.append((label, each[value]))
    return found


def _label(name: str) -> str:
    label = one_line(name).rstrip(UNREAD).strip() or "answer"
    return label if len(label) <= MAX_LABEL else f"{label[: MAX_LABEL - 1]}…"


def _free(label: str, taken: Mapping[str, Any]) -> str:
    if label not in taken:
        return label
    count = 2
    while f"{label} ({count})" in taken:
        count += 1
    return f"{label} ({count})"


def _plain(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        value = ", ".join(value)
    elif isinstance(value, float | list):
        value = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, str):
        return value
    text = lines(value)
    if len(text) <= MAX_TEXT:
        return text
    return f"{text[:MAX_TEXT]}… ({len(text)} characters; the rest is in the webhook)"
