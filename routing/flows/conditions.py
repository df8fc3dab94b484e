"""Typed clauses over facts, which record how they were evaluated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from operator import attrgetter
from typing import Any, TypeAlias

from routing.flows.fields import FieldSpec, FieldType, WrongType, typed, typed_as_recorded
from routing.kernel.domains import canonical_domain


class Operator(StrEnum):
    EQUALS = "equals"
    NOT_EQUALS = "not_equals"
    AT_LEAST = "at_least"
    BELOW = "below"
    ONE_OF = "one_of"
    CONTAINS = "contains"
    KNOWN = "known"
    UNKNOWN = "unknown"


_ORDERED = frozenset({FieldType.NUMBER, FieldType.DATE})
_TEXT = frozenset({FieldType.TEXT, FieldType.LONG_TEXT, FieldType.EMAIL, FieldType.CHOICE})
ALLOWED: Mapping[Operator, frozenset[FieldType]] = {
    Operator.EQUALS: frozenset(FieldType),
    Operator.NOT_EQUALS: frozenset(FieldType),
    Operator.AT_LEAST: _ORDERED,
    Operator.BELOW: _ORDERED,
    Operator.ONE_OF: _TEXT | _ORDERED,
    Operator.CONTAINS: _TEXT,
    Operator.KNOWN: frozenset(FieldType),
    Operator.UNKNOWN: frozenset(FieldType),
}
_WITHOUT_VALUE = frozenset({Operator.KNOWN, Operator.UNKNOWN})
Found: TypeAlias = tuple[Any, str]  # a fact with its type, and as text


@dataclass(frozen=True, slots=True)
class Clause:
    """
    One condition. ``value`` is JSON as stored: a list for ``one_of``, None if the operator takes
    no value.
    """

    spec: FieldSpec
    operator: Operator
    value: Any
    group: int = 1
    # Read once: a version is asked thousands of times. None if a value cannot be read at all.
    wanted: str = field(init=False, repr=False, compare=False)
    typed_values: tuple[Any, ...] | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # The value as text, empty if the operator takes none.
        wanted = "" if self.operator in _WITHOUT_VALUE else str(self.value)
        object.__setattr__(self, "wanted", wanted)
        object.__setattr__(self, "typed_values", _typed_values(self))


def _typed_values(clause: Clause) -> tuple[Any, ...] | None:
    """Return the values with their types, None if one of them has another."""
    values = clause.value if isinstance(clause.value, list) else [clause.value]
    try:
        return tuple(typed_as_recorded(value, clause.spec) for value in values)
    except WrongType:
        return None


@dataclass(frozen=True, slots=True)
class ClauseResult:
    """
    Result of a clause and the value it was evaluated on.
    """

    # Text only, so that a stored record means the same after types or formats change.

    field: str
    operator: str
    wanted: str
    found: str
    held: bool


class BadClause(ValueError):
    """The type of the field does not have this operator, or the value has the wrong type."""


def check(clause: Clause) -> None:
    """
    Check a clause when it is written, so that it cannot fail when it runs.

    :raises BadClause: with what is wrong
    """
    if clause.spec.type not in ALLOWED[clause.operator]:
        raise BadClause(
            f"{clause.spec.label} is a {clause.spec.type}: it has no “{clause.operator}”."
        )
    if clause.operator in _WITHOUT_VALUE:
        return
    values = clause.value if clause.operator is Operator.ONE_OF else [clause.value]
    if not isinstance(values, list) or not values:
        raise BadClause(f"{clause.spec.label}: “{clause.operator}” needs a list of values.")
    for value in values:
        try:
            if typed(value, clause.spec) is None:
                raise BadClause(f"{clause.spec.label}: the value is empty.")
        except WrongType as error:
            raise BadClause(str(error)) from error


def holds(
    clauses: Sequence[Clause], facts: Mapping[str, Any], read: dict[str, Found] | None = None
) -> tuple[bool, tuple[ClauseResult, ...]]:
    """
    Return whether all clauses of any group match, with the result of each clause.

    A rule without clauses always matches. A fact of the wrong type counts as unknown.

    :param read: facts that rules of the same version have read already; it is added to
    """
    known = {} if read is None else read
    # All clauses are evaluated even after a group has matched: the record shows each result.
    answers, matches = [], not clauses
    by_group = attrgetter("group")
    for _, members in groupby(sorted(clauses, key=by_group), key=by_group):
        group = [_answer(clause, facts, known) for clause in members]
        matches = matches or all(answer.held for answer in group)
        answers += group
    return matches, tuple(answers)


def _answer(clause: Clause, facts: Mapping[str, Any], read: dict[str, Found]) -> ClauseResult:
    name = clause.spec.name
    if name not in read:
        read[name] = _read(facts.get(name), clause.spec)
    found, text = read[name]
    held = _HOLDS[clause.operator](found, clause)
    return ClauseResult(name, clause.operator.value, clause.wanted, text, held)


def _read(value: Any, spec: FieldSpec) -> Found:
    """Return a fact with its type and as text, or None and an empty text."""
    try:
        found = typed_as_recorded(value, spec)
    except WrongType:
        found = None
    return found, "" if found is None else str(found)


def _wanted(clause: Clause) -> Any:
    """:raises WrongType: if the value is not of the field's type"""
    if clause.typed_values is None:
        return typed_as_recorded(clause.value, clause.spec)
    return clause.typed_values[0]


def _is_one_of(found: Any, clause: Clause) -> bool:
    if clause.typed_values is not None:
        return any(_same(found, wanted) for wanted in clause.typed_values)
    return any(_same(found, typed_as_recorded(value, clause.spec)) for value in clause.value)


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(found, str) and isinstance(wanted, str):
        return _same_text(found, wanted)
    return bool(found == wanted)


def _same_text(found: str, wanted: str) -> bool:
    # Without a dot, neither is a domain. Signs beyond ASCII may stand for one.
    if (found.isascii() and "." not in found) or (wanted.isascii() and "." not in wanted):
        return found.casefold() == wanted.casefold()
    # Without case, faß.de would be fass.de, which is another company.
    name, _at, domain = found.rpartition("@")
    wanted_name, _at, wanted_domain = wanted.rpartition("@")
    domains = canonical_domain(domain), canonical_domain(wanted_domain)
    if all(domains):
        return domains[0] == domains[1] and name.lower() == wanted_name.lower()
    return found.casefold() == wanted.casefold()


_HOLDS: Mapping[Operator, Callable[[Any, Clause], bool]] = {
    Operator.EQUALS: lambda found, c: found is not None and _same(found, _wanted(c)),
    Operator.NOT_EQUALS: lambda found, c: found is not None and not _same(found, _wanted(c)),
    Operator.AT_LEAST: lambda found, c: found is not None and found >= _wanted(c),
    Operator.BELOW: lambda found, c: found is not None and found < _wanted(c),
    Operator.ONE_OF: lambda found, c: found is not None and _is_one_of(found, c),
    Operator.CONTAINS: lambda found, c: (
        found is not None and str(c.value).casefold() in found.casefold()
    ),
    Operator.KNOWN: lambda found, c: found is not None,
    Operator.UNKNOWN: lambda found, c: found is None,
}
