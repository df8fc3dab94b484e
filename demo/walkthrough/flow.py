"""
The walkthrough's own flow, with SLA targets of seconds.

So a warning can be watched without editing any row.
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


def ensure_flow(cast: Cast, at: datetime) -> None:
    """
    Publish the flow once. Later, only its policy owners are updated.

    Call it under a lock, because walkthroughs share the flow.
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
        for kind, purpose, seconds, met in TARGETS
    ]
    policy = SLAPolicy(
        slug=SLUG, name="Walkthrough (seconds)", calendar_source=SLAPolicy.Source.ALWAYS
    )
    save_policy(policy, by=by(cast.lead), at=at, targets=targets, reason=WHY)


def _publish(cast: Cast, at: datetime) -> None:
    flow = Flow(
        slug=SLUG,
        name="Walkthrough",
        purpose="Show a complete job on the running product: manage.py walkthrough.",
        outcome="The page is live and proven, and the deal in the simulated CRM says so.",
        runbook="Its runs are simulated. Run `manage.py walkthrough` again. Runs of an interrupted "
        "walkthrough can be cancelled.",
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
