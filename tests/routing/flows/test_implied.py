"""Rules that earlier ones leave nothing to, found from their clauses alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.flows.conditions import ALLOWED, Clause, Operator, check, holds
from routing.flows.covered import covering
from routing.flows.fields import FieldSpec, FieldType
from routing.flows.implied import follows, groups_of, never_holds

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


# -- Covered only together -------------------------------------------------------------------------

SIGNED = FieldSpec("deal.signed", "Signed", FieldType.BOOLEAN, False, ())
SERVICE = FieldSpec("deal.service", "Service", FieldType.CHOICE, False, ("Web", "Print", "Film"))
OWNER = FieldSpec("deal.owner", "Owner", FieldType.TEXT, True, ())
ANY: list[Clause] = []
BELOW, AT_LEAST, IS, IS_NOT = (
    Operator.BELOW,
    Operator.AT_LEAST,
    Operator.EQUALS,
    Operator.NOT_EQUALS,
)
SET, NOT_SET, ONE_OF = Operator.KNOWN, Operator.UNKNOWN, Operator.ONE_OF
# A group, those before it, and which of them take all of its events.
TOGETHER: dict[str, tuple[list[Clause], list[list[Clause]], list[int]]] = {
    "both answers and none": (
        ANY,
        [[clause(SIGNED, IS, True)], [clause(SIGNED, IS, False)], [clause(SIGNED, NOT_SET)]],
        [0, 1, 2],
    ),
    "both answers, of those that have one": (
        [clause(SIGNED, SET)],
        [[clause(SIGNED, IS, True)], [clause(SIGNED, IS_NOT, True)]],
        [0, 1],
    ),
    "both answers, where there may be none": (
        ANY,
        [[clause(SIGNED, IS, True)], [clause(SIGNED, IS, False)]],
        [],
    ),
    "every choice": (
        [clause(SERVICE, SET)],
        [[clause(SERVICE, IS, "Web")], [clause(SERVICE, ONE_OF, ["Print", "Film"])]],
        [0, 1],
    ),
    "every choice but one": (
        [clause(SERVICE, SET)],
        [[clause(SERVICE, IS, "Web")], [clause(SERVICE, IS, "Film")]],
        [],
    ),
    "amounts that meet": (
        [clause(AMOUNT, AT_LEAST, 10), clause(AMOUNT, BELOW, 90)],
        [[clause(AMOUNT, BELOW, 50)], [clause(AMOUNT, AT_LEAST, 50)]],
        [0, 1],
    ),
    "amounts with a gap": (
        [clause(AMOUNT, AT_LEAST, 10)],
        [[clause(AMOUNT, BELOW, 50)], [clause(AMOUNT, AT_LEAST, "50.01")]],
        [],
    ),
    "all amounts that a run goes on with": (
        [clause(AMOUNT, SET)],
        [[clause(AMOUNT, IS, 0)], [clause(AMOUNT, AT_LEAST, 0)]],
        [1],
    ),
    "days that meet": (
        [clause(DAY, SET)],
        [[clause(DAY, BELOW, "2026-12-01")], [clause(DAY, AT_LEAST, "2026-12-01")]],
        [0, 1],
    ),
    "days without one between": (
        [clause(DAY, AT_LEAST, "2026-12-01"), clause(DAY, BELOW, "2026-12-03")],
        [[clause(DAY, IS, "2026-12-01")], [clause(DAY, IS, "2026-12-02")]],
        [0, 1],
    ),
    "is and is not, over a text": (
        [clause(COUNTRY, SET)],
        [[clause(COUNTRY, IS, "DE")], [clause(COUNTRY, IS_NOT, "de")]],
        [0, 1],
    ),
    "a required text": (
        [clause(OWNER, SET)],
        [[clause(OWNER, IS, "Al")], [clause(OWNER, IS_NOT, "Al")]],
        [0, 1],
    ),
    "a rule for everything else": (
        ANY,
        [[clause(OWNER, IS, "Al")], [clause(OWNER, IS_NOT, "Al")]],
        [],
    ),
    "two fields": (
        [clause(SIGNED, IS, True)],
        [
            [clause(SERVICE, IS, "Web"), clause(AMOUNT, BELOW, 5)],
            [clause(SERVICE, IS, "Web"), clause(AMOUNT, AT_LEAST, 5)],
            [clause(SERVICE, IS, "Web"), clause(AMOUNT, NOT_SET)],
            [clause(SERVICE, IS_NOT, "Web")],
            [clause(SERVICE, NOT_SET), clause(SIGNED, SET)],
        ],
        [0, 1, 2, 3, 4],
    ),
    "parts of a text say too little": (
        [clause(COUNTRY, SET)],
        [[clause(COUNTRY, Operator.CONTAINS, "d")], [clause(COUNTRY, IS_NOT, "de")]],
        [],
    ),
    "numbers too long to look between": (
        [clause(AMOUNT, AT_LEAST, "1" * 40)],
        [[clause(AMOUNT, IS, "1" * 40)], [clause(AMOUNT, AT_LEAST, "1" * 39 + "2")]],
        [],
    ),
}


@pytest.mark.parametrize("name", TOGETHER)
def test_e2_a_group_that_earlier_ones_cover_only_together_is_found(name: str) -> None:
    group, earlier, taking = TOGETHER[name]

    assert covering(group, earlier) == taking


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ([clause(SERVICE, IS_NOT, each) for each in SERVICE.choices], True),
        ([clause(SERVICE, IS_NOT, "Web"), clause(SERVICE, IS_NOT, "Film")], False),
        (
            [
                clause(COUNTRY, ONE_OF, ["de", "at"]),
                clause(COUNTRY, IS_NOT, "de"),
                clause(COUNTRY, IS_NOT, "AT"),
            ],
            True,
        ),
        ([clause(SIGNED, IS_NOT, True), clause(SIGNED, IS_NOT, False)], True),
    ],
)
def test_e2_clauses_that_exclude_each_other_only_together_are_found(
    group: list[Clause], expected: bool
) -> None:
    assert never_holds(group) is expected


@given(GROUPS, st.lists(GROUPS, max_size=4), FACTS)
@settings(max_examples=400)
def test_e2_what_is_called_covered_or_impossible_is_so_for_any_facts(
    group: list[Clause], others: list[list[Clause]], facts: dict[str, Any]
) -> None:
    """Never a false alarm."""
    if not holds(group, facts)[0]:
        return

    assert not never_holds(group)
    taking = covering(group, others)
    assert not taking or any(holds(others[place], facts)[0] for place in taking)


def test_e2_many_rules_over_many_fields_are_given_up_in_time() -> None:
    fields = [FieldSpec(f"f{n}", f"F{n}", FieldType.NUMBER, False, ()) for n in range(12)]
    earlier = [
        [clause(one, AT_LEAST, 1), clause(other, BELOW, 5)] for one in fields for other in fields
    ]

    assert covering(ANY, earlier) == []
