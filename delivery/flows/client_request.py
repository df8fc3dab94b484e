"""The shipped flow Client request: a form sent in the portal becomes a request with a brief."""

from __future__ import annotations

from datetime import datetime

from delivery.flows.drafts import WHY, ShippedField, published_version, save_draft
from delivery.progress.operations.submissions import FORM, KIND
from routing.flows.fields import FieldType
from routing.flows.models import Flow, FlowVersion, Trigger
from routing.flows.operations import publish_shipped
from routing.flows.rules import Rule
from routing.people.actors import Actor
from routing.people.staff import Team, User

SLUG = "client-request"
CRITERIA = ("Every request of the portal has an owner within one working hour",)

TEMPLATE = """\
# {request.title}

Client: {client.name}
Kind: {request.type}
Wanted by: {request.wanted}
Budget in mind: {request.budget}

## What is wanted
{request.details}

## Goal

## Audience

## Deliverables
"""

KINDS = ("Something new", "A change to something that exists", "A campaign", "Something else")
FIELDS = (
    ShippedField("request.title", "What is it, in a few words?", FieldType.TEXT, required=True),
    ShippedField(
        "request.type", "What kind of work is it?", FieldType.CHOICE, required=True, choices=KINDS
    ),
    ShippedField(
        "request.details", "What do you need, and what for?", FieldType.LONG_TEXT, required=True
    ),
    ShippedField("request.wanted", "When do you need it?", FieldType.DATE),
    ShippedField("request.budget", "Budget in mind", FieldType.NUMBER),
    ShippedField("client.name", "Client", FieldType.TEXT, required=True),
    ShippedField("contact.name", "Contact", FieldType.TEXT, personal=True),
    ShippedField("contact.email", "Contact's e-mail", FieldType.EMAIL, personal=True),
)


def publish_client_request(
    *, owner: User, backup: User, team: Team, by: Actor, at: datetime
) -> FlowVersion:
    """
    Create the flow and publish its first version, or return the published version of the flow.

    :param team: gets requests of clients without an owner and backup
    :raises PermissionDenied: if ``by`` may not publish flows
    """
    if (published := published_version(SLUG)) is not None:
        return published
    flow = Flow(
        slug=SLUG,
        name="Client request",
        purpose="Decide who owns what a client asks for in the portal, and open its request and "
        "brief.",
        outcome="The agreed work is delivered, and the client sees it in the portal.",
        runbook="A run that stops has an exception: fill in what is missing, then resolve it. To "
        "roll back, copy an older one.",
        owner=owner,
        backup=backup,
        metric="Requests of the portal that are answered within their SLA",
        may_change=["Throughline: requests and briefs"],
        system_of_record="Throughline",
        feels_first="Contacts who use the portal",
    )
    version = save_draft(flow, TEMPLATE, "{request.title}", FIELDS, criteria=CRITERIA, by=by, at=at)
    # The same kind of event starts other portal forms too. The slug tells them apart.
    Trigger.objects.create(version=version, kind=KIND, field=FORM, value=SLUG)
    Rule.objects.create(
        version=version, position=1, name="Every request", team=team, account_first=True
    )
    return publish_shipped(version, by=by, at=at, reason=WHY)
