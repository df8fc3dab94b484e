"""Write what was read from external systems, one transaction at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations.base.connections import Connection
from integrations.base.links import ExternalLink
from routing.kernel.sql import run
from routing.people.actors import Actor
from routing.people.saving import save_with_reason

_LOCK = 0x7468726C  # one lock for all matching: with several, two could wait for each other


@dataclass(frozen=True, slots=True)
class RecordWriter:
    """Writes rows for one connection, with the actor, time and reason for their history."""

    connection: Connection
    by: Actor
    at: datetime
    reason: str

    def save(self, row: Any) -> None:
        save_with_reason(row, by=self.by, at=self.at, reason=self.reason)

    def link(self, object_type: str, key: str, **target: Any) -> None:
        """Link a row of ours to an external object. Without an external id, do nothing."""
        if key:
            self.save(
                ExternalLink(
                    connection=self.connection, object_type=object_type, remote_id=key, **target
                )
            )


def lock() -> None:
    """
    Lock all matching until the end of the transaction.

    Otherwise, two deals of one new company at the same time would create it twice.
    """
    run("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
