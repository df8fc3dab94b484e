"""
A CRM that tests hold in their hands: what it would answer about a deal, and when it does not
answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from routing.kernel.facts import EnrichedFacts, Subject
from routing.models import Client
from routing.people.actors import Actor
from routing.runs import registry as runs_registry

FACTS = {
    "deal.name": "Spring campaign",
    "deal.amount": "12000",
    "deal.currency": "EUR",
    "deal.ends": "2027-03-31",
    "company.name": "ACM Ltd",
    "company.domain": "acme.test",
    "contact.name": "Carla Client",
    "contact.email": "carla@acme.test",
}


@dataclass
class FakeCRM:
    client: Client
    facts: dict[str, Any] = field(default_factory=lambda: dict(FACTS))
    failures: list[Exception] = field(default_factory=list)
    reads: int = 0
    unread: dict[str, str] = field(default_factory=dict)  # what could not be read, and why
    engagement_id: int | None = None

    def read(self, subject: Subject) -> dict[str, Any]:
        self.reads += 1
        if self.failures:
            raise self.failures.pop(0)
        return dict(self.facts)

    def keep(
        self,
        read: dict[str, Any],
        *,
        subject: Subject,
        by: Actor,
        at: datetime,
        client_id: int | None = None,
    ) -> EnrichedFacts:
        return EnrichedFacts(
            read,
            client_id=client_id or self.client.pk,
            engagement_id=self.engagement_id,
            sources={**dict.fromkeys(read, "crm"), **self.unread},
        )


@contextmanager
def answering(crm: FakeCRM, source: str = "crm") -> Iterator[FakeCRM]:
    runs_registry.enricher("fake", lambda subject: crm if subject.source == source else None)
    try:
        yield crm
    finally:
        runs_registry.enricher("fake", lambda subject: None)
