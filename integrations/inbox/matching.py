"""
Matching of external clients and people: by external id, then domain, then e-mail. Never a guess.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from integrations.base.adapter import ExternalPerson, SubjectFacts
from integrations.base.connections import Connection
from integrations.base.links import ExternalLink
from integrations.inbox.freemail import own_domain
from routing.audit.operations.erasure import identity_digest
from routing.models import Client, ClientDomain, Contact, ErasedIdentity, Membership
from routing.runs.registry import Problem

COMPANY, CONTACT = "company", "contact"


@dataclass(frozen=True, slots=True)
class Match:
    client: Client
    by: str  # how it was found, in words


@dataclass(frozen=True, slots=True)
class SubjectLinks:
    """External links of the objects that were reported."""

    company: ExternalLink | None
    deal: ExternalLink | None
    contacts: dict[str, ExternalLink]  # by id there


def links_of(connection: Connection, known: SubjectFacts) -> SubjectLinks:
    return links_of_each(connection, [known])[0]


def links_of_each(connection: Connection, all_known: Sequence[SubjectFacts]) -> list[SubjectLinks]:
    """One query for all of them; an answer each, in order."""
    keys = {key for known in all_known for _noun, key in _named(known)}
    rows = ExternalLink.objects.filter(connection=connection, remote_id__in=keys).select_related(
        "client", "contact", "engagement__client"
    )
    found = {(row.object_type, row.remote_id): row for row in rows}
    return [_links(known, found) for known in all_known]


def _named(known: SubjectFacts) -> list[tuple[str, str]]:
    """Type and id there of all that was read."""
    company = (
        [(COMPANY, known.organisation.remote_id)]
        if known.organisation and known.organisation.remote_id
        else []
    )
    return [
        *company,
        *([known.deal] if known.deal else []),
        *((CONTACT, each.remote_id) for each in known.people if each.remote_id),
    ]


def _links(known: SubjectFacts, found: Mapping[tuple[str, str], ExternalLink]) -> SubjectLinks:
    company = (
        found.get((COMPANY, known.organisation.remote_id))
        if known.organisation and known.organisation.remote_id
        else None
    )
    contacts = {
        each.remote_id: found[CONTACT, each.remote_id]
        for each in known.people
        if (CONTACT, each.remote_id) in found
    }
    return SubjectLinks(company, found.get(known.deal) if known.deal else None, contacts)


def knowable(people: Sequence[ExternalPerson], links: SubjectLinks) -> tuple[ExternalPerson, ...]:
    """
    The people who have not asked to be forgotten, neither under this address nor under this id.
    """
    return remembered(people, links, erased_among(people))


def erased_among(people: Sequence[ExternalPerson]) -> set[str]:
    """The digests of those addresses that asked to be forgotten."""
    digests = {identity_digest(email) for email in {person.email for person in people} if email}
    return set(ErasedIdentity.objects.filter(digest__in=digests).values_list("digest", flat=True))


def remembered(
    people: Sequence[ExternalPerson], links: SubjectLinks, erased: Collection[str]
) -> tuple[ExternalPerson, ...]:
    return tuple(person for person in people if not _forgotten(person, links, erased))


def _forgotten(person: ExternalPerson, links: SubjectLinks, erased: Collection[str]) -> bool:
    link = links.contacts.get(person.remote_id)
    gone = link is not None and link.contact is not None and link.contact.erased_at is not None
    return gone or bool(person.email and identity_digest(person.email) in erased)


def domains_of(known: SubjectFacts, people: Sequence[ExternalPerson]) -> list[str]:
    """
    The domains that can tell a client: the company's, or where it has none, those of its people.
    """
    company = (
        own_domain(known.organisation.domain)
        if known.organisation and known.organisation.domain
        else ""
    )
    found = (
        [company] if company else [own_domain(person.email) for person in people if person.email]
    )
    return list(dict.fromkeys(domain for domain in found if domain))


def match(
    known: SubjectFacts, people: Sequence[ExternalPerson], links: SubjectLinks
) -> Match | None:
    """
    The client that is meant, or None when there is none yet.

    :raises Problem: ``duplicate``, when several fit equally well
    """
    return the_one(_levels(known, people, links))


def the_one(levels: Iterable[tuple[str, Sequence[Client]]]) -> Match | None:
    """
    Return the match at the first level that has any.

    :raises Problem: ``duplicate``, when several fit equally well
    """
    for by, clients in levels:
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
    """Lazily: what the first level answers, the next is not asked."""
    yield "external id", linked_clients(links)
    domains = domains_of(known, people)
    yield (
        "domain",
        list(
            Client.objects.filter(
                pk__in=ClientDomain.objects.filter(domain__in=domains).values("client")
            )
        ),
    )
    emails = [person.email.lower() for person in people if person.email]
    contacts = Contact.objects.known().annotate(lower=Lower("email")).filter(lower__in=emails)
    yield (
        "e-mail",
        list(
            Client.objects.filter(
                pk__in=Membership.objects.filter(contact__in=contacts).values("client")
            )
        ),
    )


def linked_clients(links: SubjectLinks) -> list[Client]:
    linked = [links.company.client if links.company else None]
    linked.append(links.deal.engagement.client if links.deal and links.deal.engagement else None)
    return list({client.pk: client for client in linked if client}.values())
