"""The sweep of incidents: look for trouble, and keep up with what the open incidents hold up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Count, Exists, Max, Min, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from integrations.base.connections import Connection
from integrations.base.health import OPENS_AFTER
from integrations.incidents.held import note_held, work_held
from integrations.incidents.limits import Limits
from integrations.incidents.models import Incident
from integrations.incidents.operations.leading import recover
from integrations.incidents.operations.opening import (
    Signal,
    Trouble,
    cause_of,
    open_for_breaker,
    open_incident,
    open_of,
)
from integrations.incidents.operations.pausing import pause_flows
from integrations.outbox.heads import heads
from integrations.outbox.models import Attempt, Outbound
from routing.kernel.isolate import isolate
from routing.messages.models import ANY_OPEN, Notification
from routing.messages.operations import write
from routing.people.actors import Actor
from routing.work.door import move

log = structlog.get_logger(__name__)

Outcome = Attempt.Outcome
FAILED = (
    Outcome.TEMPORARY,
    Outcome.UNKNOWN,
    Outcome.DIFFERS,
    Outcome.REFUSED,
    Outcome.PERMANENT,
)
OURS = (Outcome.LOST, Outcome.OVERTAKEN)  # faults of our workers, not of the system
LASTS = timedelta(minutes=1)  # a backlog, before it is an incident
NEAR = 2000  # attempts of all connections, so that the look stays short in a long table


def watch_incidents(*, at: datetime) -> None:
    """
    Open incidents for trouble that nobody has noticed, and tend those that are open.

    It may run twice, or at once with itself: all that it writes is unique.
    """
    for trouble in _unnoticed(at):
        _alone(open_incident_of, trouble, trouble.connection_id, at)
    for connection in _paused_without(at):
        _alone(open_for_breaker, connection, connection.pk, at)
    rows = Incident.objects.filter(state__in=Incident.open_states)
    for row in rows.select_related("item", "connection").order_by("pk"):
        _alone(tend, row, row.pk, at)


def _alone(work: Callable[[Any, datetime], object], about: Any, key: int, at: datetime) -> None:
    """Do one piece of the sweep, so that what fails there stops no other piece."""

    def once(_ids: Sequence[int]) -> int:
        work(about, at)
        return 1

    isolate(once, [key], _left)


def _left(key: int, error: str) -> None:
    log.error("an incident could not be tended", action="watch_incidents", key=key, error=error)


def open_incident_of(trouble: Trouble, at: datetime) -> None:
    """Open the incident of some trouble, or join it once for each way it is noticed."""
    known = open_of(trouble.cause)
    if known is None or trouble.signal not in (known.signal, *known.signals):
        open_incident(trouble, by=Actor.system(), at=at)


def tend(incident: Incident, at: datetime) -> None:
    """Note what an open incident holds up, pause flows, and tell whose work waits."""
    with transaction.atomic():
        if incident.recovered_at is None:  # what passes through a mended connection is not held
            note_held(incident, at=at)
        tell_affected(incident, at=at)
    pause_flows(incident, at=at)
    if _has_recovered(incident, at):
        move(recover, [incident.pk], by=Actor.system(), at=at)


def tell_affected(incident: Incident, *, at: datetime) -> None:
    """
    Notify every owner of work that waits, once for all of their work.

    The page of the incident lists to each of them what of theirs waits.
    """
    owners = work_held(incident).exclude(owner=None).order_by("owner")
    made = [
        Notification(
            recipient_id=owner,
            item_id=incident.item_id,
            words=Notification.Words.AFFECTED,
            while_state=ANY_OPEN,
            party="affected",
            dedupe_key=f"incident:{incident.pk}:affected:{owner}",
            at=at,
        )
        for owner in owners.values_list("owner", flat=True).distinct()
    ]
    write(made, at=at)


def _has_recovered(incident: Incident, at: datetime) -> bool:
    connection = incident.connection
    if connection is None or incident.recovered_at is not None:
        return False
    ok_at = connection.last_ok_at
    fails = connection.failing_since is not None or connection.failures > 0
    return not fails and ok_at is not None and ok_at > incident.last_seen_at


# -- Trouble ---------------------------------------------------------------------------------------


def _paused_without(at: datetime) -> Sequence[Connection]:
    """Return connections whose breaker is open and that have no open incident."""
    known = Incident.objects.filter(connection=OuterRef("pk"), state__in=Incident.open_states)
    paused = Connection.objects.active().filter(paused_until__gt=at, failures__gte=OPENS_AFTER)
    return list(paused.filter(~Exists(known)).order_by("pk"))


def _unnoticed(at: datetime) -> Iterator[Trouble]:
    connections = list(Connection.objects.active().order_by("pk"))
    yield from _errors(connections, at)
    yield from _backlogs(connections, at)


def _errors(connections: Sequence[Connection], at: datetime) -> Iterator[Trouble]:
    """Yield connections of whose recent calls too many failed."""
    by_window: dict[int, list[Connection]] = defaultdict(list)
    for row in connections:
        by_window[Limits.of(row).minutes].append(row)
    newest = Attempt.objects.aggregate(pk=Max("pk"))["pk"] or 0
    for minutes, rows in by_window.items():
        known = {row.pk: row for row in rows}
        start = at - timedelta(minutes=minutes)
        recent = Attempt.objects.filter(
            pk__gt=newest - NEAR,
            ended_at__gt=start,
            outbound__connection__in=known,
        ).exclude(outcome__in=OURS)
        # What failed before the last incident was over is no new trouble.
        recent = recent.filter(ended_at__gt=Coalesce(_over_at(), Value(start)))
        counted = recent.order_by().values("outbound__connection")
        wrong = Q(outcome__in=FAILED)
        values = counted.annotate(
            calls=Count("pk"),
            failed=Count("pk", filter=wrong),
            first=Min("ended_at", filter=wrong),
        )
        for found in values:
            row = known[found["outbound__connection"]]
            if Limits.of(row).has_too_many(found["failed"], found["calls"]):
                yield _errors_of(row, found["failed"], found["calls"], found["first"])


def _over_at() -> Subquery:
    last = Incident.objects.filter(connection=OuterRef("outbound__connection"))
    return Subquery(last.order_by("-noticed_at").values("recovered_at")[:1])


def _errors_of(row: Connection, failed: int, calls: int, first: datetime) -> Trouble:
    words = _("%(name)s: %(failed)s of the last %(calls)s calls failed.")
    what = words % {"name": row.name, "failed": failed, "calls": calls}
    return Trouble(cause_of(row), what, Signal.ERRORS, first, row)


def _backlogs(connections: Sequence[Connection], at: datetime) -> Iterator[Trouble]:
    """
    Yield connections with a message that could have been sent long ago.

    It must have been seen for a minute: after a downtime, workers first need some seconds.
    """
    for row in connections:
        limit = timedelta(minutes=Limits.of(row).backlog_minutes)
        late = heads(at).filter(
            connection=row, state=Outbound.State.PENDING, due_at__lte=at - limit
        )
        oldest = late.order_by("due_at").values_list("due_at", flat=True).first()
        since = _seen_since(row, at, is_late=oldest is not None)
        if oldest is not None and at - since >= LASTS:
            words = _("%(name)s: messages wait longer than %(minutes)s minutes.")
            what = words % {"name": row.name, "minutes": Limits.of(row).backlog_minutes}
            yield Trouble(cause_of(row), what, Signal.BACKLOG, oldest + limit, row)


def _seen_since(row: Connection, at: datetime, *, is_late: bool) -> datetime:
    """Keep since when a backlog has been seen, and return it."""
    since = (row.backlog_since or at) if is_late else None
    if since != row.backlog_since:
        Connection.objects.filter(pk=row.pk).update(backlog_since=since)
    return since or at
