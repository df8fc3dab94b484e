"""
The flow Client request, as shipped: what a contact asks for in the portal becomes a request with a
brief.
"""

from __future__ import annotations

from datetime import datetime

from delivery.progress.operations.submissions import FORM, KIND
from routing.flows.fields import FieldType
from routing.flows.models import Flow, FlowField, FlowVersion, Trigger
from routing.flows.operations import publish
from routing.flows.rules import Rule
from routing.people.actors import Actor
from routing.people.saving import save_with_reason
from routing.people.staff import Team, User

SLUG = "client-request"
WHY = "Shipped with the product."

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
# name, label, type, required, personal, choices
FIELDS: tuple[tuple[str, str, FieldType, bool, bool, tuple[str, ...]], ...] = (
    ("request.title", "What is it, in a few words?", FieldType.TEXT, True, False, ()),
    ("request.type", "What kind of work is it?", FieldType.CHOICE, True, False, KINDS),
    ("request.details", "What do you need, and what for?", FieldType.LONG_TEXT, True, False, ()),
    ("request.wanted", "When do you need it?", FieldType.DATE, False, False, ()),
    ("request.budget", "Budget in mind", FieldType.NUMBER, False, False, ()),
    ("client.name", "Client", FieldType.TEXT, True, False, ()),
    ("contact.name", "Contact", FieldType.TEXT, False, True, ()),
    ("contact.email", "Contact's e-mail", FieldType.EMAIL, False, True, ()),
)


def publish_client_request(
    *, owner: User, backup: User, team: Team, by: Actor, at: datetime
) -> FlowVersion:
    """
    Make the flow and publish its first version; the published one, if it is there already.

    :param team: takes what comes; the client's own pair goes first
    :raises PermissionDenied: if ``by`` may not publish flows
    """
    flow = Flow.objects.filter(slug=SLUG).first()
    if flow is not None:
        return FlowVersion.objects.filter(flow=flow, published_at__isnull=False).latest("number")
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
    )
    save_with_reason(flow, by=by, at=at, reason=WHY)
    version = FlowVersion(
        flow=flow,
        number=1,
        action="delivery.open_request",
        template=TEMPLATE,
        title="{request.title}",
    )
    save_with_reason(version, by=by, at=at, reason=WHY)
    Trigger.objects.create(version=version, kind=KIND, field=FORM, value=SLUG)
    FlowField.objects.bulk_create(
        [
            FlowField(
                version=version,
                name=name,
                label=label,
                type=kind.value,
                required=required,
                personal=personal,
                choices=list(choices),
                position=place,
            )
            for place, (name, label, kind, required, personal, choices) in enumerate(FIELDS)
        ]
    )
    Rule.objects.create(
        version=version, position=1, name="Every request", team=team, account_first=True
    )
    return publish(version, by=by, at=at, reason=WHY)
