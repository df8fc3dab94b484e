"""Whose turn it is with outbox messages. A failed one has an exception, which has an owner."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Min
from django.utils.translation import gettext_lazy as _

from delivery.models import Deliverable
from integrations.outbox.models import Outbound
from routing.messages.telling import tells_nobody
from routing.work.items import WorkItem
from routing.work.registry import EventKind
from routing.work.turns import OWNER, PARTS, SYSTEM, next_attempt, turn

State = Outbound.State


def _next_message(item: WorkItem) -> datetime | None:
    """Return the time at which the first unfinished message about the work is sent."""
    waiting = Outbound.objects.filter(item=item, state__in=Outbound.workable)
    found: datetime | None = waiting.aggregate(due=Min("due_at"))["due"]
    return found


next_attempt(Deliverable, _next_message)
turn(
    Outbound,
    State.PENDING,
    State.RETRYING,
    State.UNKNOWN,
    party=SYSTEM,
    act=_("send the message"),
    waits=_("Throughline has been sending the message since %(since)s"),
    by=("take",),
)
turn(
    Outbound,
    State.LEASED,
    party=SYSTEM,
    act=_("send the message"),
    waits=_("Throughline has been sending the message since %(since)s"),
    by=("deliver", "retry", "lose", "die"),
)
turn(
    Outbound,
    State.HELD,
    party=PARTS,
    act=_("send the failed message before it"),
    waits=_("Waits for %(parts)s since %(since)s"),
    by=("free", "discard"),
)
turn(
    Outbound,
    State.DEAD,
    party=OWNER,
    act=_("resolve the exception of the message"),
    waits=_("Waits for %(who)s to resolve the exception of the message since %(since)s"),
    by=("replay", "discard"),
)

# -- Messages --------------------------------------------------------------------------------------

tells_nobody(
    *(
        EventKind.of(Outbound, verb)
        for verb in ("take", "deliver", "retry", "lose", "free", "hold")
    ),
    because=_("The product sends it by itself, and tries again."),
)
tells_nobody(
    EventKind.of(Outbound, "die"),
    because=_("The owner of the exception about the message is notified."),
)
tells_nobody(
    EventKind.of(Outbound, "replay"),
    EventKind.of(Outbound, "discard"),
    EventKind.of(Outbound, "supersede"),
    because=_("The exception is settled with it, and its message disappears by itself."),
)
