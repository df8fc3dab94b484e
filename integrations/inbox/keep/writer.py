"""Serialised writer for data read from external systems."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations.base.connections import Connection
from integrations.base.links import ExternalLink
from routing.kernel.sql import run
from routing.people.actors import Actor
from routing.people.saving import save_with_reason

_LOCK = 0x7468726C  # one number for all matching: two locks could wait for each other


@dataclass(frozen=True, slots=True)
class RecordWriter:
    """For whom, as whom, when and why rows are written."""

    connection: Connection
    by: Actor
    at: datetime
    reason: str

    def save(self, row: Any) -> None:
        save_with_reason(row, by=self.by, at=self.at, reason=self.reason)

    def link(self, noun: str, key: str, **target: Any) -> None:
        """Remember what the other side calls a thing of ours; nothing where it has no id."""
        if key:
            self.save(
                ExternalLink(connection=self.connection, object_type=noun, remote_id=key, **target)
            )


def lock() -> None:
    """
    One at a time until the transaction ends: two deals of a new company must not make it twice.
    """
    run("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
