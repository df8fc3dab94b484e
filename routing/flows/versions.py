"""Flow versions as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from routing.flows.actions import ActionSpec, actions_of
from routing.flows.choose import RuleSpec
from routing.flows.conditions import Clause, Operator
from routing.flows.fields import FieldSpec, FieldType
from routing.flows.models import FlowField, FlowVersion
from routing.flows.rules import Condition, Rule


@dataclass(frozen=True, slots=True)
class Plan:
    """
    The content of a flow version. ``rule_fields`` are the fields that do not identify a person:
    rules and the records of decisions contain only these.
    """

    version_id: int
    number: int
    flow_id: int
    actions: tuple[ActionSpec, ...]
    title: str
    template: str
    policy: str
    fields: tuple[FieldSpec, ...]
    rule_fields: tuple[FieldSpec, ...]
    rules: tuple[RuleSpec, ...]


def read(version: FlowVersion) -> Plan:
    rows = list(version.fields.all())
    fields = {row.name: spec_of(row) for row in rows}
    for_rules = {row.name: fields[row.name] for row in rows if not row.personal}
    rules = [_rule(rule, for_rules) for rule in version.rules.prefetch_related("conditions")]
    return Plan(
        version.pk,
        version.number,
        version.flow_id,
        actions_of(version),
        version.title,
        version.template,
        version.policy,
        tuple(fields.values()),
        tuple(for_rules.values()),
        tuple(rules),
    )


def spec_of(row: FlowField) -> FieldSpec:
    return FieldSpec(row.name, row.label, FieldType(row.type), row.required, tuple(row.choices))


def clause_of(row: Condition, specs: Mapping[str, FieldSpec]) -> Clause:
    """:raises KeyError: if the version has no such field"""
    return Clause(specs[row.field], Operator(row.operator), row.value, row.group)


@lru_cache(maxsize=256)
def published(version_id: int) -> Plan:
    """Return the plan of a published version."""
    # Cached without an end, because the database refuses to change a published version.
    return read(FlowVersion.objects.get(pk=version_id, published_at__isnull=False))


def _rule(rule: Rule, fields: dict[str, FieldSpec]) -> RuleSpec:
    clauses = tuple(clause_of(row, fields) for row in rule.conditions.all() if row.field in fields)
    return RuleSpec(
        rule.pk,
        rule.name,
        rule.team_id,
        tuple(rule.skills),
        rule.account_first,
        rule.priority,
        clauses,
    )
