"""Publishing of the shipped flows: each once, and none beside a flow that a person made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from delivery.flows import client_change, client_request, lead_to_brief, recorded_request
from delivery.progress.operations import recording
from delivery.progress.operations.changes import FLOW
from delivery.progress.operations.submissions import CHANGE, KIND
from routing.cover.agency import Agency
from routing.flows.models import Flow, FlowVersion, Trigger
from routing.people.actors import Actor


def ensure_request_flows(*, at: datetime) -> Sequence[FlowVersion]:
    """
    Publish the missing flows of the portal and the desk, and return their versions.

    They belong to the agency's default owner, backup and team, and can be changed at the desk like
    any other flow.
    """
    agency = Agency.objects.select_related("team", "owner", "backup").first()
    # Without an agency there is nobody who could own the flows or the requests.
    if agency is None:
        return ()
    owned: dict[str, Any] = {
        "owner": agency.owner,
        "backup": agency.backup,
        "team": agency.team,
        "by": Actor.system(),
        "at": at,
    }
    made = []
    if not _has_flow(client_request.SLUG, KIND):
        made.append(client_request.publish_client_request(**owned))
    if not _has_flow(FLOW, CHANGE):
        made.append(client_change.publish_client_change(**owned))
    if not _has_flow(recorded_request.SLUG, recording.KIND):
        made.append(recorded_request.publish_recorded_request(**owned))
    return made


def ensure_lead_flow(*, at: datetime) -> FlowVersion | None:
    """Publish the flow Lead to brief, or return None if another flow handles its events."""
    agency = Agency.objects.select_related("team", "owner", "backup").first()
    kinds = {kind for kind, _field, _value in lead_to_brief.TRIGGERS}
    if agency is None or _has_flow(lead_to_brief.SLUG, *kinds):
        return None
    return lead_to_brief.publish_lead_to_brief(
        owner=agency.owner,
        backup=agency.backup,
        high_value=agency.team,
        usual=agency.team,
        by=Actor.system(),
        at=at,
    )


def _has_flow(slug: str, *kinds: str) -> bool:
    """Return whether there is a flow of this name, or a live one for these kinds of events."""
    # A draft of this name counts as well: somebody is working on it.
    taken = Trigger.objects.live().filter(kind__in=kinds)
    return Flow.objects.filter(slug=slug).exists() or taken.exists()
