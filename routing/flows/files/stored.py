"""Flow versions as files, and files as drafts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.db import transaction
from django.db.models import Max

from routing.flows.actions import ActionSpec, action_names, actions_of, keep_actions, kind_named
from routing.flows.conditions import BadClause, Clause, Operator, check
from routing.flows.editors import EDIT_ALL
from routing.flows.fields import FieldSpec, FieldType
from routing.flows.files.shape import (
    CATALOGUE,
    FORMAT,
    ActionShape,
    ConditionShape,
    FieldShape,
    FlowShape,
    PriorityName,
    RuleShape,
    TriggerShape,
    flow_shape,
)
from routing.flows.files.text import BadFlowFile, FileFault, FlowFile
from routing.flows.flow_people import pair_fault
from routing.flows.lint import near_to
from routing.flows.models import Flow, FlowField, FlowVersion, Trigger, live_of
from routing.flows.proposing import change_flow
from routing.flows.registry import VersionRows, version_rows
from routing.flows.rules import Condition, Rule
from routing.flows.trigger_operators import TriggerOperator
from routing.flows.triggers import trigger_fault
from routing.people.actors import Actor
from routing.people.saving import save_with_reason
from routing.people.staff import Team, User
from routing.sla.policies import SLAPolicy
from routing.work.items import WorkItem

# A path in the file, what it names, the names that exist, and what is wrong with any other.
_Asked = tuple[tuple[str | int, ...], str, set[str], str]


def content_of(version: FlowVersion) -> FlowShape:
    """Return a version and its flow as the content of a file."""
    flow = version.flow
    # Not validated: an earlier version may have stored what the format would refuse today.
    values: dict[str, Any] = {each.name: tuple(each.read(version)) for each in version_rows()}
    return flow_shape().model_construct(
        format=FORMAT,
        flow=flow.slug,
        name=flow.name,
        purpose=_lines(flow.purpose),
        outcome=_lines(flow.outcome),
        runbook=_lines(flow.runbook),
        owner=flow.owner.email,
        backup=flow.backup.email,
        **_catalogue_of(flow),
        **_actions_shape(version),
        sla_policy=version.policy,
        title=version.title,
        brief=_lines(version.template),
        criteria=tuple(version.criteria),
        triggers=tuple(_trigger_shape(row) for row in version.triggers.order_by("pk")),
        fields=tuple(_field_shape(row) for row in version.fields.all()),
        rules=tuple(
            _rule_shape(row)
            for row in version.rules.select_related("team").prefetch_related("conditions")
        ),
        **values,
    )


def _actions_shape(version: FlowVersion) -> dict[str, Any]:
    """Return the actions in the short form, if there is one without inputs."""
    specs = actions_of(version)
    if len(specs) == 1 and not any(specs[0].inputs.values()):
        return {"action": specs[0].kind, "actions": ()}
    return {"action": "", "actions": tuple(_action_shape(each) for each in specs)}


def _action_shape(spec: ActionSpec) -> ActionShape:
    kind = kind_named(spec.kind)
    if kind is None:
        return ActionShape.model_construct(do=spec.kind, inputs=dict(spec.inputs))
    # In the order in which they are declared: JSON in the database has none.
    written = {
        each.name: _lines(each.to_file(spec.inputs[each.name]))
        for each in kind.inputs
        if spec.inputs.get(each.name)
    }
    return ActionShape.model_construct(do=spec.kind, inputs=written)


def action_spec(shape: ActionShape) -> ActionSpec:
    """Return an action of a file as it is stored."""
    kind = kind_named(shape.do)
    inputs = {}
    for name, written in shape.inputs.items():
        known = kind.input(name) if kind else None
        if written:
            inputs[name] = known.from_file(written) if known else written
    return ActionSpec(shape.do, inputs)


def _bad_actions(file: FlowFile) -> list[FileFault]:
    """Return kinds, inputs and values of actions that are not there."""
    known, found = set(action_names()), []
    short = bool(file.content.action)
    for place, row in enumerate(file.content.all_actions):
        path: tuple[str | int, ...] = ("action",) if short else ("actions", place)
        kind = kind_named(row.do)
        if kind is None:
            at = path if short else (*path, "do")
            found.append(file.fault(at, _said("there is no such action", row.do, known)))
            continue
        inputs = {each.name: each for each in kind.inputs}
        for name, written in row.inputs.items():
            where = (*path, "with", name)
            if name not in inputs:
                words = f"is no input of {row.do}"
                found.append(file.fault(where, _said(words, name, set(inputs))))
                continue
            choices = inputs[name].choices
            fits = {each.written for each in choices()} if choices else None
            if fits is not None and written and written not in fits:
                found.append(file.fault(where, _said("is no choice here", written, fits)))
    return found


def _catalogue_of(flow: Flow) -> dict[str, Any]:
    return {
        "metric": flow.metric,
        "outcome_owner": flow.outcome_owner.email if flow.outcome_owner else "",
        "criticality": Flow.Criticality(flow.criticality),
        "touches": tuple(Flow.Touches(each) for each in flow.touches),
        "may_change": tuple(flow.may_change),
        "system_of_record": flow.system_of_record,
        "must_hold": tuple(flow.must_hold),
        "stay_stable": tuple(flow.stay_stable),
        "feels_first": flow.feels_first,
        "leads_may_edit": flow.leads_may_edit,
        "last_review": flow.last_review,
        "next_review": flow.next_review,
    }


def with_catalogue(content: FlowShape) -> FlowShape:
    """
    Return the content of a file with the keys of the catalogue that it leaves out, as its flow has
    them now: importing keeps them.
    """
    left_out = [name for name in CATALOGUE if name not in content.model_fields_set]
    flow = Flow.objects.filter(slug=content.flow).select_related("outcome_owner").first()
    if flow is None or not left_out:
        return content
    present = _catalogue_of(flow)
    return content.model_copy(update={name: present[name] for name in left_out})


def _lines(text: str) -> str:
    """Return a text with the line ends of files. Browsers send others."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _trigger_shape(row: Trigger) -> TriggerShape:
    value = tuple(row.values) if row.operator == TriggerOperator.ONE_OF else row.value
    values: dict[str, Any] = {row.operator: value}
    return TriggerShape.model_construct(kind=row.kind, field=row.field, **values)


