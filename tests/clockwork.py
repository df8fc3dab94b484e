"""Short ways to speak of clocks in tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from delivery.models import Request
from routing.models import Clock, WorkItem

HOUR, ZERO = timedelta(hours=1), timedelta()


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant of November 2026, UTC; the 23rd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def fresh(request: Request) -> WorkItem:
    return WorkItem.objects.get(pk=request.item_id)


def clock_of(request: Request, purpose: str = "triage") -> Clock:
    return Clock.objects.select_related("item").get(item=request.item_id, purpose=purpose)
