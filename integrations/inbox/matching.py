"""
Match external companies and people to clients and contacts.

They are matched by external id, then domain, then e-mail address, and never by a guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from integrations.base.adapter import ExternalPerson, SubjectFacts
from integrations.base.connections import Connection
from integrations.base.links import ExternalLink
from integrations.inbox.freemail import own_domain
from routing.audit.operations.erasure import identity_digests
from routing.kernel.domains import canonical_address
from routing.models import Client, ClientDomain, Contact, ErasedIdentity, Membership
from routing.people.merges import current_merges, without_aliases
from routing.runs.registry import Problem

COMPANY, CONTACT = "company", "contact"


@dataclass(frozen=True, slots=True)
class Match:
    client: Client
    by: str  # what matched, in words


@dataclass(frozen=True, slots=True)
class SubjectLinks:
    """The external links of the objects of one subject."""

    company: ExternalLink | None
    deal: ExternalLink | None
    contacts: dict[str, ExternalLink]  # by external id


def links_of(connection: Connection, known: SubjectFacts) -> SubjectLinks:
    return links_of_each(connection, [known])[0]


def links_of_each(connection: Connection, all_known: Sequence[SubjectFacts]) -> list[SubjectLinks]:
    """Return the links of each subject, in order, with one query for all."""
    keys: set[str] = set()
    for known in all_known:
        keys.update(key for _type, key in _external_ids(known))
    rows = ExternalLink.objects.filter(connection=connection, remote_id__in=keys).select_related(
        "client", "contact", "engagement__client"
    )
    found = {(row.object_type, row.remote_id): row for row in rows}
    return [_links(known, found) for known in all_known]


def _external_ids(known: SubjectFacts) -> list[tuple[str, str]]:
    """Return the type and external id of everything that was read."""
    ids = [(CONTACT, each.remote_id) for each in known.people if each.remote_id]
    if known.organisation and known.organisation.remote_id:
        ids.append((COMPANY, known.organisation.remote_id))
    if known.deal:
        ids.append(known.deal)
    return ids


def _links(known: SubjectFacts, found: Mapping[tuple[str, str], ExternalLink]) -> SubjectLinks:
    company = None
    if known.organisation and known.organisation.remote_id:
        company = found.get((COMPANY, known.organisation.remote_id))
    contacts = {
        each.remote_id: found[CONTACT, each.remote_id]
        for each in known.people
        if (CONTACT, each.remote_id) in found
    }
    return SubjectLinks(company, found.get(known.deal) if known.deal else None, contacts)


def knowable(people: Sequence[ExternalPerson], links: SubjectLinks) -> tuple[ExternalPerson, ...]:
    """Return the people who may be stored: those who were not erased."""
    return without_erased(people, links, erased_among(people))


def erased_among(people: Sequence[ExternalPerson]) -> set[str]:
    """Return the digests of those addresses that belong to erased people."""
    emails = {person.email for person in people if person.email}
    digests: set[str] = set()
    for email in emails:
        digests.update(identity_digests(email))
    return set(ErasedIdentity.objects.filter(digest__in=digests).values_list("digest", flat=True))


def without_erased(
    people: Sequence[ExternalPerson], links: SubjectLinks, erased: AbstractSet[str]
) -> tuple[ExternalPerson, ...]:
    return tuple(person for person in people if not _is_erased(person, links, erased))


def _is_erased(person: ExternalPerson, links: SubjectLinks, erased: AbstractSet[str]) -> bool:
    """Return whether the person was erased, under this external id or this address."""
    link = links.contacts.get(person.remote_id)
    gone = link is not None and link.contact is not None and link.contact.erased_at is not None
    if gone or not (person.email and erased):
        return gone
    return not erased.isdisjoint(identity_digests(person.email))


def domains_of(known: SubjectFacts, people: Sequence[ExternalPerson]) -> list[str]:
    """Return the domains that can identify a client: the company's, or else its people's."""
    company = ""
    if known.organisation and known.organisation.domain:
        company = own_domain(known.organisation.domain)
    if company:
        return [company]
    found = [own_domain(person.email) for person in people if person.email]
    return list(dict.fromkeys(filter(None, found)))


def match(
    known: SubjectFacts, people: Sequence[ExternalPerson], links: SubjectLinks
) -> Match | None:
    """
    Return the matching client, or None.

    :raises Problem: ``duplicate``, if several clients match
    """
    return the_one(_levels(known, people, links))


def the_one(
    levels: Iterable[tuple[str, Sequence[Client]]], merged: Mapping[int, Client] | None = None
) -> Match | None:
    """
    Return the match of the first level that has any. An alias stands for its client.

    :param merged: the clients of all aliases by the alias's id, None to read those that are needed

    :raises Problem: ``duplicate``, if several clients match at that level
    """
    for by, found in levels:
        clients: Sequence[Client] = found
        if found:
            aliases = current_merges([each.pk for each in found]) if merged is None else merged
            clients = without_aliases(found, aliases)
        if len(clients) > 1:
            names = ", ".join(sorted(client.name for client in clients))
            message = _(
                "Several clients match by %(by)s: %(names)s. Correct the data in the external "
                "system or merge the clients here, then retry."
            )
            raise Problem(
                "duplicate",
                message % {"by": by, "names": names},
                {"by": by, "clients": sorted(client.pk for client in clients)},
            )
        if clients:
            return Match(clients[0], by)
    return None


def _levels(
    known: SubjectFacts, people: Sequence[ExternalPerson], links: SubjectLinks
) -> Iterator[tuple[str, list[Client]]]:
    """Yield the clients of each level. A later level costs its query only if it is needed."""
    yield "external id", linked_clients(links)
    named = ClientDomain.objects.filter(domain__in=domains_of(known, people))
    yield "domain", list(Client.objects.filter(pk__in=named.values("client")))
    emails = [canonical_address(person.email) for person in people if person.email]
    contacts = Contact.objects.known().annotate(lower=Lower("email")).filter(lower__in=emails)
    members = Membership.objects.filter(contact__in=contacts)
    yield "e-mail", list(Client.objects.filter(pk__in=members.values("client")))


def linked_clients(links: SubjectLinks) -> list[Client]:
    linked: dict[int, Client] = {}
    if links.company and links.company.client:
        linked[links.company.client.pk] = links.company.client
    if links.deal and links.deal.engagement:
        client = links.deal.engagement.client
        linked[client.pk] = client
    return list(linked.values())
