"""
Match many subjects in a few statements.

This covers subjects whose clients and people are known and whose data is complete. Others are
matched one by one. Registered with routing as a recogniser.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
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
    the_one,
    without_erased,
)
from routing.kernel.domains import canonical_address
from routing.kernel.facts import EnrichedFacts, Subject
from routing.models import Client, ClientDomain, Contact, Membership
from routing.people.actors import Actor
from routing.people.merges import current_merges
from routing.people.saving import add
from routing.runs.registry import Problem, recogniser


@dataclass(frozen=True)
class MatchIndex:
    """Candidates for a batch, read in one go."""

    domains: Mapping[str, Client]
    contacts: Mapping[str, Contact]  # by canonical e-mail address
    clients: Mapping[int, Mapping[int, Client]]  # by contact, then by client
    erased: AbstractSet[str]
    merged: Mapping[int, Client]  # the client of each alias, by the alias's id

    @classmethod
    def of(cls, all_known: Sequence[SubjectFacts]) -> Self:
        people: list[ExternalPerson] = []
        domains: set[str] = set()
        for known in all_known:
            people += known.people
            domains.update(domains_of(known, known.people))
        emails = {canonical_address(person.email) for person in people if person.email}
        by_email = _contacts_by_email(emails)
        clients: dict[int, dict[int, Client]] = defaultdict(dict)
        members = Membership.objects.filter(contact__in=by_email.values())
        for each in members.select_related("client"):
            clients[each.contact_id][each.client_id] = each.client
        named = ClientDomain.objects.filter(domain__in=domains).select_related("client")
        return cls(
            {each.domain: each.client for each in named},
            by_email,
            clients,
            erased_among(people),
            current_merges(),
        )

    def match(
        self, known: SubjectFacts, people: Sequence[ExternalPerson], links: SubjectLinks
    ) -> Match | None:
        """:raises Problem: if several clients match"""
        return the_one(self._levels(known, people, links), self.merged)

    def _levels(
        self, known: SubjectFacts, people: Sequence[ExternalPerson], links: SubjectLinks
    ) -> Iterator[tuple[str, list[Client]]]:
        yield "external id", linked_clients(links)
        domains = [each for each in domains_of(known, people) if each in self.domains]
        yield "domain", _distinct(self.domains[each] for each in domains)
        found: list[Client] = []
        for person in people:
            contact = self.contacts.get(canonical_address(person.email))
            if contact is not None:
                found += self.clients.get(contact.pk, {}).values()
        yield "e-mail", _distinct(found)

    def member(self, person: ExternalPerson, client: Client) -> Contact | None:
        """Return the person's contact, or None if a contact, link or membership is missing."""
        if person.remote_id:  # it would need a link
            return None
        contact = self.contacts.get(canonical_address(person.email))
        if contact is None:
            return None
        # Nobody with portal access gets a membership from here, so theirs is not missing.
        if contact.user_id is not None or client.pk in self.clients.get(contact.pk, {}):
            return contact
        return None


def _contacts_by_email(emails: Collection[str]) -> dict[str, Contact]:
    if not emails:
        return {}
    # ANY with one array: with IN, each number of addresses would be a statement of its own to
    # prepare. lower(email) is what the index holds.
    found = Contact.objects.known().extra(where=["lower(email) = ANY(%s)"], params=[list(emails)])
    return {contact.email.lower(): contact for contact in found}


def _distinct(clients: Iterable[Client]) -> list[Client]:
    return list({client.pk: client for client in clients}.values())


@dataclass(frozen=True, slots=True)
class MatchedSubject:
    """
    A subject with the client and contacts that it matches.

    A new ``engagement`` is not saved yet. It is None if there is no deal.
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


def match_subject(
    known: SubjectFacts, links: SubjectLinks, index: MatchIndex
) -> MatchedSubject | None:
    """
    Match one subject, or return None if it needs new or changed rows other than a new engagement.

    :raises Problem: if a person must look
    """
    people = without_erased(known.people, links, index.erased)
    match = index.match(known, people, links)
    new_company = (
        known.organisation is not None and known.organisation.remote_id and links.company is None
    )
    if match is None or new_company:
        return None
    contacts = [index.member(person, match.client) for person in people]
    engagement, changed = engagement_of(match.client, known, links)
    if changed and engagement is not None and engagement.pk is not None:
        return None
    members = tuple(contact for contact in contacts if contact is not None)
    if len(members) < len(people):
        return None
    return MatchedSubject(known, people, match, members, engagement)


def keep(found: Mapping[Subject, MatchedSubject], connection: Connection, at: datetime) -> None:
    """
    Write the new engagements and their links.

    If another transaction wrote such a link meanwhile, the unique constraint fails the batch, and
    its subjects are then matched one by one.
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
    """The recogniser for all connections that never call out."""

    def sources(self, named: Collection[str]) -> Collection[str]:
        found = set()
        for slug, kind in Connection.objects.filter(slug__in=named).values_list("slug", "kind"):
            adapter = adapter_of(kind)
            if adapter is not None and not adapter.calls_out:
                found.add(slug)
        return found

    def recognise(
        self, subjects: Sequence[Subject], *, at: datetime
    ) -> Mapping[Subject, EnrichedFacts]:
        by_source: dict[str, list[Subject]] = defaultdict(list)
        for subject in subjects:
            by_source[subject.source].append(subject)
        found: dict[Subject, EnrichedFacts] = {}
        connections = Connection.objects.filter(slug__in=by_source).select_related("service_user")
        for connection in connections.order_by("pk"):
            found |= _match_all(connection, by_source[connection.slug], at)
        return found


def _match_all(
    connection: Connection, subjects: Sequence[Subject], at: datetime
) -> Mapping[Subject, EnrichedFacts]:
    adapter = adapter_of(connection.kind)
    read = adapter.known_here(subjects, connection.valid_settings) if adapter else {}
    all_known = list(read.values())
    index, found = MatchIndex.of(all_known), {}
    all_links = links_of_each(connection, all_known)
    for (subject, known), links in zip(read.items(), all_links, strict=True):
        try:
            each = match_subject(known, links, index)
        except Problem:
            continue  # matched alone, it raises this again, and there it becomes an exception
        if each is not None:
            found[subject] = each
    keep(found, connection, at)
    return {subject: each.as_facts() for subject, each in found.items()}


recogniser(BulkMatch())
