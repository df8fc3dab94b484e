"""Frozen values that steps hand to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

UNREAD = "!"  # after the name of a fact, among its sources: which value could not be read, and why


@dataclass(frozen=True, slots=True)
class Subject:
    """Subject of events: a connection's slug, the type of object and its external id."""

    source: str
    type: str
    id: str


@dataclass(frozen=True, slots=True)
class EnrichedFacts:
    """
    Facts found by an enricher.

    ``facts`` holds JSON values by the flow's field names, such as ``deal.amount``. A fact that the
    other system does not have is left out.
    """

    facts: Mapping[str, Any]
    client_id: int | None = None
    contact_ids: tuple[int, ...] = ()
    engagement_id: int | None = None
    # Where each fact was read, by field name, for a person who checks it.
    sources: Mapping[str, str] = field(default_factory=dict)
