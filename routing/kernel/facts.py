"""Frozen values that steps hand to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Subject:
    """What events are about: a connection's slug, the kind of object there, and its id there."""

    source: str
    type: str
    id: str


@dataclass(frozen=True, slots=True)
class Found:
    """
    What an enricher learnt.

    ``facts`` are JSON values by the flow's field names, such as ``deal.amount``; absent where the other side has none.
    """

    facts: Mapping[str, Any]
    client_id: int | None = None
    contact_ids: tuple[int, ...] = ()
    engagement_id: int | None = None
    sources: Mapping[str, str] = field(default_factory=dict)  # field name to where it was read, for the person who checks
