"""
The flow Lead to brief, as shipped: a deal in the CRM becomes a request with a brief, owned by the
right person.
"""

from __future__ import annotations

from datetime import datetime

from routing.flows.conditions import Operator
from routing.flows.fields import FieldType
from routing.flows.models import Flow, FlowField, FlowVersion, Trigger
from routing.flows.operations import publish
from routing.flows.rules import Condition, Rule
from routing.people.actors import Actor
from routing.people.saving import save_with_reason
from routing.people.staff import Team, User
from routing.work.items import WorkItem

SLUG = "lead-to-brief"

TEMPLATE = """\
# {deal.name}

Client: {company.name} ({company.domain})
Service: {deal.service}

## What was sold
{deal.amount} {deal.currency}, {deal.hours} hours, {deal.rounds} change rounds, from {deal.starts} to {deal.ends}

## Goal

## Audience

## Deliverables
"""  # noqa: E501

# name, label, type, required, personal
FIELDS = (
    ("deal.name", "Deal", FieldType.TEXT, True, False),
    ("deal.amount", "Amount", FieldType.NUMBER, True, False),
    ("deal.currency", "Currency", FieldType.TEXT, True, False),
    ("deal.service", "Service", FieldType.TEXT, False, False),
    ("deal.hours", "Hours sold", FieldType.NUMBER, False, False),
    ("deal.rounds", "Change rounds included", FieldType.NUMBER, False, False),
    ("deal.starts", "Starts", FieldType.DATE, False, False),
    ("deal.ends", "Ends", FieldType.DATE, True, False),
    ("company.name", "Company", FieldType.TEXT, True, False),
    ("company.domain", "Domain", FieldType.TEXT, False, False),
    ("company.territory", "Territory", FieldType.TEXT, False, False),
    ("company.size", "Employees", FieldType.NUMBER, False, False),
    ("contact.name", "Contact", FieldType.TEXT, False, True),
    ("contact.email", "Contact's e-mail", FieldType.EMAIL, True, True),
)
TRIGGERS = (("hubspot.deal.creation", "", ""), ("form.submitted", "", ""))
HIGH_VALUE = "50000"


def publish_lead_to_brief(
    *, owner: User, backup: User, high_value: Team, usual: Team, by: Actor, at: datetime
) -> FlowVersion:
    """
    Make the flow and publish its first version; the published one, if it is there already.

    :param high_value: the team for deals of 50,000 and more, in the deal's own currency
    :raises PermissionDenied: if ``by`` may not publish flows
    """
    flow = Flow.objects.filter(slug=SLUG).first()
    if flow is not None:
        return FlowVersion.objects.filter(flow=flow, published_at__isnull=False).latest("number")
    flow = Flow(
        slug=SLUG,
        name="Lead to brief",
        purpose="Decide who owns a new deal, and open its request and brief.",
        outcome="The agreed work is live, and the deal in the CRM says so.",
        runbook="A run that stops has an exception: fill in what is missing, then resolve it. To "
        "roll back, copy an older one.",
        owner=owner,
        backup=backup,
    )
    save_with_reason(flow, by=by, at=at, reason="Shipped with the product.")
    version = FlowVersion(
        flow=flow, number=1, action="delivery.open_request", template=TEMPLATE, title="{deal.name}"
    )
    save_with_reason(version, by=by, at=at, reason="Shipped with the product.")
    Trigger.objects.bulk_create(
        [
            Trigger(version=version, kind=kind, field=field, value=value)
            for kind, field, value in TRIGGERS
        ]
    )
    FlowField.objects.bulk_create(
        [
            FlowField(
                version=version,
                name=name,
                label=label,
                type=kind.value,
                required=required,
                personal=personal,
                position=place,
            )
            for place, (name, label, kind, required, personal) in enumerate(FIELDS)
        ]
    )
    _make_rules(version, high_value, usual)
    return publish(version, by=by, at=at, reason="Shipped with the product.")


def _make_rules(version: FlowVersion, high_value: Team, usual: Team) -> None:
    big = Rule.objects.create(
        version=version,
        position=1,
        name="High value",
        team=high_value,
        priority=WorkItem.Priority.HIGH,
    )
    Condition.objects.create(
        rule=big, field="deal.amount", operator=Operator.AT_LEAST.value, value=HIGH_VALUE
    )
    Rule.objects.create(
        version=version, position=2, name="Everything else", team=usual, account_first=True
    )