def _field_shape(row: FlowField) -> FieldShape:
    return FieldShape.model_construct(
        name=row.name,
        label=row.label,
        type=FieldType(row.type),
        required=row.required,
        personal=row.personal,
        money=row.money,
        choices=tuple(row.choices),
    )


def _rule_shape(row: Rule) -> RuleShape:
    by_group = attrgetter("group")
    rows = sorted(row.conditions.all(), key=by_group)
    groups = []
    for _group, members in groupby(rows, key=by_group):
        groups.append(tuple(_condition_shape(each) for each in members))
    return RuleShape.model_construct(
        name=row.name,
        team=row.team.name,
        skills=tuple(row.skills),
        account_first=row.account_first,
        priority=PriorityName[WorkItem.Priority(row.priority).name],
        when=tuple(groups),
    )


def _condition_shape(row: Condition) -> ConditionShape:
    value = tuple(row.value) if isinstance(row.value, list) else row.value
    return ConditionShape.model_construct(
        field=row.field, operator=Operator(row.operator), value=value
    )


def unresolved(file: FlowFile) -> list[FileFault]:
    """Return what the file names and is not there, and conditions that cannot work."""
    content = file.content
    people = set(User.objects.staff().values_list("email", flat=True))
    teams = set(Team.objects.values_list("name", flat=True))
    policies = set(SLAPolicy.objects.values_list("slug", flat=True))
    asked: list[_Asked] = [
        (("owner",), content.owner, people, "nobody of the agency has this e-mail address"),
        (("backup",), content.backup, people, "nobody of the agency has this e-mail address"),
        (("sla_policy",), content.sla_policy, policies, "there is no such SLA policy"),
    ]
    if content.outcome_owner:
        words = "nobody of the agency has this e-mail address"
        asked.append((("outcome_owner",), content.outcome_owner, people, words))
    flows = set(Flow.objects.values_list("slug", flat=True)) - {content.flow}
    asked += [
        (("stay_stable", place), slug, flows, "there is no such other flow")
        for place, slug in enumerate(content.stay_stable)
    ]
    asked += [
        (("rules", place, "team"), rule.team, teams, "there is no such team")
        for place, rule in enumerate(content.rules)
    ]
    for rows in version_rows():
        asked += _references(content.rows_of(rows.name), rows)
    found = [
        file.fault(path, _said(words, value, known))
        for path, value, known, words in asked
        if value not in known
    ]
    if fault := pair_fault(content.owner, content.backup):
        found.append(file.fault(("backup",), fault))
    return found + _bad_triggers(file) + _bad_actions(file) + _bad_conditions(file)


