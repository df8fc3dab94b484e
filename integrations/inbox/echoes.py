"""
Detect events that report our own writes.

The sender's word on the author is not enough, so they are detected by what we wrote and when.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from integrations.base.adapter import Adapter, Echo, Part
from integrations.base.connections import Connection
from integrations.outbox.models import Outbound
from routing.runs.operations.capture import Signal

CLOCKS_DIFFER = timedelta(minutes=5)


def mark_echoes(parts: Sequence[Part], connection: Connection, adapter: Adapter) -> list[Part]:
    """
    Return the parts. Those that report our own writes get the kind of an echo.

    Somebody may write an equal value long after us. So a value counts as an echo only around the
    time of our attempts.
    """
    marked = list(parts)
    reported: list[tuple[int, Signal, Echo]] = []
    settings = connection.valid_settings
    for place, part in enumerate(parts):
        if isinstance(part, Signal) and (echo := adapter.echo(part, settings)):
            reported.append((place, part, echo))
    if not reported:
        return marked
    sent = Outbound.objects.filter(
        connection=connection,
        remote_id__in={echo.remote_id for _, _, echo in reported},
        begun_at__isnull=False,
    )
    ours: dict[str, list[Outbound]] = defaultdict(list)
    for row in sent:
        ours[row.remote_id].append(row)
    for place, signal, echo in reported:
        if any(_wrote(row, signal, echo) for row in ours[echo.remote_id]):
            marked[place] = replace(signal, kind=echo.kind)
    return marked


def _wrote(row: Outbound, signal: Signal, echo: Echo) -> bool:
    assert row.begun_at is not None
    if signal.occurred_at < row.begun_at - CLOCKS_DIFFER:
        return False
    if row.delivered_at is not None and signal.occurred_at > row.delivered_at + CLOCKS_DIFFER:
        return False
    return all(_within(part, row.content.get(name, {})) for name, part in echo.content.items())


def _within(part: Mapping[str, object], whole: Mapping[str, object]) -> bool:
    return all(name in whole and whole[name] == value for name, value in part.items())
