"""
The flows that are shipped, published for an agency of one's own: each once, and none beside one
that a person made.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from delivery.flows import client_change, client_request, lead_to_brief
from delivery.progress.operations.changes import FLOW
from delivery.progress.operations.submissions import CHANGE, KIND
from routing.cover.agency import Agency
from routing.flows.models import Flow, FlowVersion, Trigger
from routing.people.actors import Actor


def ensure_portal_flows(*, at: datetime) -> Sequence[FlowVersion]:
    """
    Let what clients ask for in the portal become requests; what was published now. Without an
    agency nothing is, nor beside a draft.

    They belong to the agency's default pair and team, and may be changed at the desk like any flow.
    """
    agency = Agency.objects.select_related("team", "owner", "backup").first()
    if agency is None:
        return ()
    pair: dict[str, Any] = {
        "owner": agency.owner,
        "backup": agency.backup,
        "team": agency.team,
        "by": Actor.system(),
        "at": at,
    }
    made = []
    if not _has_flow(client_request.SLUG, KIND):
        made.append(client_request.publish_client_request(**pair))
    if not _has_flow(FLOW, CHANGE):
        made.append(client_change.publish_client_change(**pair))
    return made


def ensure_lead_flow(*, at: datetime) -> FlowVersion | None:
    """
    Let deals become briefs, if no flow takes any of what starts it; None if nothing was published.
    """
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
    """
    Return whether these events are already handled, by a flow of this name (drafts included) or one
    that takes them.
    """
    taken = Trigger.objects.filter(kind__in=kinds, version__in=FlowVersion.objects.live())
    return Flow.objects.filter(slug=slug).exists() or taken.exists()
