"""Applying the differences of two versions to one gives the other, whatever they contain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routing.flows.files.difference import FlowChange, differences, names_of_rows, values_of
from routing.flows.files.shape import FlowShape
from routing.flows.files.text import read_flow_file
from tests.routing.flows.files.test_text import MINIMAL

pytestmark = pytest.mark.django_db  # connections name the properties that they read

BASE = read_flow_file(MINIMAL.encode()).content
NAMES = st.sampled_from(["Large", "Small", "Rest", "A.b", "x [2]", "Large (2)"])
FIELDS = st.sampled_from(["deal.amount", "deal.name", "contact.name"])
KINDS = st.sampled_from(["form.submitted", "hubspot.deal.creation"])
ACTIONS = st.sampled_from(["delivery.open_request", "routing.notify", "delivery.ask"])
CONDITION = st.fixed_dictionaries(
    {"field": FIELDS, "is": st.sampled_from(["below", "equals"]), "value": st.integers(0, 2)}
)
ROWS: Mapping[str, st.SearchStrategy[Any]] = {
    "rules": st.lists(
        st.fixed_dictionaries(
            {"name": NAMES, "team": st.sampled_from(["Atlas", "Borealis"])},
            optional={
                "priority": st.sampled_from(["high", "low"]),
                "when": st.lists(st.lists(CONDITION, min_size=1, max_size=2), max_size=2),
            },
        ),
        max_size=4,
        unique_by=lambda row: row["name"],
    ),
    "fields": st.lists(
        st.fixed_dictionaries(
            {"name": FIELDS, "label": NAMES, "type": st.sampled_from(["text", "number"])},
            optional={"required": st.booleans(), "personal": st.booleans()},
        ),
        max_size=3,
        unique_by=lambda row: row["name"],
    ),
    "triggers": st.lists(
        st.one_of(
            st.fixed_dictionaries({"kind": KINDS}),
            st.fixed_dictionaries({"kind": KINDS, "field": NAMES, "at_least": st.integers(1, 3)}),
        ),
        max_size=4,
    ),
    "actions": st.lists(
        st.fixed_dictionaries(
            {"do": ACTIONS},
            optional={"with": st.dictionaries(st.just("to"), NAMES)},
        ),
        min_size=2,
        max_size=4,
    ),
}
VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "name": NAMES,
    "title": NAMES,
    "owner": st.sampled_from(["olga@example.com", "bob@example.com"]),
    "touches": st.sampled_from([(), ("billing",), ("privacy", "billing")]),
    "criteria": st.lists(NAMES, max_size=2),
    "sla_policy": st.sampled_from(["standard", "gold"]),
}


@st.composite
def contents(draw: st.DrawFn) -> FlowShape:
    values = BASE.model_dump(mode="json", by_alias=True) | {"action": "", "actions": ()}
    for key, strategy in {**ROWS, **VALUES}.items():
        values[key] = draw(strategy)
    return type(BASE).model_validate(values)


def applied(changes: Sequence[FlowChange], content: FlowShape) -> dict[str, Any]:
    """Change what each path names, as a reader of the differences would."""
    values = values_of(content)
    rows = {key: names_of_rows(key, values[key]) for key in ROWS}
    orders = {key: list(named) for key, named in rows.items()}
    for each in changes:
        key, _bracket, rest = each.path.partition("[")
        if not rest and each.path.endswith(".order"):
            orders[each.path.removesuffix(".order")] = each.now
        elif not rest:
            values[each.path] = each.now
        elif rest.endswith("]"):
            _put(rows[key], orders[key], rest[:-1], each.now)
        else:
            name, _dot, part = rest.rpartition("].")
            rows[key][name] = {**rows[key][name], part: each.now}
    for key, named in rows.items():
        values[key] = [
            {part: value for part, value in named[name].items() if value is not None}
            for name in orders[key]
        ]
    return values


def _put(rows: dict[str, Any], order: list[str], name: str, row: Any) -> None:
    if row is None:
        del rows[name]
        order.remove(name)
    else:
        rows[name] = row
        order.append(name)


@given(was=contents(), now=contents())
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_differences_applied_to_one_give_the_other(was: FlowShape, now: FlowShape) -> None:
    assert applied(differences(was, now), was) == values_of(now)


@given(content=contents())
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_differences_of_one_with_itself_are_none(content: FlowShape) -> None:
    assert differences(content, content) == []
