"""Enrich as routing does: read outside, keep in a transaction."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from delivery.models import Engagement
from integrations.inbox.enrich import reading
from routing.kernel.facts import EnrichedFacts, Subject
from routing.models import Client
from routing.people.actors import Actor
from tests.integrations.conftest import Sandbox


def enrich(key: str, noun: str = "deal", source: str = "hubspot-main") -> EnrichedFacts:
    subject = Subject(source, noun, key)
    enricher = reading(subject)
    assert enricher is not None
    read = enricher.read(subject)
    with transaction.atomic():
        return enricher.keep(read, subject=subject, by=Actor.system(), at=timezone.now())


def client_of(found: EnrichedFacts) -> Client:
    assert found.client_id is not None
    return Client.objects.get(pk=found.client_id)


def engagement_of(found: EnrichedFacts) -> Engagement:
    assert found.engagement_id is not None
    return Engagement.objects.get(pk=found.engagement_id)


def acme_deal(
    sandbox: Sandbox, domain: str = "acme.example", email: str = "robin@acme.example", **deal: str
) -> str:
    company = sandbox.company(
        name="Acme Bakeries", domain=domain, country="GB", numberofemployees="45"
    )
    contact = sandbox.contact(firstname="Robin", lastname="Okafor", email=email)
    return sandbox.deal(company=company, contacts=(contact,), **{"dealname": "Site", **deal})
