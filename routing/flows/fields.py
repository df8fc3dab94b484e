"""Typed fields of flows: the facts that a flow needs before it acts, and problems with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.kernel.days import can_be_meant

# A date, or one with a time. Words around it can change what it means: “2026-03-31 or later”.
_DAY = re.compile(
    r"\d{4}-?\d{2}-?\d{2}(?:[T ]\d{2}:?\d{2}[\d:.,]*\s?(?:Z|[+-]\d{2}:?\d{0,2})?)?",
    re.ASCII | re.IGNORECASE,
)


class FieldType(StrEnum):
    TEXT = "text"
    LONG_TEXT = "long_text"  # a text with a larger input field
    NUMBER = "number"  # exact decimal; JSON carries it as a string or a number
    DATE = "date"  # ISO 8601, a day without a time zone
    BOOLEAN = "boolean"
    EMAIL = "email"
    CHOICE = "choice"


_WRONG_TEXT = gettext_lazy("%(label)s: “%(value)s” is not a text.")
_WRONG: Mapping[FieldType, Any] = {
    FieldType.NUMBER: gettext_lazy(
        "%(label)s: “%(value)s” is not a number. Enter one such as 12000 or 12000.50."
    ),
    FieldType.DATE: gettext_lazy(
        "%(label)s: “%(value)s” is not a date. Enter one such as 2027-03-31."
    ),
    FieldType.BOOLEAN: gettext_lazy("%(label)s: “%(value)s” is neither. Enter yes or no."),
    FieldType.EMAIL: gettext_lazy(
        "%(label)s: “%(value)s” is not an e-mail address. Enter one such as name@company.com."
    ),
}


@dataclass(frozen=True, slots=True)
class FieldSpec:
    name: str
    label: str
    type: FieldType
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """Problem with one field: ``missing``, or ``type`` with the value found."""

    name: str
    label: str
    problem: str
    found: str = ""


class WrongType(ValueError):
    """A value is not of its field's type."""


def typed(value: Any, spec: FieldSpec) -> Any:
    """
    Return the value as Decimal, date, bool or str, or None if it is empty.

    :raises WrongType: if it cannot be read as the field's type
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        found = _READ[spec.type](value)
    except (ValueError, InvalidOperation, TypeError) as error:
        raise WrongType(_wrong(value, spec)) from error
    if spec.type is FieldType.CHOICE and found not in spec.choices:
        message = _("%(label)s: “%(value)s” is not one of: %(choices)s.")
        choices = {"choices": ", ".join(spec.choices)}
        raise WrongType(message % (_named(value, spec) | choices))
    return found


def _named(value: Any, spec: FieldSpec) -> dict[str, str]:
    return {"label": spec.label or spec.name, "value": str(value)[:80]}


def _wrong(value: Any, spec: FieldSpec) -> str:
    """Return what is wrong with a value and what to enter instead."""
    return str(_WRONG.get(spec.type, _WRONG_TEXT)) % _named(value, spec)


def typed_as_recorded(value: Any, spec: FieldSpec) -> Any:
    """
    Return the value as ``typed`` does, with dates and numbers read as every version read them.

    Rules compare with it, so that a decision that was recorded with a looser value is recomputed
    the same. Before a new decision, ``find_problems`` has refused such a value.
    """
    text = "" if value is None else str(value)
    if spec.type is FieldType.DATE and text.strip():
        try:
            return date.fromisoformat(text[:10])
        except ValueError as error:
            raise WrongType(_wrong(value, spec)) from error
    if spec.type is FieldType.NUMBER and text.strip():
        try:
            return _number(value)
        except (ValueError, InvalidOperation, TypeError) as error:
            raise WrongType(_wrong(value, spec)) from error
    return typed(value, spec)


def find_problems(facts: Mapping[str, Any], specs: Sequence[FieldSpec]) -> list[FieldProblem]:
    """
    Return what keeps a flow from acting: empty required fields, and values of the wrong type.
    """
    found = []
    for spec in specs:
        try:
            value = typed(facts.get(spec.name), spec)
        except WrongType:
            found.append(
                FieldProblem(spec.name, spec.label, "type", str(facts.get(spec.name))[:80])
            )
            continue
        if value is None and spec.required:
            found.append(FieldProblem(spec.name, spec.label, "missing"))
    return found


def _number(value: Any) -> Decimal:
    if isinstance(value, bool):
        raise TypeError("a boolean is not a number")
    number = Decimal(str(value).strip())
    if not number.is_finite():
        raise ValueError("not finite")
    return number


def _amount(value: Any) -> Decimal:
    number = _number(value)
    if number < 0:
        raise ValueError("below zero")  # no flow asks for such a number: a slip, or an attack
    return number


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    text = str(value).strip().lower()
    if text not in known:
        raise ValueError("not a boolean")
    return known[text]


def _email(value: Any) -> str:
    text = str(value).strip()
    name, at, domain = text.rpartition("@")
    if not (name and at and "." in domain) or any(character.isspace() for character in text):
        raise ValueError("not an e-mail address")
    return text


def _date(value: Any) -> date:
    # Some systems send a date with a time. The day alone counts.
    text = str(value)
    if not _DAY.fullmatch(text):
        raise ValueError("not a date")
    found = date.fromisoformat(text[:10])
    if not can_be_meant(found):
        raise ValueError("not a date")
    return found


_READ: Mapping[FieldType, Callable[[Any], Any]] = {
    FieldType.TEXT: lambda value: str(value).strip(),
    FieldType.LONG_TEXT: lambda value: str(value).strip(),
    FieldType.NUMBER: _amount,
    FieldType.DATE: _date,
    FieldType.BOOLEAN: _boolean,
    FieldType.EMAIL: _email,
    FieldType.CHOICE: lambda value: str(value).strip(),
}
