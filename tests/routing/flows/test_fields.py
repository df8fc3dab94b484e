from __future__ import annotations

from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.flows.fields import FieldSpec, FieldType, WrongType, find_problems, typed

pytestmark = pytest.mark.requirement("Q2", "T5", "T15", "T16", "E15", "N4")


def spec(kind: FieldType, **options: object) -> FieldSpec:
    return FieldSpec("deal.x", "X", kind, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        (FieldType.TEXT, " hello ", "hello"),
        (FieldType.NUMBER, "12.50", Decimal("12.50")),
        (FieldType.NUMBER, 3, Decimal(3)),
        (FieldType.DATE, "2026-11-23", date(2026, 11, 23)),
        (FieldType.DATE, "2026-11-23T10:00:00Z", date(2026, 11, 23)),
        (FieldType.BOOLEAN, "Yes", True),
        (FieldType.BOOLEAN, False, False),
        (FieldType.EMAIL, "a@b.test", "a@b.test"),
        (FieldType.TEXT, "  ", None),
        (FieldType.NUMBER, None, None),
    ],
)
def test_reads(kind: FieldType, value: object, read: object) -> None:
    assert typed(value, spec(kind)) == read


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (FieldType.NUMBER, "a lot"),
        (FieldType.NUMBER, "NaN"),
        (FieldType.NUMBER, "Infinity"),
        (FieldType.NUMBER, True),
        (FieldType.DATE, "soon"),
        (FieldType.DATE, "2026-02-30"),
        (FieldType.BOOLEAN, "perhaps"),
        (FieldType.EMAIL, "nobody"),
        (FieldType.EMAIL, "a b@c.test"),
        (FieldType.CHOICE, "green"),
    ],
)
def test_refuses(kind: FieldType, value: object) -> None:
    with pytest.raises(WrongType):
        typed(value, spec(kind, choices=("red", "blue")))


def test_faults_name_what_is_missing_and_what_is_wrong() -> None:
    specs = [
        FieldSpec("deal.name", "Deal", FieldType.TEXT, required=True),
        FieldSpec("deal.amount", "Amount", FieldType.NUMBER),
        FieldSpec("deal.ends", "Ends", FieldType.DATE),
    ]

    found = find_problems({"deal.amount": "much"}, specs)

    assert [(fault.label, fault.problem, fault.found) for fault in found] == [
        ("Deal", "missing", ""),
        ("Amount", "type", "much"),
    ]


@given(
    st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none(), st.lists(st.text())),
    st.sampled_from(FieldType),
)
def test_whatever_comes_in_is_read_or_refused(value: object, kind: FieldType) -> None:
    with suppress(WrongType):
        typed(value, spec(kind))
