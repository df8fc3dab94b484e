"""From when the trouble of a connection is an incident. People edit it on the connection's page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from integrations.base.connections import Connection

PERCENT, CALLS, MINUTES, BACKLOG_MINUTES = 20, 20, 10, 15


@dataclass(frozen=True, slots=True)
class Limits:
    """
    ``percent`` of at least ``calls`` calls within ``minutes``, and how many minutes a message may
    wait that could be sent.
    """

    percent: int
    calls: int
    minutes: int
    backlog_minutes: int

    @classmethod
    def of(cls, connection: Connection) -> Self:
        return cls(
            connection.incident_percent or PERCENT,
            connection.incident_calls or CALLS,
            connection.incident_minutes or MINUTES,
            connection.backlog_minutes or BACKLOG_MINUTES,
        )

    def has_too_many(self, failed: int, calls: int) -> bool:
        return calls >= self.calls and failed * 100 >= self.percent * calls
