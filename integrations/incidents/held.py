"""What an incident holds up: outbox messages, and events of the flows that it paused."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from integrations.base.connections import Connection
from integrations.incidents.models import Incident, IncidentMessage
from integrations.outbox.models import Outbound
from routing.flows.models import Flow, Trigger
from routing.models import HeldEvent, WorkItem
from routing.runs.held_events import HeldEventQuerySet

State = Outbound.State
AT_ONCE = 2000  # messages that one sweep adds, so that it stays short


@dataclass(frozen=True, slots=True)
class HeldCounts:
    """Numbers of messages and events that waited, and of those that wait no longer."""

    held: int
    released: int


def waiting(connection: Connection, at: datetime) -> QuerySet[Outbound]:
    """Return the messages of a connection that could have been sent, or were tried in vain."""
    tried = Q(state__in=Outbound.tried_again) | Q(state=State.LEASED, attempts__gt=1)
    rows = Outbound.objects.filter(connection=connection)
    return rows.filter(tried | Q(state=State.PENDING, due_at__lte=at))


def note_held(incident: Incident, *, at: datetime) -> int:
    """Note the messages that wait now and are not noted yet. Return how many there were."""
    if incident.connection is None:
        return 0
    known = IncidentMessage.objects.filter(incident=incident, outbound=OuterRef("pk"))
    new = waiting(incident.connection, at).filter(~Exists(known)).order_by("pk")
    rows = [
        IncidentMessage(incident=incident, outbound_id=pk, found_at=at)
        for pk in new.values_list("pk", flat=True)[:AT_ONCE]
    ]
    IncidentMessage.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def messages_of(incident: Incident) -> QuerySet[Outbound]:
    """Return the messages that waited during the incident."""
    return Outbound.objects.filter(incidents__incident=incident)


def events_of(incident: Incident) -> HeldEventQuerySet:
    """Return the events that waited for flows which the incident paused."""
    return HeldEvent.objects.filter(switch_off__incident_pause__incident=incident)


def counts_of(incident: Incident) -> HeldCounts:
    """Return how much the incident held, and how much of that waits no longer."""
    messages, events = messages_of(incident), events_of(incident)
    held = messages.count() + events.count()
    left = messages.filter(state__in=Outbound.workable).count() + events.waiting().count()
    return HeldCounts(held, held - left)


def work_held(incident: Incident) -> QuerySet[WorkItem]:
    """Return the open work whose messages wait because of the incident."""
    still = messages_of(incident).filter(state__in=Outbound.workable)
    return _work_of(still).filter(is_open=True)


def work_of(incident: Incident) -> QuerySet[WorkItem]:
    """Return the work whose messages waited during the incident."""
    return _work_of(messages_of(incident))


def _work_of(messages: QuerySet[Outbound]) -> QuerySet[WorkItem]:
    own = messages.filter(item__isnull=False).values("item")
    runs = messages.filter(item=None, run__isnull=False).values("run__item")
    return WorkItem.objects.filter(Q(pk__in=own.order_by()) | Q(pk__in=runs.order_by()))


def flows_of(incident: Incident) -> Sequence[Flow]:
    """
    Return the flows that the incident concerns: those that the system's events start, and those
    whose messages to it wait.
    """
    connection = incident.connection
    if connection is None:
        return []
    found: set[int] = set(_started_by(connection))
    messages = messages_of(incident).filter(run__isnull=False).order_by()
    found.update(messages.values_list("run__flow", flat=True).distinct())
    return list(Flow.objects.filter(pk__in=found).select_related("owner").order_by("pk"))


def _started_by(connection: Connection) -> Collection[int]:
    # Events do not say in their kind by which of two connections they came. One that is used only
    # where it is named does not pause what the others start.
    if connection.setting("only_by_name", False):
        return ()
    kind = f"{connection.kind}."
    live = Trigger.objects.live().filter(kind__startswith=kind)
    return set(live.values_list("version__flow", flat=True))
