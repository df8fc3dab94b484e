"""The same event sent again with different content: kept apart, and shown to a person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import structlog

from routing.actors import Actor
from routing.creation import create
from routing.models.agency import Agency
from routing.models.events import Event
from routing.models.exceptions import ExceptionCase
from routing.models.messages import Notification
from routing.models.runs import Run
from routing.models.work import WorkItem
from routing.operations.notify import tell_owners
from routing.reasons import Reason
from routing.statements import run as sql

log = structlog.get_logger(__name__)
ONE_AT_A_TIME = 7_203_004


def raise_conflicts(conflicts: Mapping[int, str], *, at: datetime) -> list[ExceptionCase]:
    """
    One exception for each event that came again with another body, however often that is repeated; nothing waits for it.

    It belongs to the run that the event is part of, or to the agency. Call it in the transaction that captures.

    :param conflicts: the other body's digest, by event id
    """
    sql("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
    known = ExceptionCase.objects.filter(reason=Reason.CONFLICTING_DUPLICATE, state__in=ExceptionCase.open_states)
    told = set(known.filter(evidence__event__in=list(conflicts)).values_list("evidence__event", flat=True))
    cases = [case for event in Event.objects.filter(pk__in=set(conflicts) - told) if (case := _case(event, conflicts[event.pk]))]
    made = create(cases, by=Actor.system(), at=at)
    tell_owners([case.item for case in made], Notification.Words.EXCEPTION, by=Actor.system(), at=at)
    return made


def _case(event: Event, digest: str) -> ExceptionCase | None:
    run = Run.objects.filter(run_events__event=event).select_related("item").first()
    about, agency = (run.item, None) if run else (None, Agency.objects.first())
    if about is None and agency is None:
        log.error("conflicting event belongs to nobody: name an agency", action="conflict", event_id=event.pk)
        return None
    item = WorkItem(
        title=f"{Reason.CONFLICTING_DUPLICATE.label}: {event.subject_type} {event.subject_id}"[:200],
        client_id=about.client_id if about else None,
        run=run,
        parent=about,
        team_id=about.team_id if about else agency and agency.team_id,
        owner_id=about.owner_id if about else agency and agency.owner_id,
        backup_id=about.backup_id if about else agency and agency.backup_id,
    )
    evidence = {"event": event.pk, "source": event.source, "kind": event.kind, "recorded": event.digest, "sent": digest}
    return ExceptionCase(item=item, reason=Reason.CONFLICTING_DUPLICATE, run=run, blocking=False, evidence=evidence)
