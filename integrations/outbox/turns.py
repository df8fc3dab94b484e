"""Whose turn it is with outbox messages. A failed one has an exception, which has an owner."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from integrations.outbox.models import Outbound
from routing.messages.telling import tells_nobody
from routing.work.registry import EventKind
from routing.work.turns import OWNER, PARTS, SYSTEM, turn

State = Outbound.State
turn(
    Outbound,
    State.PENDING,
    State.RETRYING,
    State.UNKNOWN,
    party=SYSTEM,
    act=_("send the message"),
    by=("take",),
)
turn(
    Outbound,
    State.LEASED,
    party=SYSTEM,
    act=_("send the message"),
    by=("deliver", "retry", "lose", "die"),
)
turn(
    Outbound,
    State.HELD,
    party=PARTS,
    act=_("send the failed message before it"),
    by=("free", "discard"),
)
turn(
    Outbound,
    State.DEAD,
    party=OWNER,
    act=_("resolve the exception of the message"),
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
