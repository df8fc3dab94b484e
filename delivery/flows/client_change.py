"""The shipped flow Client change: a change that a contact asks for becomes a request."""

from __future__ import annotations

from datetime import datetime

from delivery.flows.drafts import WHY, ShippedField, published_version, save_draft
from delivery.progress.operations.changes import FLOW
from delivery.progress.operations.submissions import ABOUT, CHANGE
from routing.flows.fields import FieldType
from routing.flows.models import Flow, FlowVersion, Trigger
from routing.flows.operations import publish_shipped
from routing.flows.rules import Rule
from routing.people.actors import Actor
from routing.people.staff import Team, User

TEMPLATE = """\
# {request.title}

Client: {client.name}
Changes: {change.about}
Wanted by: {request.wanted}

## What should be different
{request.details}
"""
CRITERIA = ("No change is worked on before the client accepted its impact",)

FIELDS = (
    ShippedField("request.title", "Title", FieldType.TEXT, required=True),
    ShippedField(ABOUT, "What it changes", FieldType.TEXT, required=True),
    ShippedField(
        "request.details", "What should be different?", FieldType.LONG_TEXT, required=True
    ),
    ShippedField("request.wanted", "When do you need it?", FieldType.DATE),
    ShippedField("client.name", "Client", FieldType.TEXT, required=True),
    ShippedField("contact.name", "Contact", FieldType.TEXT, personal=True),
    ShippedField("contact.email", "Contact's e-mail", FieldType.EMAIL, personal=True),
)


def publish_client_change(
    *, owner: User, backup: User, team: Team, by: Actor, at: datetime
) -> FlowVersion:
    """
    Create the flow and publish its first version, or return the published version of the flow.

    :param team: gets requests of clients without an owner and backup
    :raises PermissionDenied: if ``by`` may not publish flows
    """
    if (published := published_version(FLOW)) is not None:
        return published
    flow = Flow(
        slug=FLOW,
        name="Client change",
        purpose="Take a change that a client asks for to whoever answers for what it changes.",
        outcome="What is live is replaced by what was agreed, or the work in the making takes the "
        "change in.",
        runbook="State what the change means on its request. Once the client agrees, its brief "
        "plans what replaces the live work.",
        owner=owner,
        backup=backup,
        metric="Changes whose impact the client has accepted before work starts",
        may_change=["Throughline: requests, briefs and deliverables"],
        system_of_record="Throughline",
        feels_first="Contacts who use the portal",
    )
    version = save_draft(flow, TEMPLATE, "{request.title}", FIELDS, criteria=CRITERIA, by=by, at=at)
    Trigger.objects.create(version=version, kind=CHANGE)
    Rule.objects.create(
        version=version, position=1, name="Every change", team=team, account_first=True
    )
    return publish_shipped(version, by=by, at=at, reason=WHY)
