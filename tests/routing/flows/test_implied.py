"""Rules that earlier ones leave nothing to, found from their clauses alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.flows.conditions import ALLOWED, Clause, Operator, check, holds
from routing.flows.fields import FieldSpec, FieldType
from routing.flows.implied import follows, groups_of

AMOUNT = FieldSpec("deal.amount", "Amount", FieldType.NUMBER, False, ())
DAY = FieldSpec("deal.close", "Close", FieldType.DATE, False, ())
COUNTRY = FieldSpec("company.country", "Country", FieldType.TEXT, False, ())
VALUES: dict[str, st.SearchStrategy[Any]] = {
    AMOUNT.name: st.integers(0, 6),
    DAY.name: st.integers(0, 6).map(lambda days: str(date(2026, 11, 1) + timedelta(days))),
    COUNTRY.name: st.sampled_from(["de", "DE", "straße.de", "strasse.de", "at", "d"]),
}


def clause(field: FieldSpec, operator: Operator, value: Any = None) -> Clause:
    made = Clause(field, operator, value)
    check(made)
    return made


@st.composite
def clauses(draw: st.DrawFn) -> Clause:
    field = draw(st.sampled_from([AMOUNT, DAY, COUNTRY]))
    operator = draw(st.sampled_from([each for each in Operator if field.type in ALLOWED[each]]))
    values = VALUES[field.name]
    if operator in {Operator.KNOWN, Operator.UNKNOWN}:
        return clause(field, operator)
    if operator is Operator.ONE_OF:
        return clause(field, operator, draw(st.lists(values, min_size=1, max_size=3)))
    return clause(field, operator, draw(values))


GROUPS = st.lists(clauses(), max_size=3)
FACTS = st.fixed_dictionaries({}, optional=VALUES)


@pytest.mark.parametrize(
    ("given_value", "operator", "wanted_value", "expected"),
    [
        (50_000, Operator.AT_LEAST, 1_000, True),
        (1_000, Operator.AT_LEAST, 1_000, True),
        (1_000, Operator.AT_LEAST, 50_000, False),
        (1_000, Operator.BELOW, 50_000, True),
        (50_000, Operator.BELOW, 50_000, True),
        (50_000, Operator.BELOW, 1_000, False),
    ],
)
def test_an_interval_lies_within_another(
    given_value: int, operator: Operator, wanted_value: int, expected: bool
) -> None:
    inner = clause(AMOUNT, operator, given_value)
    outer = clause(AMOUNT, operator, wanted_value)

    assert follows([outer], [inner]) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((Operator.EQUALS, 5), (Operator.AT_LEAST, 5), True),
        ((Operator.EQUALS, 5), (Operator.BELOW, 5), False),
        ((Operator.EQUALS, 5), (Operator.KNOWN, None), True),
        ((Operator.EQUALS, 5), (Operator.ONE_OF, [4, 5]), True),
        ((Operator.ONE_OF, [4, 5]), (Operator.ONE_OF, [5, 6, 4]), True),
        ((Operator.ONE_OF, [4, 7]), (Operator.ONE_OF, [5, 6, 4]), False),
        ((Operator.ONE_OF, [4, 5]), (Operator.NOT_EQUALS, 6), True),
        ((Operator.UNKNOWN, None), (Operator.KNOWN, None), False),
        ((Operator.KNOWN, None), (Operator.AT_LEAST, 0), False),
    ],
)
def test_a_value_implies_what_holds_of_it(one: Any, other: Any, expected: bool) -> None:
    assert follows([clause(AMOUNT, *other)], [clause(AMOUNT, *one)]) is expected


def test_more_clauses_ask_for_more_and_none_ask_for_nothing() -> None:
    large, german = clause(AMOUNT, Operator.AT_LEAST, 5), clause(COUNTRY, Operator.EQUALS, "de")

    assert follows([german], [large, german])
    assert not follows([large, german], [german])
    assert follows([], [german])
    assert list(groups_of([])) == [[]]


@given(wanted=GROUPS, asked=GROUPS, facts=FACTS)
@settings(max_examples=400)
def test_what_follows_holds_of_any_facts(
    wanted: Sequence[Clause], asked: Sequence[Clause], facts: dict[str, Any]
) -> None:
    if follows(wanted, asked) and holds(asked, facts)[0]:
        assert holds(wanted, facts)[0]
