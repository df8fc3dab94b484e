"""
Shape of a JSON body: the names of its fields with the types of their values. It has no values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext_lazy as _

MOST_FIELDS = 100
DEEPEST = 4
LONGEST_NAME = 100  # characters
_NUMBER = re.compile(r"[-+]?\d{1,30}(?:\.\d{1,30})?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ][\d:.,+\-Z ]{4,30})?")

Shape = dict[str, str]


class JSONType(StrEnum):
    """Type of a value in a body. ``EMPTY`` says nothing: null, or a text or a list without any."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    LIST = "list"
    OBJECT = "object"
    EMPTY = "empty"


TYPE_WORDS = {
    JSONType.TEXT: _("text"),
    JSONType.NUMBER: _("number"),
    JSONType.BOOLEAN: _("yes or no"),
    JSONType.DATE: _("date"),
    JSONType.LIST: _("list"),
    JSONType.OBJECT: _("group of fields"),
    JSONType.EMPTY: _("empty"),
}


# In this order, because Python counts a boolean as a number.
_PYTHON = (
    (bool, JSONType.BOOLEAN),
    ((int, float), JSONType.NUMBER),
    (list, JSONType.LIST),
    (dict, JSONType.OBJECT),
)


def type_words(kind: str) -> str:
    return str(TYPE_WORDS.get(JSONType(kind), kind)) if kind in set(JSONType) else kind


def json_type(value: Any) -> JSONType:
    """Return the type of a value. A text that is a number or a date counts as what it says."""
    if value is None or value in ("", [], {}):
        return JSONType.EMPTY
    if isinstance(value, str):
        return _type_of_text(value.strip())
    return next((type_ for python, type_ in _PYTHON if isinstance(value, python)), JSONType.TEXT)


def _type_of_text(text: str) -> JSONType:
    if _NUMBER.fullmatch(text):
        return JSONType.NUMBER
    return JSONType.DATE if _DATE.fullmatch(text) else JSONType.TEXT


def flat(body: Any) -> dict[str, Any]:
    """
    Return the values of a body by name. Names of nested fields are joined by dots.

    The first 100 fields are returned. What is nested deeper than four levels stays one value.
    """
    found: dict[str, Any] = {}
    if isinstance(body, Mapping):
        _flatten(body, "", 1, found)
    return found


def _flatten(body: Mapping[str, Any], before: str, depth: int, found: dict[str, Any]) -> None:
    for key, value in body.items():
        if len(found) >= MOST_FIELDS:
            return
        name = f"{before}{key}"[:LONGEST_NAME]
        if isinstance(value, Mapping) and value and depth < DEEPEST:
            _flatten(value, f"{name}.", depth + 1, found)
        else:
            found.setdefault(name, value)


def shape_of(body: Any) -> Shape:
    """Return the type of each field of a body."""
    return {name: json_type(value).value for name, value in flat(body).items()}
