"""
Recognition of complete data about known clients and people: many subjects in a few statements.
Registered with routing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from delivery.models import Engagement
from integrations.adapters.registry import adapter_of
from integrations.base.adapter import ExternalPerson, SubjectFacts
from integrations.base.connections import Connection
from integrations.base.links import ExternalLink
from integrations.inbox.enrich import with_people
from integrations.inbox.keep.engagements import engagement_of
from integrations.inbox.matching import (
    Match,
    SubjectLinks,
    domains_of,
    erased_among,
    linked_clients,
    links_of_each,
    remembered,
    the_one,
)
from routing.kernel.facts import EnrichedFacts, Subject
from routing.models import Client, ClientDomain, Contact, Membership
from routing.people.actors import Actor
from routing.people.saving import add
from routing.runs.registry import Problem, recogniser


@dataclass(frozen=True)
class MatchIndex:
    """Candidates for a batch, read once for all of it."""

    domains: Mapping[str, Client]
    contacts: Mapping[str, Contact]  # by e-mail address in lower case
    clients: Mapping[int, Mapping[int, Client]]  # by contact, then by client
    erased: Collection[str]

    @classmethod
    def of(cls, all_known: Sequence[SubjectFacts]) -> Self:
        people = [person for known in all_known for person in known.people]
        domains = {domain for known in all_known for domain in domains_of(known, known.people)}
        emails = {person.email.lower() for person in people if person.email}
        contacts = (
            Contact.objects.known().extra(where=["lower(email) = ANY(%s)"], params=[list(emails)])
            if emails
            else []
        )
        by_email = {contact.email.lower(): contact for contact in contacts}
        clients: dict[int, dict[int, Client]] = defaultdict(dict)
        for each in Membership.objects.filter(contact__in=by_email.values()).select_related(
            "client"
        ):
            clients[each.contact_id][each.client_id] = each.client
        named = ClientDomain.objects.filter(domain__in=domains).select_related("client")
        return cls(
            {each.domain: each.client for each in named}, by_email, clients, erased_among(people)
        )

    def match(
        self, known: SubjectFacts, people: Sequence[ExternalPerson], links: SubjectLinks
    ) -> Match | None:
        """:raises Problem: when several clients fit"""
        return the_one(self._levels(known, people, links))

    def _levels(
        self, known: SubjectFacts, people: Sequence[ExternalPerson], links: SubjectLinks
    ) -> Iterator[tuple[str, list[Client]]]:
        yield "external id", linked_clients(links)
        yield (
            "domain",
            _distinct(
                self.domains[each] for each in domains_of(known, people) if each in self.domains
            ),
        )
        met = (
            self.contacts[email]
            for person in people
            if (email := person.email.lower()) in self.contacts
        )
        yield (
            "e-mail",
            _distinct(
                client for contact in met for client in self.clients.get(contact.pk, {}).values()
            ),
        )

    def member(self, person: ExternalPerson, client: Client) -> Contact | None:
        """
        The contact that this person is, unless that takes anything new: an id of theirs, a contact,
        a membership.
        """
        contact = None if person.remote_id else self.contacts.get(person.email.lower())
        here = contact is not None and (
            contact.user_id is not None or client.pk in self.clients.get(contact.pk, {})
        )
        return contact if here else None


def _distinct(clients: Iterator[Client]) -> list[Client]:
    return list({client.pk: client for client in clients}.values())


@dataclass(frozen=True, slots=True)
class Recognised:
    """
    One subject.

    ``engagement`` is what was sold, unsaved where it is new; None where nothing was.
    """

    known: SubjectFacts
    people: tuple[ExternalPerson, ...]
    match: Match
    contacts: tuple[Contact, ...]
    engagement: Engagement | None

    def as_facts(self) -> EnrichedFacts:
        facts, sources = with_people(self.known, self.people)
        return EnrichedFacts(
            facts=facts,
            client_id=self.match.client.pk,
            contact_ids=tuple(dict.fromkeys(contact.pk for contact in self.contacts)),
            engagement_id=self.engagement.pk if self.engagement else None,
            sources={**sources, "client": self.match.by},
        )


def recognised(
    known: SubjectFacts, links: SubjectLinks, directory: MatchIndex
) -> Recognised | None:
    """
    None where a row would have to be made or changed, beyond what was sold.

    :raises Problem: when a person must look
    """
    people = remembered(known.people, links, directory.erased)
    match = directory.match(known, people, links)
    new_company = (
        known.organisation is not None and known.organisation.remote_id and links.company is None
    )
    if match is None or new_company:
        return None
    contacts = [directory.member(person, match.client) for person in people]
    engagement, changed = engagement_of(match.client, known, links)
    edited = changed and engagement is not None and engagement.pk is not None
    met = tuple(contact for contact in contacts if contact is not None)
    return (
        None
        if edited or len(met) < len(people)
        else Recognised(known, people, match, met, engagement)
    )


def keep(found: Mapping[Subject, Recognised], connection: Connection, at: datetime) -> None:
    """
    Write what was sold.

    A link that somebody else wrote meanwhile fails the batch, which is then read one by one.
    """
    by = Actor.of(connection.service_user)
    new = [
        (subject, each.known.deal, each.engagement)
        for subject, each in found.items()
        if each.engagement and not each.engagement.pk
    ]
    reasons = [f"Read from {connection.name}: {subject.type} {subject.id}" for subject, _, _ in new]
    add([engagement for _, _, engagement in new], reasons, by=by, at=at)
    links = [
        ExternalLink(connection=connection, object_type=deal[0], remote_id=deal[1], engagement=sold)
        for _, deal, sold in new
        if deal
    ]
    add(links, reasons, by=by, at=at)


class BulkMatch:
    """The recogniser of all connections that never call out."""

    def sources(self, named: Collection[str]) -> Collection[str]:
        rows = Connection.objects.filter(slug__in=named).values_list("slug", "kind")
        return {
            slug for slug, kind in rows if (adapter := adapter_of(kind)) and not adapter.calls_out
        }

    def recognise(
        self, subjects: Sequence[Subject], *, at: datetime
    ) -> Mapping[Subject, EnrichedFacts]:
        by_source: dict[str, list[Subject]] = defaultdict(list)
        for subject in subjects:
            by_source[subject.source].append(subject)
        found: dict[Subject, EnrichedFacts] = {}
        for connection in (
            Connection.objects.filter(slug__in=by_source)
            .select_related("service_user")
            .order_by("pk")
        ):
            found |= _recognised(connection, by_source[connection.slug], at)
        return found


def _recognised(
    connection: Connection, subjects: Sequence[Subject], at: datetime
) -> Mapping[Subject, EnrichedFacts]:
    adapter = adapter_of(connection.kind)
    read = adapter.known_here(subjects) if adapter else {}
    directory, found = MatchIndex.of(list(read.values())), {}
    for (subject, known), links in zip(
        read.items(), links_of_each(connection, list(read.values())), strict=True
    ):
        try:
            each = recognised(known, links, directory)
        except Problem:
            continue  # read alone, it raises the same again, and there it becomes an exception
        if each is not None:
            found[subject] = each
    keep(found, connection, at)
    return {subject: each.as_facts() for subject, each in found.items()}


recogniser(BulkMatch())
