"""
The flow Client change, as shipped: what a contact wants different becomes a request about what it
changes.
"""

from __future__ import annotations

from datetime import datetime

from delivery.progress.operations.changes import FLOW
from delivery.progress.operations.submissions import ABOUT, CHANGE
from routing.flows.fields import FieldType
from routing.flows.models import Flow, FlowField, FlowVersion, Trigger
from routing.flows.operations import publish
from routing.flows.rules import Rule
from routing.people.actors import Actor
from routing.people.saving import save_with_reason
from routing.people.staff import Team, User

WHY = "Shipped with the product."

TEMPLATE = """\
# {request.title}

Client: {client.name}
Changes: {change.about}
Wanted by: {request.wanted}

## What should be different
{request.details}
"""

# name, label, type, required, personal
FIELDS: tuple[tuple[str, str, FieldType, bool, bool], ...] = (
    ("request.title", "Title", FieldType.TEXT, True, False),
    (ABOUT, "What it changes", FieldType.TEXT, True, False),
    ("request.details", "What should be different?", FieldType.LONG_TEXT, True, False),
    ("request.wanted", "When do you need it?", FieldType.DATE, False, False),
    ("client.name", "Client", FieldType.TEXT, True, False),
    ("contact.name", "Contact", FieldType.TEXT, False, True),
    ("contact.email", "Contact's e-mail", FieldType.EMAIL, False, True),
)


def publish_client_change(
    *, owner: User, backup: User, team: Team, by: Actor, at: datetime
) -> FlowVersion:
    """
    Make the flow and publish its first version; the published one, if it is there already.

    :param team: takes what comes; the client's own pair goes first
    :raises PermissionDenied: if ``by`` may not publish flows
    """
    flow = Flow.objects.filter(slug=FLOW).first()
    if flow is not None:
        return FlowVersion.objects.filter(flow=flow, published_at__isnull=False).latest("number")
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
    Trigger.objects.create(version=version, kind=CHANGE)
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
    Rule.objects.create(
        version=version, position=1, name="Every change", team=team, account_first=True
    )
    return publish(version, by=by, at=at, reason=WHY)
