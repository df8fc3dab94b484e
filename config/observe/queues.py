"""Metrics of the queues in the database. Every process reports the same."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError, connection
from django.db.models import Min, QuerySet
from django.utils import timezone
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily

from integrations.models import Outbound
from routing.models import Clock, Dispatch, ExceptionCase, RunStep

MOST = 100_000  # counting stops here, so that a scrape stays cheap when a queue is long
FRESH_S = 5


@dataclass(frozen=True, slots=True)
class QueueCounts:
    events: int
    quarantined: int
    oldest_s: float  # since the oldest due event became due
    steps: int
    exceptions: int
    unnotified: int  # clocks
    oldest_clock_s: float  # since the oldest clock should have been escalated
    outgoing: int
    dead: int


def look(now: datetime) -> QueueCounts:
    """Read all figures. Each statement uses a partial index of open rows."""
    queue = Dispatch.objects.filter(parked_reason="")
    oldest = queue.aggregate(at=Min("due_at"))["at"]
    woke = Clock.objects.aggregate(at=Min("wakes_at"))["at"]
    return QueueCounts(
        events=_count(queue),
        quarantined=_count(Dispatch.objects.exclude(parked_reason="")),
        oldest_s=max(0.0, (now - oldest).total_seconds()) if oldest else 0.0,
        steps=_count(RunStep.objects.due(now)),
        exceptions=_count(
            ExceptionCase.objects.filter(state__in=sorted(ExceptionCase.open_states))
        ),
        unnotified=_count(Clock.objects.exclude(trouble="")),
        oldest_clock_s=max(0.0, (now - woke).total_seconds()) if woke else 0.0,
        outgoing=_count(Outbound.objects.filter(state__in=Outbound.workable, due_at__lte=now)),
        dead=_count(Outbound.objects.dead()),
    )


def _count(
    rows: QuerySet[Dispatch]
    | QuerySet[RunStep]
    | QuerySet[ExceptionCase]
    | QuerySet[Clock]
    | QuerySet[Outbound],
) -> int:
    return rows.order_by()[:MOST].count()


class Figures:
    """A Prometheus collector that reads the database at most every few seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looked_at = float("-inf")
        self._found: QueueCounts | None = None

    def collect(self) -> Iterator[Metric]:
        found = self._fresh()
        yield _gauge(
            "throughline_queues_readable",
            "1 while the database answers; without it the other figures are left out.",
            bool(found),
        )
        if found is None:
            return
        yield _gauge(
            "throughline_events_waiting",
            "Captured events that have not been routed to a flow.",
            found.events,
        )
        yield _gauge(
            "throughline_events_parked",
            "Failed events in quarantine, waiting for a person.",
            found.quarantined,
        )
        yield _gauge(
            "throughline_oldest_due_event_seconds",
            "How long the oldest due event has been due.",
            found.oldest_s,
        )
        yield _gauge(
            "throughline_steps_due", "Steps of runs that a worker could take now.", found.steps
        )
        yield _gauge("throughline_exceptions_open", "Unresolved exceptions.", found.exceptions)
        yield _gauge(
            "throughline_clocks_untold",
            "Clocks for which the last sweep could notify nobody.",
            found.unnotified,
        )
        yield _gauge(
            "throughline_oldest_waking_clock_seconds",
            "How long the sweep of clocks is behind.",
            found.oldest_clock_s,
        )
        yield _gauge(
            "throughline_outgoing_due",
            "Outbox messages that a worker could send now.",
            found.outgoing,
        )
        yield _gauge(
            "throughline_outgoing_dead", "Failed outbox messages, waiting for a person.", found.dead
        )

    def _fresh(self) -> QueueCounts | None:
        # One thread reads, while others that scrape wait for its figures.
        with self._lock:
            if time.monotonic() - self._looked_at >= FRESH_S:
                try:
                    self._found = look(timezone.now())
                except DatabaseError:
                    connection.close()
                    self._found = None
                self._looked_at = time.monotonic()
            return self._found


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=float(value))


_registry = CollectorRegistry()
_registry.register(Figures())


def text() -> bytes:
    return generate_latest(_registry)
