"""Whose turn it is with outbox messages. A failed one has an exception, and that has an owner."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from integrations.outbox.models import Outbound
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
