"""
Read the facts about a subject, and store the client, contacts and engagement it is about.

Registered with routing.
"""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from integrations.adapters.registry import adapter_of
from integrations.base.adapter import CallFailed, ExternalPerson, Reader, SubjectFacts, as_outcome
from integrations.base.connections import Connection
from integrations.base.health import watched
from integrations.inbox.erased import facts_without
from integrations.inbox.keep.clients import keep_company, make_client
from integrations.inbox.keep.contacts import keep_contacts
from integrations.inbox.keep.engagements import keep_engagement
from integrations.inbox.keep.writer import RecordWriter, lock
from integrations.inbox.matching import Match, SubjectLinks, knowable, links_of, match
from routing.kernel.facts import EnrichedFacts, Subject
from routing.models import Client
from routing.people.actors import Actor
from routing.runs.registry import Enricher, Problem, enricher

IMPERSONAL = ("company.", "deal.")


class ConnectionEnricher:
    """
    The enricher of one connection. It writes as the connection's service user.
    """

    def __init__(self, connection: Connection, reader: Reader, *, calls_out: bool) -> None:
        self.connection, self.reader, self.calls_out = connection, reader, calls_out

    def read(self, subject: Subject) -> SubjectFacts:
        """
        Read the facts. Called outside any transaction.

        :raises Retry: if the external system is busy, away or paused, with the seconds to wait
        :raises Problem: ``failed_connector``, ``missing_context`` if the object is gone, or
            ``duplicate``
        """
        try:
            if not self.calls_out:
                return self.reader.read(subject)
            about = f"{subject.type}:{subject.id}"
            with watched(self.connection, timezone.now, about=about):
                return self.reader.read(subject)
        except CallFailed as error:
            raise as_outcome(error, self.connection) from None

    def keep(
        self,
        read: SubjectFacts,
        *,
        subject: Subject,
        by: Actor,
        at: datetime,
        client_id: int | None = None,
    ) -> EnrichedFacts:
        """
        Match or create client, contacts and engagement.

        Several at once for one new company create one client. ``by`` started the step. History
        names the connection instead, because the facts come from there.

        :raises Problem: ``duplicate`` or ``missing_context``; the caller's transaction must then be
            rolled back
        """
        actor = Actor.of(self.connection.service_user)
        writer = RecordWriter(
            self.connection,
            actor,
            at,
            f"Read from {self.connection.name}: {subject.type} {subject.id}",
        )
        links = links_of(self.connection, read)
        if not _complete(read, links):
            # Against other enrichments that create rows. After the wait the links are read again,
            # because the other transaction may have created them.
            lock()
            links = links_of(self.connection, read)
        people = knowable(read.people, links)
        facts, sources = with_people(read, people)
        try:
            found = (
                _chosen(client_id)
                or match(read, people, links)
                or Match(make_client(writer, read, people), "new client")
            )
        except Problem as problem:
            problem.found = EnrichedFacts(facts=facts, sources=sources)
            raise
        keep_company(writer, found.client, read, links)
        contacts = keep_contacts(writer, found.client, people, links)
        engagement = keep_engagement(writer, found.client, read, links)
        return EnrichedFacts(
            facts=facts,
            client_id=found.client.pk,
            contact_ids=tuple(contact.pk for contact in contacts),
            engagement_id=engagement.pk if engagement else None,
            sources={**sources, "client": found.by},
        )


def _chosen(client_id: int | None) -> Match | None:
    """Return the client that a person chose for this subject, if anybody did."""
    client = Client.objects.filter(pk=client_id).first() if client_id else None
    return Match(client, "a person") if client else None


def _complete(read: SubjectFacts, links: SubjectLinks) -> bool:
    """Return whether every object is linked already. Then nothing is created and no lock needed."""
    company = read.organisation is None or links.company is not None
    deal = read.deal is None or links.deal is not None
    return company and deal and all(person.remote_id in links.contacts for person in read.people)


def with_people(
    read: SubjectFacts, people: tuple[ExternalPerson, ...]
) -> tuple[dict[str, object], dict[str, str]]:
    """
    Return facts and sources, with the name and address of the first person. Erased people are
    removed from the text of facts, such as the name of a deal.
    """
    facts, sources = dict(read.facts), dict(read.sources)
    gone = [(each.name, each.email) for each in read.people if each not in people]
    if gone:
        # Answers under unknown labels may name them in any way, and only these never do.
        facts = {name: value for name, value in facts.items() if name.startswith(IMPERSONAL)}
        facts = facts_without(facts, gone)
    first = next((person for person in people if person.name or person.email), None)
    if first is None:
        return facts, sources
    for name, value in (("contact.name", first.name), ("contact.email", first.email)):
        if value:
            facts[name] = value
            sources[name] = f"contact {first.remote_id}".strip()
    return facts, sources


def reading(subject: Subject) -> Enricher | None:
    """Return the enricher for this subject, or None if there is nothing to read."""
    connection = (
        Connection.objects.select_related("service_user").filter(slug=subject.source).first()
    )
    adapter = adapter_of(connection.kind) if connection else None
    if connection is None or adapter is None:
        return None
    reader = adapter.reader(subject, connection)
    return ConnectionEnricher(connection, reader, calls_out=adapter.calls_out) if reader else None


enricher("integrations.reading", reading)

__all__ = ["ConnectionEnricher", "reading"]
