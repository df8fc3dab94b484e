"""Publishing flow versions, and copying older ones to roll back."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from routing.flows.actions import ActionSpec, action_names, actions_of, keep_actions
from routing.flows.approval import PublishApproval
from routing.flows.approving import (
    SecondPersonNeeded,
    approve,
    ask_second,
    freeze,
    tell_of_rollback,
    withdraw,
)
from routing.flows.checklist import read_outside, require_complete
from routing.flows.editors import require_editor
from routing.flows.faults import NotPublishable, faults
from routing.flows.models import Flow, FlowField, FlowVersion, Trigger, live_of
from routing.flows.registry import version_rows
from routing.flows.rules import Condition, Rule
from routing.flows.second_person import PUBLISH, can_be_second, seconds_of, standing_of
from routing.kernel.roles import AM, AUDITOR, INTEGRATIONS, OPS, QA, grant
from routing.people.actors import Actor
from routing.people.saving import save_with_reason

for _model in ("flow", "flowversion"):
    grant(f"routing.view_{_model}", AM, QA, OPS, INTEGRATIONS, AUDITOR)
    grant(f"routing.add_{_model}", OPS)
    grant(f"routing.change_{_model}", OPS)
for _model in ("trigger", "flowfield", "versionaction", "rule", "condition"):
    grant(f"routing.view_{_model}", AM, QA, OPS, INTEGRATIONS, AUDITOR)
    for _verb in ("add", "change", "delete"):
        grant(f"routing.{_verb}_{_model}", OPS)
grant(PUBLISH, OPS)

__all__ = [
    "NotPublishable",
    "SecondPersonNeeded",
    "begin",
    "copy",
    "faults",
    "publish",
    "publish_shipped",
    "roll_back",
]

Part = TypeVar("Part", Trigger, FlowField, Rule, Condition)


def publish(version: FlowVersion, *, by: Actor, at: datetime, reason: str) -> FlowVersion:
    """
    Freeze a draft and let new runs use it. Existing runs keep their versions.

    If the class of the change needs a second person, the first call asks for one, and the call of
    that person publishes. Whoever may edit the draft may publish what one person may.

    :raises PermissionDenied: if ``by`` may neither publish flows nor edit drafts of this one
    :raises NotPublishable: if it is published already, or would not work
    :raises CriteriaMissing: if it has no success criteria
    :raises ChecklistOpen: if a line of the checklist is open
    :raises SecondPersonNeeded: if a second person must agree; they have been asked
    """
    read_outside(version)
    with transaction.atomic():
        version = _locked(version)
        waiting = PublishApproval.objects.filter(version=version, state="pending")
        if not (by.may(PUBLISH) or waiting.filter(can_be_second(by)).exists()):
            require_editor(by, version.flow)
        found = faults(version)
        if found:
            raise NotPublishable(found)
        require_complete(version, at)
        needed = _agreed_by_all(version, by, at, reason)
    # Raised after the commit, so that the request stays.
    if needed is not None:
        raise needed
    version.refresh_from_db()
    return version


def _agreed_by_all(
    version: FlowVersion, by: Actor, at: datetime, reason: str
) -> SecondPersonNeeded | None:
    """Publish a draft if this person's word is enough, and otherwise ask somebody else."""
    standing = standing_of(version)
    if not standing.needs_second:
        freeze(version, by=by, at=at, reason=reason)
        return None
    asked = PublishApproval.objects.filter(
        version=version, state="pending", digest=standing.digest, base=standing.live
    ).first()
    if (
        asked is not None
        and PublishApproval.objects.filter(can_be_second(by), pk=asked.pk).exists()
    ):
        [result] = approve([asked.pk], by=by, at=at, reason=reason)
        if not result.done:
            raise NotPublishable([str(refusal.message) for refusal in result.refusals])
        return None
    if asked is not None and asked.asked_by_id != by.user_id:
        others = seconds_of(version, but={*asked.authors, asked.asked_by_id, by.user_id})
        first = asked.asked_by_id not in asked.authors
        # An author cannot be the second. If nobody else is left, the two change places: the author
        # asks, and whoever asked before can agree.
        if not others and first:
            withdraw([asked.pk], by=by, at=at, reason=reason)
            asked = None
    return ask_second(version, standing, asked, by=by, at=at, reason=reason)


def publish_shipped(version: FlowVersion, *, by: Actor, at: datetime, reason: str) -> FlowVersion:
    """
    Publish the first version of a flow that ships with the product, or with its demo.

    Setting up needs no second person and no checklist: its content was reviewed with the product,
    and an agency that has just begun may have only one person. The history names ``by`` and the
    reason.

    :raises PermissionDenied: if ``by`` may not publish, or the flow has a published version
    :raises NotPublishable: if it would not work
    """
    by.require(PUBLISH, to="publish flows")
    with transaction.atomic():
        version = _locked(version)
        if version.flow.versions.filter(published_at__isnull=False).exists():
            raise NotPublishable([_("The flow is published already. Publish a draft instead.")])
        found = faults(version)
        if found:
            raise NotPublishable(found)
        return freeze(version, by=by, at=at, reason=reason)


def _locked(version: FlowVersion) -> FlowVersion:
    # Locked, because an edit between the check and the freeze could not be undone.
    return FlowVersion.objects.select_for_update(of=("self",)).get(pk=version.pk)


def copy(version: FlowVersion, *, by: Actor, at: datetime, reason: str) -> FlowVersion:
    """
    Create a draft that is a copy of ``version``, to change a flow or to roll it back.

    :raises PermissionDenied: if ``by`` may not edit drafts of the flow
    """
    require_editor(by, version.flow)
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
            criteria=list(version.criteria),
            rollback_to=live_of(version.flow_id),
        )
        save_with_reason(made, by=by, at=at, reason=reason)
        keep_actions(made, actions_of(version))
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

    :raises PermissionDenied: if ``by`` may not edit drafts of the flow
    """
    require_editor(by, flow)
    newest = FlowVersion.objects.filter(flow=flow).order_by("-number").first()
    if newest is not None:
        return copy(newest, by=by, at=at, reason=reason)
    first = next((name for name in action_names() if ActionSpec(name).at_once), "")
    draft = FlowVersion(flow=flow, number=1, action=first)
    with transaction.atomic():
        save_with_reason(draft, by=by, at=at, reason=reason)
        keep_actions(draft, [ActionSpec(first)] if first else [])
    return draft


def roll_back(version: FlowVersion, *, by: Actor, at: datetime, reason: str) -> FlowVersion:
    """
    Publish a copy of an older version, which new runs then use.

    One person is enough, whatever differs: this content was agreed to when it was published, and a
    flow that does harm must not wait for somebody who is asleep. The reason is kept, and whoever
    could have been the second person is told at once.

    :raises PermissionDenied: if ``by`` may not change or publish flows
    :raises NotPublishable: if it was never published or would no longer work; nothing was changed
    """
    by.require(PUBLISH, to="publish flows")
    if version.published_at is None:
        raise NotPublishable([_("This version was never published. Publish it instead.")])
    with transaction.atomic():
        made = copy(version, by=by, at=at, reason=reason)
        found = faults(made)
        if found:
            raise NotPublishable(found)
        standing = standing_of(made)
        freeze(made, by=by, at=at, reason=reason)
        if standing.needs_second:
            tell_of_rollback(made, standing, by=by, at=at, reason=reason)
    return made


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
