"""
Groups of clauses that others cover only together: whatever the facts, one of the others holds.

The values of a field fall into cells: within one, each clause has the same answer. Where the answer
depends on more than the clauses say, as with parts of texts, each combination counts as possible.
So what is called covered is covered; what is not may be covered all the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations, pairwise
from typing import Any

from routing.flows.conditions import Clause, Operator, holds
from routing.flows.fields import FieldSpec, FieldType, typed_as_recorded

# The clauses of a field that hold in a cell, by their keys.
Cell = frozenset[tuple[str, str]]
Cells = Mapping[str, Sequence[Cell]]

_WITHOUT_VALUE = frozenset({Operator.KNOWN, Operator.UNKNOWN})
_EXACT = frozenset({FieldType.BOOLEAN, FieldType.CHOICE, FieldType.NUMBER, FieldType.DATE})
ZERO = Decimal(0)
MOST_STEPS = 2_000  # after these it is not known
MOST_PARTS = 6  # parts of texts in one field, each of which doubles the cells
A_DAY = timedelta(days=1)


class _UnclearError(Exception):
    """The cells of a field are too many, or its numbers too long to find one in between."""


def covering(group: Sequence[Clause], others: Sequence[Sequence[Clause]]) -> list[int]:
    """
    Return the places of the groups of which one holds wherever this one does.

    An empty list means that the others leave something over, that no facts match the group, or that
    it is not known.
    """
    try:
        # A rule without conditions is kept for what nobody thought of, such as a required field
        # that is made optional later.
        cells = _cells([group, *others], decided=bool(group))
    except _UnclearError:
        return []
    own = _by_field(group)
    # Only what the group leaves open is looked at.
    left = {name: _within(of_field, own.get(name)) for name, of_field in cells.items()}
    if not all(left.values()):
        return []
    groups = {place: _by_field(each) for place, each in enumerate(others)}
    if not _Search(left, groups).is_covered():
        return []
    # Those whose events others take as well are not named.
    for place in range(len(others)):
        without = {each: fields for each, fields in groups.items() if each != place}
        if _Search(left, without).is_covered():
            groups = without
    return sorted(groups)


def excludes_itself(group: Sequence[Clause]) -> bool:
    """Return whether no value of some field meets all clauses of a group about it."""
    try:
        cells = _cells([group], decided=False)
    except _UnclearError:
        return False
    own = _by_field(group)
    return any(not _within(cells[name], wanted) for name, wanted in own.items())


def _within(cells: Sequence[Cell], wanted: Cell | None) -> Sequence[Cell]:
    """Return the cells in which these clauses hold, all if there are none."""
    return [cell for cell in cells if wanted <= cell] if wanted else cells


class _Search:
    """Goes through the cells, field by field, while some group may still hold in them."""

    def __init__(self, cells: Cells, groups: Mapping[int, Mapping[str, Cell]]) -> None:
        self.cells, self.groups = cells, groups
        self.names = sorted(cells, key=lambda name: len(cells[name]))
        self.steps = 0

    def is_covered(self) -> bool:
        return self._from(0, list(self.groups))

    def _from(self, depth: int, alive: Sequence[int]) -> bool:
        """
        Return whether the groups cover everything from here on.

        :param alive: the groups that hold in all cells chosen so far
        """
        self.steps += 1
        if self.steps > MOST_STEPS or not alive:
            return False
        asked = set(self.names[depth:])
        if any(not asked & self.groups[place].keys() for place in alive):
            return True
        name = self.names[depth]
        for cell in self.cells[name]:
            none: Cell = frozenset()
            still = [each for each in alive if self.groups[each].get(name, none) <= cell]
            if not self._from(depth + 1, still):
                return False
        return True


def _by_field(group: Sequence[Clause]) -> Mapping[str, Cell]:
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for clause in group:
        found[clause.spec.name].add(_key(clause))
    return {name: frozenset(keys) for name, keys in found.items()}


def _key(clause: Clause) -> tuple[str, str]:
    return clause.operator.value, repr(clause.value)


def _cells(groups: Sequence[Sequence[Clause]], *, decided: bool) -> Cells:
    """
    Return the cells of each field.

    :param decided: only those of facts on which rules are tried: a run stops before it without a
        required field, and with a number below zero
    :raises _UnclearError: if there are too many
    """
    by_field: dict[str, dict[tuple[str, str], Clause]] = defaultdict(dict)
    for group in groups:
        for clause in group:
            by_field[clause.spec.name][_key(clause)] = clause
    found: dict[str, Sequence[Cell]] = {}
    for name, clauses in by_field.items():
        every = list(clauses.values())
        spec = every[0].spec
        if spec.type in _EXACT:
            cells = []
            for value in _values(spec, every):
                if not (decided and _is_refused(value)):
                    # As a fact is stored: dates and numbers are texts.
                    fact = value if isinstance(value, bool) else str(value)
                    cells.append(_holding(every, fact))
        else:
            cells = list(_textual(every))
        if not (decided and spec.required):
            cells.append(_holding(every, None))
        # Values with the same answers are one cell.
        found[name] = sorted(set(cells), key=sorted)
    return found


def _is_refused(value: object) -> bool:
    return isinstance(value, Decimal) and value < ZERO


def _holding(clauses: Sequence[Clause], value: Any) -> Cell:
    return frozenset(
        _key(clause) for clause in clauses if holds([clause], {clause.spec.name: value})[0]
    )


def _values(spec: FieldSpec, clauses: Sequence[Clause]) -> Sequence[Any]:
    """Return a value of each cell of a field whose values can be compared by themselves."""
    if spec.type is FieldType.BOOLEAN:
        return (True, False)
    if spec.type is FieldType.CHOICE:
        return spec.choices
    points = sorted(set(_mentioned(clauses)))
    if spec.type is FieldType.NUMBER:
        return [*points, *_between(points or [ZERO])]
    found = list(points)
    for point in points or [date(2000, 1, 1)]:  # only whether there is a day is asked
        found += _neighbours(point)
    return found


def _between(points: Sequence[Decimal]) -> Iterator[Decimal]:
    """Yield a number before the first, after the last, and between each two."""
    yield points[0] - max(abs(points[0]), Decimal(1))
    yield points[-1] + max(abs(points[-1]), Decimal(1))
    for one, other in pairwise(points):
        middle = (one + other) / 2
        if not one < middle < other:
            raise _UnclearError
        yield middle


def _neighbours(point: date) -> Iterator[date]:
    if point > date.min:
        yield point - A_DAY
    if point < date.max:
        yield point + A_DAY


def _mentioned(clauses: Sequence[Clause]) -> Iterator[Any]:
    for clause in clauses:
        if clause.operator not in _WITHOUT_VALUE:
            listed = clause.operator is Operator.ONE_OF
            for value in clause.value if listed else [clause.value]:
                yield typed_as_recorded(value, clause.spec)


def _textual(clauses: Sequence[Clause]) -> Iterator[Cell]:
    """
    Yield the cells of a text: each text that is named, and any other, with each set of parts.

    Texts that are the same may be spelled differently, so what one contains is left open.
    """
    parts = [each for each in clauses if each.operator is Operator.CONTAINS]
    if len(parts) > MOST_PARTS:
        raise _UnclearError
    whole = [each for each in clauses if each.operator is not Operator.CONTAINS]
    sames = [_holding(whole, value) for value in _mentioned(whole)]
    other = frozenset(
        _key(each) for each in whole if each.operator in {Operator.KNOWN, Operator.NOT_EQUALS}
    )
    for base in {*sames, other}:
        for count in range(len(parts) + 1):
            for some in combinations(parts, count):
                yield base | frozenset(_key(each) for each in some)
