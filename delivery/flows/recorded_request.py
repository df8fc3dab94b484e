"""
The shipped flow Recorded request: a request by phone, e-mail or in a meeting gets its owner.
"""

from __future__ import annotations

from datetime import datetime

from delivery.flows.drafts import WHY, ShippedField, published_version, save_draft
from delivery.progress.operations.recording import (
    BY_HAND,
    KIND,
    REQUEST_CHANNEL,
    REQUEST_KIND,
    REQUEST_PRIORITY,
)
from delivery.requests.models import Request
from routing.flows.fields import FieldType
from routing.flows.models import Flow, FlowVersion, Trigger
from routing.flows.operations import publish_shipped
from routing.flows.rules import Rule
from routing.people.actors import Actor
from routing.people.staff import Team, User

SLUG = "recorded-request"
CRITERIA = ("Every recorded request has an owner when it is saved",)
ACTION = "delivery.record_request"

FIELDS = (
    ShippedField("request.title", "What is it about?", FieldType.TEXT, required=True),
    # Personal, so that a record of a decision, which is never rewritten, has none of these words.
    ShippedField("request.details", "Description", FieldType.LONG_TEXT, personal=True),
    ShippedField(
        REQUEST_CHANNEL,
        "Channel",
        FieldType.CHOICE,
        required=True,
        choices=tuple(channel.value for channel in BY_HAND),
    ),
    ShippedField(REQUEST_KIND, "Kind", FieldType.CHOICE, choices=tuple(Request.Kind.values)),
    ShippedField(REQUEST_PRIORITY, "Priority", FieldType.NUMBER),
    ShippedField("request.wanted", "Needed by", FieldType.DATE),
    ShippedField("client.name", "Client", FieldType.TEXT, required=True),
    ShippedField("client.code", "Client's code", FieldType.TEXT),
    ShippedField("contact.name", "Contact", FieldType.TEXT, personal=True),
    ShippedField("contact.email", "Contact's e-mail", FieldType.EMAIL, personal=True),
)


def publish_recorded_request(
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
        name="Recorded request",
        purpose="Decide who owns a request that a client made by phone, by e-mail or in a meeting, "
        "and open it.",
        outcome="The agreed work is delivered, and the client sees it in the portal.",
        runbook="A run that stops has an exception: fill in what is missing, then resolve it. To "
        "roll back, copy an older one.",
        owner=owner,
        backup=backup,
        metric="Recorded requests that are answered within their SLA",
        may_change=["Throughline: requests and briefs"],
        system_of_record="Throughline",
        feels_first="Account managers",
    )
    version = save_draft(
        flow, "", "{request.title}", FIELDS, action=ACTION, criteria=CRITERIA, by=by, at=at
    )
    Trigger.objects.create(version=version, kind=KIND)
    Rule.objects.create(
        version=version, position=1, name="Every recorded request", team=team, account_first=True
    )
    return publish_shipped(version, by=by, at=at, reason=WHY)
