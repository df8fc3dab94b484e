"""Ask systems what they keep of a text, so that a page can be refused before it is approved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import Q

from integrations.adapters.registry import adapter_of, kinds
from integrations.base.adapter import Adapter, CallFailed
from integrations.base.connections import Connection
from integrations.base.health import learn_emoji, watched

Clock = Callable[[], datetime]
EVERY = timedelta(days=1)  # tables can be converted, and restored from an old backup
MOST = 5  # connections at a time


def ask_systems(*, clock: Clock) -> int:
    """
    Ask the connections that were not asked for a day, and return how many were asked.

    Two processes may run it at once: each asks others.
    """
    at, asked = clock(), 0
    asking = {kind: adapter for kind in kinds() if (adapter := _asking(kind))}
    due = Connection.objects.active().filter(
        Q(emoji_asked_at=None) | Q(emoji_asked_at__lte=at - EVERY), kind__in=asking
    )
    for row in due.order_by("emoji_asked_at", "pk")[:MOST]:
        # Claimed before the call: one that fails is asked again tomorrow, or by the next page that
        # has emoji.
        free = Connection.objects.filter(pk=row.pk, emoji_asked_at=row.emoji_asked_at)
        if row.is_paused(at) or not free.update(emoji_asked_at=at):
            continue
        asked += 1
        try:
            with watched(row, clock):
                found = asking[row.kind].stores_emoji(row)
        except CallFailed:
            continue
        learn_emoji(row, found)
    return asked


def _asking(kind: str) -> Adapter | None:
    adapter = adapter_of(kind)
    return adapter if adapter is not None and adapter.may_lack_emoji else None
