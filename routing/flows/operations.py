"""Publishing flow versions, and copying older ones to roll back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from routing.flows.conditions import BadClause, Clause, check
from routing.flows.models import Flow, FlowField, FlowVersion, Trigger
from routing.flows.registry import action_names, version_rows
from routing.flows.rules import Condition, Rule
from routing.flows.template import placeholders
from routing.flows.versions import Plan, read
from routing.kernel.roles import AM, AUDITOR, INTEGRATIONS, OPS, QA, grant
from routing.people.actors import Actor
from routing.people.saving import save_with_reason, tell
from routing.people.staff import User
from routing.sla.policies import SLAPolicy
from routing.work.display import exact

for _model in ("flow", "flowversion"):
    grant(f"routing.view_{_model}", AM, QA, OPS, INTEGRATIONS, AUDITOR)
    grant(f"routing.add_{_model}", OPS)
    grant(f"routing.change_{_model}", OPS)
for _model in ("trigger", "flowfield", "rule", "condition"):
    grant(f"routing.view_{_model}", AM, QA, OPS, INTEGRATIONS, AUDITOR)
    for _verb in ("add", "change", "delete"):
        grant(f"routing.{_verb}_{_model}", OPS)
grant("routing.publish_flow", OPS)

Part = TypeVar("Part", Trigger, FlowField, Rule, Condition)


class NotPublishable(ValueError):
    """The draft would not work. ``faults`` lists everything that is wrong with it."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__(" ".join(faults))
        self.faults = faults


def publish(version: FlowVersion, *, by: Actor, at: datetime, reason: str) -> FlowVersion:
    """
    Freeze a draft and let new runs use it. Existing runs keep their versions.

    :raises PermissionDenied: if ``by`` may not publish
    :raises NotPublishable: if it is published already, or would not work
    """
    by.require("routing.publish_flow", to="publish flows")
    with transaction.atomic():
        # Locked, because an edit between the check and the freeze could not be undone.
        version = FlowVersion.objects.select_for_update(of=("self",)).get(pk=version.pk)
        found = faults(version)
        if found:
            raise NotPublishable(found)
        version.published_at, version.published_by = at, User.objects.get(pk=by.user_id)
        save_with_reason(version, by=by, at=at, reason=reason)
        tell("routing.flowversion.publish", version.pk, by=by, at=at)
    return version


def faults(version: FlowVersion) -> list[str]:
    """Return everything that is wrong with a draft, in words for the person who wrote it."""
    plan = read(version)
    said = (
        (version.published_at is not None, _published(version)),
        (not version.triggers.exists(), _("The version has no trigger. Add one.")),
        (
            not plan.rules or bool(plan.rules[-1].clauses),
            _("The last rule must have no conditions, so that every event reaches a team."),
        ),
        (
            version.action not in action_names(),
            _("The action is missing. Choose one of %(known)s.")
            % {"known": ", ".join(action_names())},
        ),
        (
            not SLAPolicy.objects.filter(slug=version.policy).exists(),
            _("There is no SLA policy “%(slug)s”.") % {"slug": version.policy},
        ),
    )
    return (
        [words for wrong, words in said if wrong]
        + _faults_of_texts(version, plan)
        + _faults_of_rules(version, plan)
    )


def _published(version: FlowVersion) -> str:
    """Return who published a version and when, for somebody who comes too late."""
    if version.published_at is None:
        return ""
    words = _("%(who)s already published this version on %(when)s. Copy it.")
    return words % {"who": version.published_by, "when": exact(version.published_at)}


def _faults_of_texts(version: FlowVersion, plan: Plan) -> list[str]:
    """Return the problems with fields in the title and the brief."""
    # History keeps titles and briefs and is never rewritten, so they may not name a person:
    # docs/decisions/0006.
    named = placeholders(version.title) | placeholders(version.template)
    known, usable = {spec.name for spec in plan.fields}, {spec.name for spec in plan.rule_fields}
    said = (
        (named - known, _("Unknown fields in braces: %(names)s.")),
        (
            named & known - usable,
            _("Titles and briefs cannot contain personal fields. Remove %(names)s."),
        ),
    )
    return [words % {"names": ", ".join(sorted(names))} for names, words in said if names]


def _faults_of_rules(version: FlowVersion, plan: Plan) -> list[str]:
    usable = {spec.name for spec in plan.rule_fields}
    used = Condition.objects.filter(rule__version=version).values_list("field", flat=True)
    found = [
        _("A rule uses %(name)s, which is personal or is not a field of this version.")
        % {"name": name}
        for name in sorted(set(used) - usable)
    ]
    for rule in plan.rules:
        found += _faults_of_clauses(rule.clauses)
    return found


def _faults_of_clauses(clauses: Sequence[Clause]) -> list[str]:
    found = []
    for clause in clauses:
        try:
            check(clause)
        except BadClause as error:
            found.append(str(error))
    return found


def copy(version: FlowVersion, *, by: Actor, at: datetime, reason: str) -> FlowVersion:
    """
    Create a draft that is a copy of ``version``, to change a flow or to roll it back.

    :raises PermissionDenied: if ``by`` may not change flows
    """
    by.require("routing.add_flowversion", to="change flows")
    with transaction.atomic():
        # Locks the flow, or two copies at once would get the same number.
        Flow.objects.select_for_update().get(pk=version.flow_id)
        versions = FlowVersion.objects.filter(flow=version.flow_id)
        newest = versions.aggregate(number=Max("number"))
        made = FlowVersion(
            flow_id=version.flow_id,
            number=newest["number"] + 1,
            action=version.action,
            template=version.template,
            title=version.title,
            policy=version.policy,
            copied_from=version,
        )
        save_with_reason(made, by=by, at=at, reason=reason)
        Trigger.objects.bulk_create([_twin(row, version=made) for row in version.triggers.all()])
        FlowField.objects.bulk_create([_twin(row, version=made) for row in version.fields.all()])
        for rule in Rule.objects.filter(version=version):
            conditions = list(rule.conditions.all())
            twin = _twin(rule, version=made)
            twin.save()
            Condition.objects.bulk_create([_twin(row, rule=twin) for row in conditions])
        for rows in version_rows():
            rows.write(made, rows.read(version))
    return made


def begin(flow: Flow, *, by: Actor, at: datetime, reason: str) -> FlowVersion:
    """
    Create a draft: a copy of the newest version, or an empty one for a flow without versions.

    :raises PermissionDenied: if ``by`` may not change flows
    """
    by.require("routing.add_flowversion", to="change flows")
    newest = FlowVersion.objects.filter(flow=flow).order_by("-number").first()
    if newest is not None:
        return copy(newest, by=by, at=at, reason=reason)
    draft = FlowVersion(flow=flow, number=1, action=next(iter(action_names()), ""))
    save_with_reason(draft, by=by, at=at, reason=reason)
    return draft


def roll_back(version: FlowVersion, *, by: Actor, at: datetime, reason: str) -> FlowVersion:
    """
    Publish a copy of an older version, which new runs then use.

    :raises PermissionDenied: if ``by`` may not change or publish flows
    :raises NotPublishable: if it would no longer work; nothing was changed
    """
    with transaction.atomic():
        return publish(copy(version, by=by, at=at, reason=reason), by=by, at=at, reason=reason)


def _twin(row: Part, **changes: object) -> Part:
    values = {
        field.attname: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if not field.primary_key
    }
    twin = type(row)(**values)
    for name, value in changes.items():
        setattr(twin, name, value)
    return twin
