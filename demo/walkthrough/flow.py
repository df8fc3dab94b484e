"""
The walkthrough's own flow and its promises, which are seconds: so that a warning can be watched,
and no row need be edited.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from delivery.flows.lead_to_brief import FIELDS, TEMPLATE
from demo.walkthrough.people import WHY, Cast, by
from routing.flows.operations import publish
from routing.flows.rules import Rule
from routing.models import Flow, FlowField, FlowVersion, SLAPolicy, Target, Trigger
from routing.people.saving import save_with_reason
from routing.sla.operations.calendars import save_policy

SLUG = "walkthrough"
# The number of the play account: only its deals start this flow, and they start no other.
PORTAL = 990_099
# Between the rungs above a breach: a walkthrough that broke wakes nobody at once.
HOUR = timedelta(hours=1)
# kind, purpose, seconds, met in
PROMISES = (
    ("exceptioncase", "resolution", 6, ["resolved", "dismissed"]),
    ("request", "triage", 120, ["triaged", "accepted", "in_delivery", "delivered", "closed"]),
    ("request", "resolution", 170, ["delivered", "closed"]),
    ("brief", "approval", 120, ["approved"]),
    ("deliverable", "delivery", 170, ["approved", "publishing", "live", "handed_over"]),
)


def ensure_flow(cast: Cast, at: datetime) -> None:
    """
    Publish the flow once; later only its policy owners follow the cast. Call it where no other
    walkthrough's is beside.
    """
    _policy(cast, at)
    flow = Flow.objects.filter(slug=SLUG).first()
    if flow is None:
        _publish(cast, at)
    elif (flow.owner_id, flow.backup_id) != (cast.lead.pk, cast.second.pk):
        flow.owner, flow.backup = cast.lead, cast.second
        save_with_reason(flow, by=by(cast.lead), at=at, reason=WHY)


def _policy(cast: Cast, at: datetime) -> None:
    if SLAPolicy.objects.filter(slug=SLUG).exists():
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
        for kind, purpose, seconds, met in PROMISES
    ]
    policy = SLAPolicy(
        slug=SLUG, name="Walkthrough (seconds)", calendar_source=SLAPolicy.Source.ALWAYS
    )
    save_policy(policy, by=by(cast.lead), at=at, targets=targets, reason=WHY)


def _publish(cast: Cast, at: datetime) -> None:
    flow = Flow(
        slug=SLUG,
        name="Walkthrough",
        purpose="Show one whole job on a running product: manage.py walkthrough.",
        outcome="The page is live and proven, and the play CRM's deal says so.",
        runbook="Its runs are play. Run `manage.py walkthrough` again; what an interrupted one "
        "left may be called off.",
        owner=cast.lead,
        backup=cast.second,
    )
    save_with_reason(flow, by=by(cast.lead), at=at, reason=WHY)
    version = FlowVersion(
        flow=flow,
        number=1,
        action="delivery.open_request",
        template=TEMPLATE,
        title="{deal.name}",
        policy=SLUG,
    )
    save_with_reason(version, by=by(cast.lead), at=at, reason=WHY)
    Trigger.objects.create(
        version=version, kind="hubspot.deal.creation", field="portalId", value=str(PORTAL)
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
            for place, (name, label, kind, required, personal, _choices) in enumerate(FIELDS)
        ]
    )
    Rule.objects.create(
        version=version, position=1, name="Everything", team=cast.team, account_first=True
    )
    publish(version, by=by(cast.lead), at=at, reason=WHY)
