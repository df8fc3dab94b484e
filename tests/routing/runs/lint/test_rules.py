"""Rules of a draft, tried on the facts of the last decisions of its flow."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from routing.flows.choose import RuleSpec
from routing.flows.conditions import Clause, Operator
from routing.flows.fields import FieldSpec, FieldType
from routing.flows.lint import LintFinding, lint_findings
from routing.flows.operations import copy
from routing.models import Condition, Decision, FlowVersion, Rule
from routing.runs.lint.rules import ENOUGH, try_rules
from tests.routing.runs.stories import crm_of, make_flow, run_about
from tests.world import NOW, World, by

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(world: World) -> FlowVersion:
    live = make_flow(world)
    with crm_of(world):
        run_about("4711")
    return copy(live, by=by(world.olga), at=NOW, reason="Look at it")


def decided(*amounts: str) -> None:
    """Let rules have decided about deals with these amounts, as often as needed."""
    [first] = Decision.objects.all()[:1]
    asked = json.loads(first.asked)
    for amount in amounts * ENOUGH:
        facts = {**asked["facts"], "deal.amount": amount}
        first.pk = None
        first.asked = json.dumps({**asked, "facts": facts})
        first.save(force_insert=True)


def rule(draft: FlowVersion, place: int, name: str, **conditions: str) -> Rule:
    made = Rule.objects.create(version=draft, position=place, name=name, team=first_team(draft))
    for operator, value in conditions.items():
        Condition.objects.create(
            rule=made, group=1, field="deal.amount", operator=operator, value=value
        )
    return made


def first_team(draft: FlowVersion) -> Any:
    return draft.rules.earliest("position").team


def idle(draft: FlowVersion) -> Mapping[str, LintFinding]:
    found = (each for each in lint_findings(draft) if each.code in CODES)
    return {each.code: each for each in found}


CODES = frozenset({"never_matching", "overlapping_rule"})


def start_again(draft: FlowVersion) -> None:
    last = draft.rules.latest("position")
    draft.rules.exclude(pk=last.pk).delete()
    Rule.objects.filter(pk=last.pk).update(position=90)


def test_a_rule_that_no_decision_matches_is_found_with_the_condition_that_never_held(
    draft: FlowVersion,
) -> None:
    start_again(draft)
    rule(draft, 1, "Whales", at_least="5000000")
    decided("900", "70000")

    found = idle(draft)

    assert found.keys() == {"never_matching"}
    message = found["never_matching"].message
    assert "“Whales” matches none of the last" in message
    assert "is at least 5000000” never held." in message
    assert found["never_matching"].path == ("rules", 0, "when")


def test_a_rule_whose_decisions_an_earlier_one_takes_is_found(draft: FlowVersion) -> None:
    start_again(draft)
    rule(draft, 1, "Large", at_least="1000")
    rule(draft, 2, "Larger", at_least="50000")
    decided("900", "70000")

    found = idle(draft)

    assert found.keys() == {"overlapping_rule"}
    assert "“Larger” matches" in found["overlapping_rule"].message
    assert "such as “Large”, takes each of them" in found["overlapping_rule"].message


def test_rules_that_get_some_are_no_findings(draft: FlowVersion) -> None:
    start_again(draft)
    rule(draft, 1, "Larger", at_least="50000")
    rule(draft, 2, "Large", at_least="800")
    decided("900", "70000")

    assert idle(draft) == {}


def test_few_decisions_prove_nothing(draft: FlowVersion) -> None:
    start_again(draft)
    rule(draft, 1, "Whales", at_least="5000000")

    assert idle(draft) == {}


def test_fifty_rules_on_a_thousand_decisions_take_less_than_three_seconds() -> None:
    spec = FieldSpec("deal.amount", "Amount", FieldType.NUMBER, True, ())
    rules = [_rule(place, spec) for place in range(50)]
    facts: Sequence[Mapping[str, Any]] = [{"deal.amount": str(each)} for each in range(1_000)]

    began = time.process_time()
    tried = try_rules(rules, facts)

    assert time.process_time() - began < 3
    assert sum(each.got for each in tried) == 990


def _rule(place: int, spec: FieldSpec) -> RuleSpec:
    clauses = (
        Clause(spec, Operator.AT_LEAST, str(1_000 - 20 * (place + 1) + 10)),
        Clause(spec, Operator.KNOWN, None),
    )
    return RuleSpec(place, f"Rule {place}", 1, (), False, 2, clauses)
