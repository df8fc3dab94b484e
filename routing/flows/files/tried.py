"""A version that is tried before it is published: a row, or a file that nobody has imported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from routing.flows.choose import RuleSpec
from routing.flows.conditions import Clause
from routing.flows.fields import FieldSpec
from routing.flows.files.shape import FlowShape, RuleShape
from routing.flows.files.stored import action_spec, unresolved, with_catalogue
from routing.flows.files.text import BadFlowFile, FlowFile
from routing.flows.models import Flow, FlowVersion
from routing.flows.triggers import TriggerLike
from routing.flows.versions import Plan, read
from routing.people.staff import Team, User
from routing.work.items import WorkItem


@dataclass(frozen=True, slots=True)
class TriedVersion:
    """
    A version to try. ``flow`` has the people who stand in; for a file it is not the row itself, and
    has no id if the flow is new. ``number`` is None for a file.
    """

    flow: Flow
    number: int | None
    plan: Plan
    triggers: Sequence[TriggerLike]

    @property
    def name(self) -> str:
        return f"{self.flow.slug}@{self.number}" if self.number else self.flow.slug


def tried_row(version: FlowVersion) -> TriedVersion:
    """Return a version that is stored, published or not."""
    triggers = list(version.triggers.order_by("pk"))
    return TriedVersion(version.flow, version.number, read(version), triggers)


def tried_file(file: FlowFile) -> TriedVersion:
    """
    Return the version that a file would become. Nothing is stored.

    :raises BadFlowFile: if it names what is not there
    """
    if faults := unresolved(file):
        raise BadFlowFile(faults)
    content = with_catalogue(file.content)
    people = dict(
        User.objects.filter(email__in=(content.owner, content.backup)).values_list("email", "pk")
    )
    known = Flow.objects.filter(slug=content.flow).first()
    flow = Flow(
        pk=known.pk if known else None,
        slug=content.flow,
        name=content.name,
        owner_id=people[content.owner],
        backup_id=people[content.backup],
    )
    return TriedVersion(flow, None, _plan(content, flow.pk or 0), content.triggers)


def _plan(content: FlowShape, flow_id: int) -> Plan:
    """Return the same as ``versions.read`` of the draft that the file would become."""
    teams = dict(Team.objects.values_list("name", "pk"))
    fields = {
        row.name: FieldSpec(row.name, row.label, row.type, row.required, row.choices)
        for row in content.fields
    }
    impersonal = {row.name: fields[row.name] for row in content.fields if not row.personal}
    return Plan(
        version_id=0,
        number=0,
        flow_id=flow_id,
        actions=tuple(action_spec(each) for each in content.all_actions),
        title=content.title,
        template=content.brief,
        policy=content.sla_policy,
        fields=tuple(fields.values()),
        rule_fields=tuple(impersonal.values()),
        rules=tuple(
            _rule(place, row, teams[row.team], impersonal)
            for place, row in enumerate(content.rules, start=1)
        ),
    )


def _rule(place: int, row: RuleShape, team_id: int, fields: dict[str, FieldSpec]) -> RuleSpec:
    clauses = []
    for group, conditions in enumerate(row.when, start=1):
        for each in conditions:
            value = list(each.value) if isinstance(each.value, tuple) else each.value
            if each.field in fields:
                clauses.append(Clause(fields[each.field], each.operator, value, group))
    return RuleSpec(
        id=place,  # a rule of a file has no id
        name=row.name,
        team_id=team_id,
        skills=tuple(row.skills),
        account_first=row.account_first,
        priority=WorkItem.Priority[row.priority.name].value,
        clauses=tuple(clauses),
    )