def _references(rows: Sequence[Any], kind: VersionRows) -> Iterator[_Asked]:
    """Return what the rows of a part of a version refer to."""
    for reference in kind.refers if rows else ():
        known = reference.known()
        for place, row in enumerate(rows):
            if value := getattr(row, reference.key):
                yield (kind.name, place, reference.key), value, known, reference.words


def _said(words: str, value: str, known: set[str]) -> str:
    near = near_to(value, known)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return f"“{value}”: {words}.{hint}"


def _bad_triggers(file: FlowFile) -> list[FileFault]:
    rows = enumerate(file.content.triggers)
    return [
        file.fault(("triggers", place, str(row.operator)), fault)
        for place, row in rows
        if (fault := trigger_fault(row))
    ]


def _bad_conditions(file: FlowFile) -> list[FileFault]:
    specs = {
        row.name: FieldSpec(row.name, row.label, row.type, row.required, row.choices)
        for row in file.content.fields
    }
    found = []
    for place, rule in enumerate(file.content.rules):
        for group, conditions in enumerate(rule.when):
            for number, each in enumerate(conditions):
                path = ("rules", place, "when", group, number)
                if each.field not in specs:
                    message = _said("is no field of this flow", each.field, set(specs))
                    found.append(file.fault((*path, "field"), message))
                    continue
                try:
                    check(Clause(specs[each.field], each.operator, _stored(each.value)))
                except BadClause as error:
                    found.append(file.fault(path, str(error)))
    return found


def is_same(one: FlowShape, other: FlowShape) -> bool:
    return one.model_dump() == other.model_dump()


