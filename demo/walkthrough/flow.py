"""
The walkthrough's own flows, with policies of their own.

The flow for deals has SLA targets of seconds, so a warning can be watched without editing any row.
The flow for phone calls has targets of hours, so nothing but the steps themselves notifies anybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import transaction

from delivery.flows import lead_to_brief, recorded_request
from delivery.flows.drafts import ShippedField
from delivery.progress.operations import recording
from demo.walkthrough.people import WHY, Cast, by
from routing.flows.operations import publish_shipped
from routing.flows.rules import Rule
from routing.kernel.sql import run as sql
from routing.models import Client, Flow, FlowField, FlowVersion, SLAPolicy, Target, Trigger
from routing.people.saving import save_with_reason
from routing.sla.operations.calendars import save_policy

LOCK = 7_203_040  # while creating what all walkthroughs share
SLUG = "walkthrough"
DESK = f"{SLUG}-desk"
# The number of the simulated account. Only its deals start this flow, and they start no other.
PORTAL = 990_099
# Between levels above a breach, so that a failed walkthrough does not notify everybody at once.
HOUR = timedelta(hours=1)
# kind, purpose, seconds, states in which the target is met
TARGETS = (
    ("exceptioncase", "resolution", 6, ["resolved", "dismissed"]),
    ("request", "triage", 120, ["triaged", "accepted", "in_delivery", "delivered", "closed"]),
    ("request", "resolution", 170, ["delivered", "closed"]),
    ("brief", "approval", 120, ["approved"]),
    ("deliverable", "delivery", 170, ["approved", "publishing", "live", "handed_over"]),
)


TARGETS_BY_PHONE = (("request", "triage", 4 * 3600, ["triaged", "accepted", "closed"]),)
RUNBOOK = (
    "Its runs are simulated. Run `manage.py walkthrough` again. Runs of an interrupted walkthrough "
    "can be cancelled."
)


@contextmanager
def alone() -> Iterator[None]:
    """Keep other walkthroughs from creating the same people and flows."""
    with transaction.atomic():
        sql("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        yield


def ensure_flow(cast: Cast, at: datetime) -> None:
    """
    Publish the flow for deals once. Later, only its policy owners are updated.

    Call it while ``alone``, because walkthroughs share the flow.
    """
    _policy(SLUG, "Walkthrough (seconds)", TARGETS, cast, at)
    if _is_there(SLUG, cast, at):
        return
    flow = Flow(
        slug=SLUG,
        name="Walkthrough",
        purpose="Show a complete job on the running product: manage.py walkthrough.",
        outcome="The page is live and proven, and the deal in the simulated CRM says so.",
        runbook=RUNBOOK,
    )
    version = FlowVersion(
        action="delivery.open_request",
        template=lead_to_brief.TEMPLATE,
        title="{deal.name}",
        policy=SLUG,
    )
    trigger = Trigger(kind="hubspot.deal.creation", field="portalId", value=str(PORTAL))
    _publish(flow, version, trigger, lead_to_brief.FIELDS, cast, at)


def ensure_desk_flow(cast: Cast, client: Client, at: datetime) -> None:
    """Publish the flow for phone calls of the walkthrough's client once, as ``ensure_flow``."""
    _policy(DESK, "Walkthrough (hours)", TARGETS_BY_PHONE, cast, at)
    slug = f"{DESK}-{client.pk}"
    if _is_there(slug, cast, at):
        return
    flow = Flow(
        slug=slug,
        name=f"Walkthrough: calls of {client.code}",
        purpose="Show a request by phone on the running product: manage.py walkthrough.",
        outcome="The request has an owner and a trace.",
        runbook=RUNBOOK,
    )
    version = FlowVersion(action=recorded_request.ACTION, title="{request.title}", policy=DESK)
    trigger = Trigger(kind=recording.KIND, field=recording.CLIENT, value=str(client.pk))
    _publish(flow, version, trigger, recorded_request.FIELDS, cast, at)


def _is_there(slug: str, cast: Cast, at: datetime) -> bool:
    """Return whether there is such a flow, and update its policy owners."""
    flow = Flow.objects.filter(slug=slug).first()
    if flow is None:
        return False
    if (flow.owner_id, flow.backup_id) != (cast.lead.pk, cast.second.pk):
        flow.owner, flow.backup = cast.lead, cast.second
        save_with_reason(flow, by=by(cast.lead), at=at, reason=WHY)
    return True


def _policy(
    slug: str,
    name: str,
    wanted: Sequence[tuple[str, str, int, list[str]]],
    cast: Cast,
    at: datetime,
) -> None:
    if SLAPolicy.objects.filter(slug=slug).exists():
        return
    targets = [
        Target(
            kind=kind,
            purpose=purpose,
            worktime=timedelta(seconds=seconds),
            met_in=met,
            warn_percent=50,
            escalate_every=HOUR,
        )
        for kind, purpose, seconds, met in wanted
    ]
    policy = SLAPolicy(slug=slug, name=name, calendar_source=SLAPolicy.Source.ALWAYS)
    save_policy(policy, by=by(cast.lead), at=at, targets=targets, reason=WHY)


def _publish(
    flow: Flow,
    version: FlowVersion,
    trigger: Trigger,
    fields: Sequence[ShippedField],
    cast: Cast,
    at: datetime,
) -> None:
    flow.owner, flow.backup = cast.lead, cast.second
    save_with_reason(flow, by=by(cast.lead), at=at, reason=WHY)
    version.flow, version.number = flow, 1
    save_with_reason(version, by=by(cast.lead), at=at, reason=WHY)
    trigger.version = version
    trigger.save()
    FlowField.objects.bulk_create(
        [
            FlowField(
                version=version,
                name=field.name,
                label=field.label,
                type=field.type.value,
                required=field.required,
                personal=field.personal,
                choices=list(field.choices),
                position=place,
            )
            for place, field in enumerate(fields)
        ]
    )
    Rule.objects.create(
        version=version, position=1, name="Everything", team=cast.team, account_first=True
    )
    publish_shipped(version, by=by(cast.lead), at=at, reason=WHY)
