"""The shipped flow Lead to brief: a deal in the CRM becomes a request with a brief and an owner."""

from __future__ import annotations

from datetime import datetime

from delivery.flows.drafts import WHY, ShippedField, published_version, save_draft
from routing.flows.conditions import Operator
from routing.flows.fields import FieldType
from routing.flows.models import Flow, FlowVersion, Trigger
from routing.flows.operations import publish_shipped
from routing.flows.rules import Condition, Rule
from routing.people.actors import Actor
from routing.people.staff import Team, User
from routing.work.items import WorkItem

SLUG = "lead-to-brief"
CRITERIA = ("Every new deal has an owner within one working hour",)

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

FIELDS = (
    ShippedField("deal.name", "Deal", FieldType.TEXT, required=True),
    ShippedField("deal.amount", "Amount", FieldType.NUMBER, required=True),
    ShippedField("deal.currency", "Currency", FieldType.TEXT, required=True),
    ShippedField("deal.service", "Service", FieldType.TEXT),
    ShippedField("deal.hours", "Hours sold", FieldType.NUMBER),
    ShippedField("deal.rounds", "Change rounds included", FieldType.NUMBER),
    ShippedField("deal.starts", "Starts", FieldType.DATE),
    ShippedField("deal.ends", "Ends", FieldType.DATE, required=True),
    ShippedField("company.name", "Company", FieldType.TEXT, required=True),
    ShippedField("company.domain", "Domain", FieldType.TEXT),
    ShippedField("company.territory", "Territory", FieldType.TEXT),
    ShippedField("company.size", "Employees", FieldType.NUMBER),
    ShippedField("contact.name", "Contact", FieldType.TEXT, personal=True),
    ShippedField(
        "contact.email", "Contact's e-mail", FieldType.EMAIL, required=True, personal=True
    ),
)
# Kind of event, field and value.
TRIGGERS = (("hubspot.deal.creation", "", ""), ("form.submitted", "", ""))
HIGH_VALUE = "50000"


def publish_lead_to_brief(
    *, owner: User, backup: User, high_value: Team, usual: Team, by: Actor, at: datetime
) -> FlowVersion:
    """
    Create the flow and publish its first version, or return the published version of the flow.

    :param high_value: the team for deals of 50,000 and more, in the deal's own currency
    :raises PermissionDenied: if ``by`` may not publish flows
    """
    if (published := published_version(SLUG)) is not None:
        return published
    flow = Flow(
        slug=SLUG,
        name="Lead to brief",
        purpose="Decide who owns a new deal, and open its request and brief.",
        outcome="The agreed work is live, and the deal in the CRM says so.",
        runbook="A run that stops has an exception: fill in what is missing, then resolve it. To "
        "roll back, copy an older one.",
        owner=owner,
        backup=backup,
        metric="New deals whose request has an owner within one working hour",
        may_change=["Throughline: clients, contacts, engagements, requests and briefs"],
        system_of_record="The CRM",
        feels_first="Account managers",
    )
    version = save_draft(flow, TEMPLATE, "{deal.name}", FIELDS, criteria=CRITERIA, by=by, at=at)
    Trigger.objects.bulk_create(
        [
            Trigger(version=version, kind=kind, field=field, value=value)
            for kind, field, value in TRIGGERS
        ]
    )
    _make_rules(version, high_value, usual)
    return publish_shipped(version, by=by, at=at, reason=WHY)


def _make_rules(version: FlowVersion, high_value: Team, usual: Team) -> None:
    # Rules are tried in the order of their positions, and the first match counts.
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
