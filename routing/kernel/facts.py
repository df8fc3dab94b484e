"""Frozen values that steps hand to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Subject:
    """Subject of events: the slug of a connection, the kind of object and the external id."""

    source: str
    type: str
    id: str


@dataclass(frozen=True, slots=True)
class EnrichedFacts:
    """
    Facts found by an enricher.

    ``facts`` are JSON values by the flow's field names, such as ``deal.amount``; absent where the
    other side has none.
    """

    facts: Mapping[str, Any]
    client_id: int | None = None
    contact_ids: tuple[int, ...] = ()
    engagement_id: int | None = None
    # Field name to where it was read, for the person who checks.
    sources: Mapping[str, str] = field(default_factory=dict)