def _stored(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def keep_flow_file(
    file: FlowFile,
    *,
    by: Actor,
    at: datetime,
    reason: str,
    always: bool = False,
    as_trial: bool = False,
    copied_from: FlowVersion | None = None,
) -> FlowVersion | None:
    """
    Create a draft of the file's flow, and the flow if there is none of this name.

    Name, purpose, outcome, runbook, people and catalogue belong to the flow. They count from now
    on, but those that need a second person wait as a proposal. Return None if the newest version
    has the same content already.

    :param always: create a draft also if nothing differs
    :param as_trial: let everything count at once, because the caller rolls all of it back
    :param copied_from: the version of another flow that the file was made of
    :raises PermissionDenied: if ``by`` may not change flows
    :raises BadFlowFile: if it names what is not there; nothing was changed
    :raises NotProposed: if a change cannot be put to a second person; nothing was changed
    """
    by.require(EDIT_ALL, to="change flows")
    file = replace(file, content=with_catalogue(file.content))
    content = file.content
    with transaction.atomic():
        # Locked, or two imports at once would get the same number.
        flow = Flow.objects.select_for_update().filter(slug=content.flow).first()
        newest = flow.versions.order_by("-number").first() if flow else None
        faults = unresolved(file)
        if faults:
            raise BadFlowFile(faults)
        if newest is not None and not always and is_same(content_of(newest), content):
            return None
        if flow is None or as_trial:
            flow = _written_flow(flow or Flow(slug=content.flow), content, by, at, reason)
        else:
            flow = _changed_flow(flow, content, by, at, reason)
        return _kept_version(flow, content, copied_from, by, at, reason)


def _written_flow(flow: Flow, content: FlowShape, by: Actor, at: datetime, reason: str) -> Flow:
    """Save a flow with everything that its file says."""
    by.require("routing.change_flow" if flow.pk else "routing.add_flow", to="change flows")
    for name, value in _flow_columns(content).items():
        setattr(flow, name, value)
    save_with_reason(flow, by=by, at=at, reason=reason)
    return flow


def _changed_flow(flow: Flow, content: FlowShape, by: Actor, at: datetime, reason: str) -> Flow:
    """
    Change a flow as its file says. What needs a second person waits for one.

    :raises NotProposed: if that is not possible
    """
    wanted = _flow_columns(content)
    for name in ("purpose", "outcome", "runbook"):
        if _lines(getattr(flow, name)) == wanted[name]:
            del wanted[name]  # only the line ends differ
    if all(getattr(flow, name) == value for name, value in wanted.items()):
        return flow
    change_flow(flow.pk, wanted, by=by, at=at, reason=reason)
    flow.refresh_from_db()
    return flow


def _flow_columns(content: FlowShape) -> dict[str, Any]:
    """Return the values of the flow's own columns, with the ids of people."""
    named = (content.owner, content.backup, content.outcome_owner)
    people = dict(User.objects.filter(email__in=named).values_list("email", "pk"))
    values = {name: getattr(content, name) for name in CATALOGUE if name != "outcome_owner"}
    for name, value in values.items():
        if isinstance(value, tuple):
            values[name] = [str(each) for each in value]
    return {
        "name": content.name,
        "purpose": content.purpose,
        "outcome": content.outcome,
        "runbook": content.runbook,
        "owner_id": people[content.owner],
        "backup_id": people[content.backup],
        **values,
        "criticality": str(content.criticality),
        "outcome_owner_id": people.get(content.outcome_owner),
    }


def _kept_version(
    flow: Flow,
    content: FlowShape,
    copied_from: FlowVersion | None,
    by: Actor,
    at: datetime,
    reason: str,
) -> FlowVersion:
    newest = flow.versions.aggregate(number=Max("number"))["number"] or 0
    version = FlowVersion(
        flow=flow,
        number=newest + 1,
        action=content.all_actions[0].do if content.all_actions else "",
        template=content.brief,
        title=content.title,
        policy=content.sla_policy,
        criteria=list(content.criteria),
        rollback_to=live_of(flow.pk),
        copied_from=copied_from,
    )
    save_with_reason(version, by=by, at=at, reason=reason)
    keep_actions(version, [action_spec(each) for each in content.all_actions])
    Trigger.objects.bulk_create(
        Trigger(
            version=version,
            kind=row.kind,
            field=row.field,
            operator=row.operator,
            value=row.value,
            values=list(row.values),
        )
        for row in content.triggers
    )
    FlowField.objects.bulk_create(
        FlowField(
            version=version,
            name=row.name,
            label=row.label,
            type=row.type.value,
            required=row.required,
            personal=row.personal,
            money=row.money,
            choices=list(row.choices),
            position=position,
        )
        for position, row in enumerate(content.fields)
    )
    _keep_rules(version, content.rules)
    for each in version_rows():
        each.write(version, content.rows_of(each.name))
    return version


def _keep_rules(version: FlowVersion, rules: Sequence[RuleShape]) -> None:
    names = {row.team for row in rules}
    teams = {team.name: team for team in Team.objects.filter(name__in=names)}
    for position, row in enumerate(rules, start=1):
        rule = Rule.objects.create(
            version=version,
            position=position,
            name=row.name,
            team=teams[row.team],
            skills=list(row.skills),
            account_first=row.account_first,
            priority=WorkItem.Priority[row.priority.name],
        )
        conditions = []
        for group, members in enumerate(row.when, start=1):
            conditions += [
                Condition(
                    rule=rule,
                    group=group,
                    field=each.field,
                    operator=each.operator.value,
                    value=_stored(each.value),
                )
                for each in members
            ]
        Condition.objects.bulk_create(conditions)
