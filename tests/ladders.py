"""Short ways to speak of ladders in tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from routing.models import Clock, Escalation, Notification, SLAPolicy, User
from routing.sla.operations.clocks import start
from routing.sla.operations.escalate import escalate
from tests.clockwork import at, clock_of
from tests.world import MONDAY, World, make_request

WEEK = [at(day, hour) for day in (23, 24, 25, 26, 27) for hour in range(24)]
# ``triage`` is due on Monday at 17:30 after 8 working hours, is warned of after 6, and then goes up
# every 4.
WARNED, LATE = at(23, 15, 30), at(23, 17, 30)
RUNGS = [at(24, 13), at(24, 17), at(25, 12, 30), at(25, 16, 30)]


def started(world: World, purpose: str = "triage", when: datetime = MONDAY) -> Clock:
    request = make_request(world.acme)
    start([request.item], SLAPolicy.objects.get(), when, purposes={purpose})
    return clock_of(request, purpose)


def levels(clock: Clock) -> list[tuple[int, datetime, bool]]:
    return list(Escalation.objects.filter(clock=clock).values_list("level", "due_at", "caught_up"))


def told(clock: Clock) -> list[tuple[str, User]]:
    """The pair of one level in the order of their ids."""
    rows = Notification.objects.filter(item=clock.item_id).order_by("at", "recipient_id")
    return [(row.words, row.recipient) for row in rows]


def sweep(times: Sequence[datetime]) -> None:
    for when in times:
        escalate(at=when)
