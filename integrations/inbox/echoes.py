"""
Our own writes, come back as events: known again by what we wrote and when, whatever the sender says
of its author.
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
    The parts, with the kind of an echo where one says what we wrote ourselves.

    An equal value that somebody writes long after us is no echo: only around the time of our own
    attempts is it taken for one.
    """
    said = {
        place: (part, echo)
        for place, part in enumerate(parts)
        if isinstance(part, Signal) and (echo := adapter.echo(part, connection.settings))
    }
    if not said:
        return list(parts)
    ours: dict[str, list[Outbound]] = defaultdict(list)
    wanted = {echo.remote_id for _, echo in said.values()}
    for row in Outbound.objects.filter(
        connection=connection, remote_id__in=wanted, begun_at__isnull=False
    ):
        ours[row.remote_id].append(row)
    echoes = {
        place: echo.kind
        for place, (part, echo) in said.items()
        if any(_wrote(row, part, echo) for row in ours[echo.remote_id])
    }
    return [
        replace(part, kind=echoes[place]) if isinstance(part, Signal) and place in echoes else part
        for place, part in enumerate(parts)
    ]


def _wrote(row: Outbound, signal: Signal, echo: Echo) -> bool:
    assert row.begun_at is not None
    if signal.occurred_at < row.begun_at - CLOCKS_DIFFER:
        return False
    if row.delivered_at is not None and signal.occurred_at > row.delivered_at + CLOCKS_DIFFER:
        return False
    return all(_within(part, row.content.get(name, {})) for name, part in echo.content.items())


def _within(part: Mapping[str, object], whole: Mapping[str, object]) -> bool:
    return all(name in whole and whole[name] == value for name, value in part.items())
