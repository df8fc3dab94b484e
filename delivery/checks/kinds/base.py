"""The parts of a check: its kind, its parameters, and the findings it returns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from delivery.checks.kinds.checked_brief import CheckedBrief
from delivery.checks.kinds.page import CheckedPage

MOST_EVIDENCE = 120  # characters
MOST_TERMS, MOST_TERM = 1000, 200  # of one list; characters of one


@dataclass(frozen=True, slots=True)
class Finding:
    passed: bool
    message: StrOrPromise
    evidence: str = ""  # a quotation of at most MOST_EVIDENCE characters
    place: StrOrPromise = ""  # where to look in the version or brief


@dataclass(frozen=True, slots=True)
class CheckRule:
    kind: str
    # JSON as stored. A missing parameter has the default of its kind.
    params: Mapping[str, Any] = field(default_factory=dict)
    # A name for rules of a general kind, such as the subject of a manual review.
    label: StrOrPromise = ""


class ParamType(StrEnum):
    INTEGER = "integer"  # not negative; 0 means no limit
    DECIMAL = "decimal"  # not negative; JSON carries it as a string or a number
    BOOLEAN = "boolean"
    TEXT = "text"
    CHOICE = "choice"
    TERMS = "terms"  # a list of texts
    COUNTS = "counts"  # an object of texts to integers above 0


@dataclass(frozen=True, slots=True)
class Param:
    name: str
    label: StrOrPromise
    type: ParamType
    default: Any
    choices: tuple[str, ...] = ()


Judge = Callable[[CheckedPage, Mapping[str, Any]], Iterable[Finding]]
BriefJudge = Callable[[CheckedBrief, Mapping[str, Any]], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class CheckKind:
    """
    ``judge`` looks at versions, ``judge_brief`` at briefs. A kind with neither is for a person.
    """

    name: str
    label: StrOrPromise
    description: StrOrPromise
    params: tuple[Param, ...] = ()
    judge: Judge | None = None
    reads_body: bool = False
    judge_brief: BriefJudge | None = None

    @property
    def about_briefs(self) -> bool:
        return self.judge_brief is not None


class BadParams(ValueError):
    """
    Unknown parameters, or parameters of the wrong type.

    The message is for the person who entered them.
    """


def typed(kind: CheckKind, params: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return parameters as int, Decimal, bool, str, tuple or dict, completed with the defaults.

    :raises BadParams: naming the first wrong one
    """
    known = {param.name for param in kind.params}
    unknown = sorted(str(name) for name in params if name not in known)
    if unknown:
        raise BadParams(
            _("The check “%(kind)s” has no parameter “%(name)s”.")
            % {"kind": kind.label, "name": quote(unknown[0])}
        )
    found = {}
    for param in kind.params:
        value = params.get(param.name, param.default)
        try:
            found[param.name] = _READ[param.type](value)
        except (ValueError, TypeError, InvalidOperation) as error:
            facts = {
                "label": param.label,
                "found": quote(str(value)),
                "wanted": _WANTED[param.type],
            }
            raise BadParams(_("%(label)s: “%(found)s” is not %(wanted)s.") % facts) from error
        if param.type is ParamType.CHOICE and found[param.name] not in param.choices:
            raise BadParams(
                _("%(label)s: choose one of %(choices)s.")
                % {"label": param.label, "choices": ", ".join(param.choices)}
            )
    return found


def quote(text: str) -> str:
    """Return a text on one line, shortened to the length of evidence."""
    # Cut before splitting: a body may be long, and only its beginning is quoted.
    line = " ".join(text[: MOST_EVIDENCE * 8].split())
    return line if len(line) <= MOST_EVIDENCE else line[: MOST_EVIDENCE - 1] + "…"


def said(template: StrOrPromise, **facts: object) -> StrOrPromise:
    """Return a sentence with facts that is translated when somebody reads it."""
    return format_lazy(template, **facts)


def or_passed(findings: Iterable[Finding], message: StrOrPromise) -> list[Finding]:
    """Return the findings, or a passed one if there are none."""
    return list(findings) or [Finding(True, message)]


def _integer(value: Any) -> int:
    number = _decimal(value)
    if number != int(number) or number > 10**9:
        raise ValueError("not a whole number")
    return int(number)


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool):
        raise TypeError("a boolean is not a number")
    number = Decimal(str(value).strip())
    # A number beyond a quadrillion is a slip, and 1E+999999 would take all memory as an int.
    if not number.is_finite() or number < 0 or number.adjusted() > 15:  # noqa: PLR2004
        raise ValueError("not a sensible amount")
    return number


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("neither true nor false")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value.strip()


def _terms(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError("no list")
    terms = tuple(term for term in map(_text, value) if term)
    if len(terms) > MOST_TERMS or any(len(term) > MOST_TERM for term in terms):
        raise ValueError("too many terms, or too long ones")
    return terms


def _counts(value: Any) -> dict[str, int]:
    if not isinstance(value, Mapping):
        raise TypeError("no object")
    counts = {_text(name): _integer(number) for name, number in value.items()}
    if not all(name and number for name, number in counts.items()):
        raise ValueError("a name is empty, or a number is 0")
    return counts


_READ: Mapping[ParamType, Callable[[Any], Any]] = {
    ParamType.INTEGER: _integer,
    ParamType.DECIMAL: _decimal,
    ParamType.BOOLEAN: _boolean,
    ParamType.TEXT: _text,
    ParamType.CHOICE: _text,
    ParamType.TERMS: _terms,
    ParamType.COUNTS: _counts,
}
_WANTED: Mapping[ParamType, StrOrPromise] = {
    ParamType.INTEGER: _("a whole number, 0 or more"),
    ParamType.DECIMAL: _("a number, 0 or more"),
    ParamType.BOOLEAN: _("true or false"),
    ParamType.TEXT: _("text"),
    ParamType.CHOICE: _("text"),
    ParamType.TERMS: _("a list of at most 1,000 texts of at most 200 characters"),
    ParamType.COUNTS: _("a list of names, each with a count of 1 or more"),
}
