"""An incident as ``manage.py incident`` prints it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from integrations.incidents.models import Incident
from integrations.incidents.operations.pausing import paused_flows
from integrations.incidents.radius import BlastRadius, blast_radius, told_of
from routing.people.actors import Actor


def incident_json(incident: Incident, by: Actor) -> dict[str, Any]:
    """Return the keys of one incident. ``affected`` has what ``by`` may see of the work."""
    item, found = incident.item, blast_radius(incident, by)
    return {
        "ref": item.ref,
        "title": item.title,
        "cause": incident.cause,
        "severity": incident.severity,
        "state": incident.state,
        "signal": incident.signal,
        "connection": incident.connection.slug if incident.connection else None,
        "owner": item.owner.email if item.owner else None,
        "backup": item.backup.email if item.backup else None,
        "began_at": utc(incident.began_at),
        "noticed_at": utc(incident.noticed_at),
        "noticed_s": _between(incident.began_at, incident.noticed_at),
        "acknowledged_s": _between(incident.noticed_at, incident.acknowledged_at),
        "recovered_s": _between(incident.noticed_at, incident.recovered_at),
        "joined": incident.joined,
        "told": told_of(incident),
        "affected": _affected(found),
        "paused_flows": paused_flows(incident),
        "held": found.counts.held,
        "released": found.counts.released,
        "canary": _canary(incident),
    }


def utc(at: datetime | None) -> str | None:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}" if at else None


def _between(start: datetime, end: datetime | None) -> float | None:
    return round((end - start).total_seconds(), 3) if end else None


def _affected(found: BlastRadius) -> dict[str, Any]:
    return {
        "owners": [owner.email for owner in found.owners],
        "clients": [client.code for client in found.clients],
        "work": [item.ref for item in found.work],
        "work_count": found.work_count,
        "flows": [flow.slug for flow in found.flows],
        "messages": found.messages,
        "events": found.events,
        "waiting": found.waiting,
    }


def _canary(incident: Incident) -> dict[str, Any] | None:
    if incident.canary_at is None:
        return None
    return {
        "at": utc(incident.canary_at),
        "passed": bool(incident.canary_passed),
        "said": incident.canary_said,
    }
