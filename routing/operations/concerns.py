"""Exceptions about one piece of work, which stop no step of a run: somebody must look, and the map says who."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from routing.actors import Actor
from routing.creation import create
from routing.models.absences import Absence
from routing.models.agency import Agency
from routing.models.exceptions import ExceptionCase, ExceptionRoute
from routing.models.messages import Notification
from routing.models.runs import Run
from routing.models.work import WorkItem
from routing.operations.exceptions import route_of
from routing.operations.notify import tell_owners
from routing.operations.timeboxes import start_timeboxes
from routing.reasons import Reason


@dataclass(frozen=True, slots=True)
class Concern:
    """What about a work item only a person can settle. ``evidence`` is JSON, without secrets and without personal data."""

    item: WorkItem
    reason: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


def raise_about(concerns: Sequence[Concern], *, at: datetime) -> list[ExceptionCase]:
    """
    Open a case below each work item, owned by whom the map says, and tell them. Call it in the transaction that causes it.

    One that is open already for the same item and reason is not raised twice.

    :raises NoRoute: if the map has no route for a reason
    """
    open_now = ExceptionCase.objects.filter(item__parent__in=[c.item.pk for c in concerns], state__in=ExceptionCase.open_states)
    known = set(open_now.values_list("item__parent_id", "reason"))
    fresh = [concern for concern in concerns if (concern.item.pk, concern.reason) not in known]
    if not fresh:
        return []
    routes = {route.reason: route for route in ExceptionRoute.objects.all()}
    away = set(Absence.objects.at(at).values_list("user_id", flat=True))
    runs = Run.objects.select_related("flow").in_bulk({c.item.run_id for c in fresh if c.item.run_id})
    agency, by = Agency.objects.first(), Actor.system()
    made = create([_case(c, route_of(routes, c.reason), runs.get(c.item.run_id or 0), agency, away) for c in fresh], by=by, at=at)
    start_timeboxes(made, {reason: route.timebox_minutes for reason, route in routes.items()}, at)
    tell_owners([case.item for case in made], Notification.Words.EXCEPTION, by=by, at=at)
    return made


def _case(concern: Concern, route: ExceptionRoute, run: Run | None, agency: Agency | None, away: set[int]) -> ExceptionCase:
    about = concern.item
    owner, backup = about.owner_id, about.backup_id
    if route.taker == ExceptionRoute.Taker.POLICY and run is not None:
        owner, backup = run.flow.owner_id, run.flow.backup_id
    elif route.taker == ExceptionRoute.Taker.AGENCY and agency is not None:
        owner, backup = agency.owner_id, agency.backup_id
    if owner in away and backup not in away:
        owner, backup = backup, owner  # whoever is there can act on it now
    item = WorkItem(
        title=f"{Reason(concern.reason).label}: {about.ref}"[:200],
        client_id=about.client_id,
        run_id=about.run_id,
        parent=about,
        team_id=about.team_id,
        owner_id=owner,
        backup_id=backup,
        priority=WorkItem.Priority.HIGH,
    )
    return ExceptionCase(item=item, reason=concern.reason, run=run, blocking=False, evidence=dict(concern.evidence))
