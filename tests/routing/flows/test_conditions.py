from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.flows.conditions import ALLOWED, BadClause, Clause, Operator, check, holds
from routing.flows.fields import FieldSpec, FieldType

AMOUNT = FieldSpec("deal.amount", "Amount", FieldType.NUMBER)
SERVICE = FieldSpec("deal.service", "Service", FieldType.TEXT)
ENDS = FieldSpec("deal.ends", "Ends", FieldType.DATE)


@pytest.mark.parametrize(
    ("spec", "operator", "value", "fact", "held"),
    [
        (AMOUNT, Operator.AT_LEAST, "50000", "50000", True),
        (AMOUNT, Operator.AT_LEAST, "50000", "49999.99", False),
        (AMOUNT, Operator.AT_LEAST, "9", "10", True),  # as numbers, not as text
        (AMOUNT, Operator.BELOW, "10", "9", True),
        (AMOUNT, Operator.EQUALS, "10", "10.00", True),
        (AMOUNT, Operator.AT_LEAST, "1", "a lot", False),
        (SERVICE, Operator.EQUALS, "seo", "SEO", True),
        (SERVICE, Operator.NOT_EQUALS, "seo", "Web", True),
        (SERVICE, Operator.NOT_EQUALS, "seo", None, False),  # nothing is known: nothing is said
        (SERVICE, Operator.ONE_OF, ["web", "seo"], "Web", True),
        (SERVICE, Operator.CONTAINS, "shop", "Webshop", True),
        (SERVICE, Operator.KNOWN, None, "x", True),
        (SERVICE, Operator.UNKNOWN, None, " ", True),
        (ENDS, Operator.BELOW, "2027-01-01", "2026-12-31", True),
    ],
)
def test_clause(spec: FieldSpec, operator: Operator, value: Any, fact: Any, held: bool) -> None:
    whole, [answer] = holds([Clause(spec, operator, value)], {spec.name: fact})

    assert whole == answer.held == held


def test_all_of_a_group_or_another_group() -> None:
    clauses = [
        Clause(AMOUNT, Operator.AT_LEAST, "100", group=1),
        Clause(SERVICE, Operator.EQUALS, "web", group=1),
        Clause(SERVICE, Operator.EQUALS, "seo", group=2),
    ]

    assert holds(clauses, {"deal.amount": "100", "deal.service": "web"})[0]
    assert not holds(clauses, {"deal.amount": "99", "deal.service": "web"})[0]
    assert holds(clauses, {"deal.service": "seo"})[0]
    assert holds([], {}) == (True, ())


@pytest.mark.parametrize(
    ("spec", "operator", "value", "says"),
    [
        (SERVICE, Operator.AT_LEAST, "1", "has no"),
        (AMOUNT, Operator.CONTAINS, "1", "has no"),
        (AMOUNT, Operator.EQUALS, "much", "is not a number"),
        (AMOUNT, Operator.EQUALS, "", "is empty"),
        (SERVICE, Operator.ONE_OF, "web", "needs a list"),
        (SERVICE, Operator.ONE_OF, [], "needs a list"),
    ],
)
def test_a_clause_that_could_never_be_answered_is_refused_when_written(
    spec: FieldSpec, operator: Operator, value: Any, says: str
) -> None:
    with pytest.raises(BadClause, match=says):
        check(Clause(spec, operator, value))


@given(
    st.sampled_from(Operator),
    st.one_of(st.none(), st.text(), st.integers(), st.floats(), st.booleans(), st.lists(st.text())),
)
def test_a_checked_clause_answers_whatever_the_fact(operator: Operator, fact: Any) -> None:
    value = {Operator.ONE_OF: ["1"], Operator.KNOWN: None, Operator.UNKNOWN: None}.get(
        operator, "1"
    )
    for spec in (AMOUNT, SERVICE):
        if spec.type in ALLOWED[operator]:
            whole, [answer] = holds([Clause(spec, operator, value)], {spec.name: fact})
            assert whole == answer.held
