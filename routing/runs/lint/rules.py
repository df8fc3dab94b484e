"""Rules of a draft, tried on the facts of the last decisions of its flow."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from routing.flows.choose import RuleSpec
from routing.flows.conditions import holds
from routing.flows.lint import LintFinding, lint
from routing.flows.models import FlowVersion
from routing.flows.operator_words import OPERATORS
from routing.flows.versions import read
from routing.runs.decisions import Decision

LAST = 1_000
ENOUGH = 20  # decisions, before it means something that a rule got none of them


@dataclass
class TriedRule:
    """
    A rule with the number of decisions that it matches, and of those that it would get.

    ``takers`` counts the rules before it that get a decision which it matches, ``held`` how often
    each condition held, by field, operator and value.
    """

    rule: RuleSpec
    matched: int = 0
    got: int = 0
    takers: Counter[str] = field(default_factory=Counter)
    held: Counter[tuple[str, str, str]] = field(default_factory=Counter)


@lint
def idle_rules(version: FlowVersion) -> Iterator[LintFinding]:
    """Find rules with conditions that would have got none of the last decisions."""
    facts = _last_facts(version.flow_id)
    if len(facts) < ENOUGH:
        return
    for place, tried in enumerate(try_rules(read(version).rules, facts)):
        if tried.got or not tried.rule.clauses:
            continue
        page = reverse("admin:routing_rule_change", args=[tried.rule.id])
        said = {"rule": tried.rule.name, "count": len(facts), "matched": tried.matched}
        if tried.matched:
            said["taker"] = tried.takers.most_common(1)[0][0]
            words = _(
                "Of the last %(count)s decisions, “%(rule)s” matches %(matched)s, but a rule "
                "before it, such as “%(taker)s”, takes each of them."
            )
            yield LintFinding("overlapping_rule", words % said, page, path=("rules", place))
        else:
            words = _("“%(rule)s” matches none of the last %(count)s decisions. %(example)s")
            said["example"] = _example(tried)
            path = ("rules", place, "when")
            yield LintFinding("never_matching", words % said, page, path=path)


def _last_facts(flow_id: int) -> Sequence[Mapping[str, Any]]:
    """Return the facts of the newest decisions of a flow, without those that a person made."""
    newest = Decision.objects.filter(version__flow=flow_id).order_by("-pk")
    texts = newest.values_list("asked", flat=True)[:LAST]
    return [asked["facts"] for asked in map(json.loads, texts) if not asked.get("by_hand")]


def try_rules(rules: Sequence[RuleSpec], every: Sequence[Mapping[str, Any]]) -> list[TriedRule]:
    """Try rules in their order on the facts of each decision."""
    tried = [TriedRule(rule) for rule in rules]
    for facts in every:
        taker = ""
        for each in tried:
            matches, results = holds(each.rule.clauses, facts)
            each.held.update(
                (found.field, found.operator, found.wanted) for found in results if found.held
            )
            if matches:
                each.matched += 1
                each.takers[taker] += 1
                each.got += not taker
                taker = taker or each.rule.name
    return tried


def _example(tried: TriedRule) -> str:
    """Return the first condition that never held, or that they did not hold together."""
    # Without a value that was found: it may be of a client whom the reader may not see.
    for clause in tried.rule.clauses:
        operator = clause.operator.value
        if not tried.held[clause.spec.name, operator, clause.wanted]:
            condition = f"{clause.spec.label} {OPERATORS[operator]} {clause.wanted}".strip()
            return _("“%(condition)s” never held.") % {"condition": condition}
    return _("Its conditions never held together.")
