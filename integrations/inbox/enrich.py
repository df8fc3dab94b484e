"""
Read back what the other side knows about a subject, and keep whom and what it is about.

Registered with routing.
"""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from integrations.adapters.registry import adapter_of
from integrations.base.adapter import CallFailed, ExternalPerson, Reader, SubjectFacts, as_outcome
from integrations.base.connections import Connection
from integrations.base.health import watched
from integrations.inbox.keep.clients import keep_company, make_client
from integrations.inbox.keep.contacts import keep_contacts
from integrations.inbox.keep.engagements import keep_engagement
from integrations.inbox.keep.writer import RecordWriter, lock
from integrations.inbox.matching import Match, SubjectLinks, knowable, links_of, match
from routing.kernel.facts import EnrichedFacts, Subject
from routing.models import Client
from routing.people.actors import Actor
from routing.runs.registry import Enricher, enricher


class ConnectionEnricher:
    """
    The enricher of one connection.

    What it writes is written by the connection's own service user.
    """

    def __init__(self, connection: Connection, reader: Reader, *, calls_out: bool) -> None:
        self.connection, self.reader, self.calls_out = connection, reader, calls_out

    def read(self, subject: Subject) -> SubjectFacts:
        """
        :raises Retry: when the other side is busy, away or paused, with the seconds it asked for
        :raises Problem: ``failed_connector``, ``missing_context`` if the object is gone, or
            ``duplicate``
        """
        try:
            if not self.calls_out:
                return self.reader.read(subject)
            with watched(self.connection, timezone.now):
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
        Match or create client, contacts and engagement; ten at once for one new company make one
        client.

        ``by`` set the step in motion; history names the connection, which is where the facts come
        from.

        :raises Problem: ``duplicate`` or ``missing_context``; the caller's transaction must then be
            undone
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
            lock()
            # Again: somebody else may have made them while we waited.
            links = links_of(self.connection, read)
        people = knowable(read.people, links)
        chosen = Client.objects.filter(pk=client_id).first() if client_id else None
        found = (
            Match(chosen, "a person")
            if chosen
            else match(read, people, links)
            or Match(make_client(writer, read, people), "new client")
        )
        keep_company(writer, found.client, read, links)
        contacts = keep_contacts(writer, found.client, people, links)
        engagement = keep_engagement(writer, found.client, read, links)
        facts, sources = with_people(read, people)
        return EnrichedFacts(
            facts=facts,
            client_id=found.client.pk,
            contact_ids=tuple(contact.pk for contact in contacts),
            engagement_id=engagement.pk if engagement else None,
            sources={**sources, "client": found.by},
        )


def _complete(read: SubjectFacts, links: SubjectLinks) -> bool:
    """
    Return whether everything read is known by its id, so that nothing is created and nobody waits.
    """
    company = read.organisation is None or links.company is not None
    deal = read.deal is None or links.deal is not None
    return company and deal and all(person.remote_id in links.contacts for person in read.people)


def with_people(
    read: SubjectFacts, people: tuple[ExternalPerson, ...]
) -> tuple[dict[str, object], dict[str, str]]:
    """The facts with the first person's name and address, if anybody may be known."""
    first = next((person for person in people if person.name or person.email), None)
    naming = {"contact.name": first.name, "contact.email": first.email} if first else {}
    naming = {name: value for name, value in naming.items() if value}
    where = f"contact {first.remote_id}".strip() if first else ""
    return {**read.facts, **naming}, {**read.sources, **dict.fromkeys(naming, where)}


def reading(subject: Subject) -> Enricher | None:
    """
    Return the reader for this subject, or None if no connection of ours sent it or there is nothing
    to read.
    """
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
