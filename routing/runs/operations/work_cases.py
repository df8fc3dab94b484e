"""
Exceptions about work where no step of a run stopped: something that was to follow from it failed
outside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from routing.cover.absences import Absence
from routing.cover.agency import Agency
from routing.kernel.reasons import Reason
from routing.kernel.sql import run as sql
from routing.messages.models import Notification
from routing.messages.operations import tell_owners
from routing.people.actors import Actor
from routing.people.staff import User
from routing.runs.exceptions import ExceptionCase, ExceptionRoute
from routing.runs.models import Run
from routing.runs.timeboxes import start_timeboxes
from routing.work.creation import create
from routing.work.items import WorkItem

log = structlog.get_logger(__name__)
Taker = ExceptionRoute.Taker
ONE_AT_A_TIME = 7_203_005
Pair = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class WorkFailure:
    """
    Failure that concerns some work. ``evidence`` is JSON without secrets. ``about`` describes it
    briefly if no work is known.

    ``owners``: owner and backup who come before those of exception routing.
    """

    reason: Reason
    evidence: Mapping[str, Any] = field(default_factory=dict)
    item: WorkItem | None = None
    run: Run | None = None
    about: str = ""
    owners: Pair = (None, None)


def raise_for_work(finding: WorkFailure, *, at: datetime) -> ExceptionCase | None:
    """
    An exception that blocks no step, owned by whom the exception map says, with its timebox; one
    that is open for the same is kept.

    The same is: this reason for the work item, without one for the run, without either for the
    connection that the evidence names. None where one was open, or nobody active could own it,
    which is logged. Call it in the transaction that found out.
    """
    sql("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
    work = finding.item or (finding.run.item if finding.run else None)
    evidence = {**finding.evidence, **({"work": work.ref} if work else {})}
    if (
        open_cases(finding.run, finding.item, str(evidence.get("connection", "")))
        .filter(reason=finding.reason)
        .exists()
    ):
        return None
    route = ExceptionRoute.objects.filter(reason=finding.reason).first()
    pair = _pair(finding, route.taker if route else Taker.AGENCY, at)
    if pair is None:
        log.error(
            "a failure needs a person, and nobody active could own it",
            action="work_case",
            reason=finding.reason.value,
        )
        return None
    item = WorkItem(
        title=f"{finding.reason.label}: {work.ref if work else finding.about}"[:200],
        client_id=work.client_id if work else None,
        run_id=finding.run.pk if finding.run else work.run_id if work else None,
        parent=work,
        team_id=work.team_id if work else None,
        owner_id=pair[0],
        backup_id=pair[1],
        priority=WorkItem.Priority.HIGH,
    )
    case = ExceptionCase(
        item=item, reason=finding.reason, run_id=item.run_id, blocking=False, evidence=evidence
    )
    [made] = create([case], by=Actor.system(), at=at)
    if route and route.timebox_minutes:
        start_timeboxes([made], {route.reason: route.timebox_minutes}, at)
    tell_owners([made.item], Notification.Words.EXCEPTION, by=Actor.system(), at=at)
    return made


def open_cases(run: Run | None, item: WorkItem | None, connection: str) -> Any:
    """
    The open exceptions of this kind about a work item, without one about a run, without either
    about a connection (its slug).
    """
    found = ExceptionCase.objects.filter(
        state__in=ExceptionCase.open_states, step="", blocking=False
    )
    work = item or (run.item if run else None)
    if work is not None:
        return found.filter(item__parent=work)
    return found.filter(run=None, evidence__connection=connection, evidence__work__isnull=True)


def _pair(finding: WorkFailure, taker: str, at: datetime) -> tuple[int, int] | None:
    """
    The first pair of which both are active: whom the map says, then whoever owns the work, then the
    agency's; who is there first.
    """
    run = finding.run or (finding.item.run if finding.item else None)
    agency, item = Agency.objects.first(), finding.item or (run.item if run else None)
    policy: Pair = (run.flow.owner_id, run.flow.backup_id) if run else (None, None)
    work: Pair = (item.owner_id, item.backup_id) if item else (None, None)
    default: Pair = (agency.owner_id, agency.backup_id) if agency else (None, None)
    first = {Taker.POLICY: policy, Taker.WORK: work}.get(Taker(taker), default)
    pairs = (finding.owners, first, work, default)
    active = set(
        User.objects.filter(
            pk__in=[user for pair in pairs for user in pair if user], is_active=True
        ).values_list("pk", flat=True)
    )
    found = next(
        (
            (owner, backup)
            for owner, backup in pairs
            if owner in active and backup in active and owner and backup
        ),
        None,
    )
    away = set(
        Absence.objects.at(at).filter(user__in=found or ()).values_list("user_id", flat=True)
    )
    return (found[1], found[0]) if found and found[0] in away and found[1] not in away else found
