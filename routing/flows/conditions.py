"""Typed clauses over facts, which record how they were evaluated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from operator import attrgetter
from typing import Any

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

    @property
    def wanted(self) -> str:
        """Return the value as text, empty if the operator takes none."""
        return "" if self.operator in _WITHOUT_VALUE else str(self.value)


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
    clauses: Sequence[Clause], facts: Mapping[str, Any]
) -> tuple[bool, tuple[ClauseResult, ...]]:
    """
    Return whether all clauses of any group match, with the result of each clause.

    A rule without clauses always matches. A fact of the wrong type counts as unknown.
    """
    # All clauses are evaluated even after a group has matched: the record shows each result.
    answers, matches = [], not clauses
    by_group = attrgetter("group")
    for _, members in groupby(sorted(clauses, key=by_group), key=by_group):
        group = [_answer(clause, facts) for clause in members]
        matches = matches or all(answer.held for answer in group)
        answers += group
    return matches, tuple(answers)


def _answer(clause: Clause, facts: Mapping[str, Any]) -> ClauseResult:
    try:
        found = typed_as_recorded(facts.get(clause.spec.name), clause.spec)
    except WrongType:
        found = None
    held = _HOLDS[clause.operator](found, clause)
    return ClauseResult(
        clause.spec.name,
        clause.operator.value,
        clause.wanted,
        "" if found is None else str(found),
        held,
    )


def _same(found: Any, value: Any, clause: Clause) -> bool:
    wanted = typed_as_recorded(value, clause.spec)
    if isinstance(found, str) and isinstance(wanted, str):
        return _same_text(found, wanted)
    return bool(found == wanted)


def _same_text(found: str, wanted: str) -> bool:
    # Without case, faß.de would be fass.de, which is another company.
    name, _at, domain = found.rpartition("@")
    wanted_name, _at, wanted_domain = wanted.rpartition("@")
    domains = canonical_domain(domain), canonical_domain(wanted_domain)
    if all(domains):
        return domains[0] == domains[1] and name.lower() == wanted_name.lower()
    return found.casefold() == wanted.casefold()


_HOLDS: Mapping[Operator, Callable[[Any, Clause], bool]] = {
    Operator.EQUALS: lambda found, c: found is not None and _same(found, c.value, c),
    Operator.NOT_EQUALS: lambda found, c: found is not None and not _same(found, c.value, c),
    Operator.AT_LEAST: lambda found, c: (
        found is not None and found >= typed_as_recorded(c.value, c.spec)
    ),
    Operator.BELOW: lambda found, c: (
        found is not None and found < typed_as_recorded(c.value, c.spec)
    ),
    Operator.ONE_OF: lambda found, c: (
        found is not None and any(_same(found, value, c) for value in c.value)
    ),
    Operator.CONTAINS: lambda found, c: (
        found is not None and str(c.value).casefold() in found.casefold()
    ),
    Operator.KNOWN: lambda found, c: found is not None,
    Operator.UNKNOWN: lambda found, c: found is None,
}
