"""
Clauses that hold whenever others do, or never beside others: what makes a rule unreachable,
whatever the facts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, permutations
from operator import attrgetter

from routing.flows.conditions import Clause, Operator, holds
from routing.flows.covered import excludes_itself

_LISTING = frozenset({Operator.EQUALS, Operator.ONE_OF})


def groups_of(clauses: Sequence[Clause]) -> Iterator[list[Clause]]:
    """Yield the groups of a rule. A rule without clauses has one that always holds."""
    by_group = attrgetter("group")
    for _, members in groupby(sorted(clauses, key=by_group), key=by_group):
        yield list(members)
    if not clauses:
        yield []


def follows(group: Sequence[Clause], given: Sequence[Clause]) -> bool:
    """Return whether all clauses of a group hold wherever all those given do."""
    return all(_is_implied(wanted, given) for wanted in group)


def never_holds(group: Sequence[Clause]) -> bool:
    """Return whether clauses of a group exclude each other, so that no facts match it."""
    return any(_excludes(one, other) for one, other in permutations(group, 2)) or excludes_itself(
        group
    )


def _excludes(given: Clause, other: Clause) -> bool:
    """
    Return whether a clause fails wherever the one given holds.

    False means that it is not known: only values that can be compared by themselves are.
    """
    if given.spec.name != other.spec.name:
        return False
    if given.operator is Operator.UNKNOWN:
        return other.operator is not Operator.UNKNOWN
    if given.operator in _LISTING and other.operator is not Operator.CONTAINS:
        return not any(_holds_of(value, other) for value in _values(given))
    if given.operator is Operator.AT_LEAST and other.operator is Operator.BELOW:
        return not _holds_of(given.value, other)
    return False


def _is_implied(wanted: Clause, given: Sequence[Clause]) -> bool:
    return any(_implies(each, wanted) for each in given)


def _implies(given: Clause, wanted: Clause) -> bool:
    """
    Return whether a clause holds wherever the one given does.

    False means that it is not known: only values that can be compared by themselves are.
    """
    if given.spec.name != wanted.spec.name:
        return False
    is_same = (given.operator, given.value) == (wanted.operator, wanted.value)
    is_known = wanted.operator is Operator.KNOWN and given.operator is not Operator.UNKNOWN
    return is_same or is_known or _holds_of_all(given, wanted) or _lies_within(given, wanted)


def _holds_of_all(given: Clause, wanted: Clause) -> bool:
    """Return whether a clause holds of every value that another one lists."""
    # Texts that are the same may be spelled differently, so what one contains says too little.
    if given.operator not in _LISTING or wanted.operator is Operator.CONTAINS:
        return False
    return all(_holds_of(value, wanted) for value in _values(given))


def _lies_within(given: Clause, wanted: Clause) -> bool:
    """Return whether an open interval lies within another one that is open on the same side."""
    if given.operator is wanted.operator is Operator.AT_LEAST:
        return _holds_of(given.value, wanted)
    if given.operator is wanted.operator is Operator.BELOW:
        return not _holds_of(wanted.value, given)
    return False


def _holds_of(value: object, wanted: Clause) -> bool:
    """Return whether a clause holds of this value of its field."""
    return holds([wanted], {wanted.spec.name: value})[0]


def _values(listing: Clause) -> Sequence[object]:
    found: Sequence[object] = (
        listing.value if listing.operator is Operator.ONE_OF else [listing.value]
    )
    return found
