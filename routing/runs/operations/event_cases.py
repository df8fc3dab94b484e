"""
Exceptions about an event itself, where no step of a run stopped: it came again differently, or
cannot be dealt with.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog

from routing.cover.agency import Agency
from routing.kernel.events import Event
from routing.kernel.reasons import Reason
from routing.kernel.sql import run as sql
from routing.messages.models import Notification
from routing.messages.operations import tell_owners
from routing.people.actors import Actor
from routing.people.staff import User
from routing.runs.exceptions import ExceptionCase
from routing.runs.models import Run
from routing.work.creation import create
from routing.work.items import WorkItem

log = structlog.get_logger(__name__)
ONE_AT_A_TIME = 7_203_004


def raise_for_events(
    reason: Reason, evidence: Mapping[int, Mapping[str, Any]], *, at: datetime
) -> list[ExceptionCase]:
    """
    An exception for each event, which blocks nothing; one a run and reason, however many events or
    repeats there are.

    It belongs to whoever owns the event's open run, else to the agency. It never fails intake:
    where nobody active could own it, that is logged. Call it in the transaction that found out.

    :param evidence: JSON by event id
    """
    sql("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
    open_cases = ExceptionCase.objects.filter(reason=reason, state__in=ExceptionCase.open_states)
    reported = set(
        open_cases.filter(evidence__event__in=list(evidence)).values_list(
            "evidence__event", flat=True
        )
    )
    runs = set(open_cases.filter(run__isnull=False, step="").values_list("run_id", flat=True))
    cases = []
    for event in Event.objects.filter(pk__in=set(evidence) - reported).order_by("pk"):
        run = (
            Run.objects.filter(run_events__event=event, item__is_open=True)
            .select_related("item__client")
            .first()
        )
        if run is None or run.pk not in runs:
            cases += _case(event, reason, run, evidence[event.pk])
            runs |= {run.pk} if run else set()
    made = create(cases, by=Actor.system(), at=at)
    tell_owners(
        [case.item for case in made], Notification.Words.EXCEPTION, by=Actor.system(), at=at
    )
    return made


def _case(
    event: Event, reason: Reason, run: Run | None, evidence: Mapping[str, Any]
) -> list[ExceptionCase]:
    agency = Agency.objects.first()
    pairs = [(run.item.owner_id, run.item.backup_id)] if run else []
    pairs += [(agency.owner_id, agency.backup_id)] if agency else []
    active = set(
        User.objects.filter(
            pk__in=[user for pair in pairs for user in pair if user], is_active=True
        ).values_list("pk", flat=True)
    )
    pair = next((pair for pair in pairs if set(pair) <= active), None)
    if pair is None:
        log.error(
            "an event needs a person, and nobody active could own it",
            action="event_case",
            event_id=event.pk,
            reason=reason.value,
        )
        return []
    item = WorkItem(
        title=f"{reason.label}: {event.subject_type} {event.subject_id}"[:200],
        client=run.item.client if run else None,
        run=run,
        parent=run.item if run else None,
        team_id=run.item.team_id if run else agency.team_id if agency else None,
        owner_id=pair[0],
        backup_id=pair[1],
    )
    reported = {"event": event.pk, "source": event.source, "kind": event.kind, **evidence}
    return [ExceptionCase(item=item, reason=reason, run=run, blocking=False, evidence=reported)]
