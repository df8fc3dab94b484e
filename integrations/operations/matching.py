"""Whom does the other side mean? By its own ids, then by domain, then by e-mail; never a guess."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from integrations.adapters.base import Known, Person
from integrations.freemail import own_domain
from integrations.models import Connection, ExternalLink
from routing.actions import Problem
from routing.models import Client, ClientDomain, Contact, ErasedIdentity, Membership
from routing.operations.erasure import identity_digest

COMPANY, CONTACT = "company", "contact"


@dataclass(frozen=True, slots=True)
class Match:
    client: Client
    by: str  # how it was found, in words


@dataclass(frozen=True, slots=True)
class Links:
    """What we already call the things the other side told us about."""

    company: ExternalLink | None
    deal: ExternalLink | None
    contacts: dict[str, ExternalLink]  # by id there


def links_of(connection: Connection, known: Known) -> Links:
    wanted = [(CONTACT, person.remote_id) for person in known.people if person.remote_id]
    company = (COMPANY, known.organisation.remote_id) if known.organisation and known.organisation.remote_id else None
    wanted += [each for each in (company, known.deal) if each]
    rows = ExternalLink.objects.filter(connection=connection, remote_id__in=[key for _noun, key in wanted]).select_related(
        "client", "contact", "engagement__client"
    )
    found = {(row.object_type, row.remote_id): row for row in rows}
    contacts = {key: found[noun, key] for noun, key in wanted if noun == CONTACT and (noun, key) in found}
    return Links(found.get(company) if company else None, found.get(known.deal) if known.deal else None, contacts)


def knowable(people: Sequence[Person], links: Links) -> tuple[Person, ...]:
    """The people who have not asked to be forgotten, neither under this address nor under this id."""
    digests = {identity_digest(person.email) for person in people if person.email}
    erased = set(ErasedIdentity.objects.filter(digest__in=digests).values_list("digest", flat=True))
    return tuple(person for person in people if not _forgotten(person, links, erased))


def _forgotten(person: Person, links: Links, erased: set[str]) -> bool:
    link = links.contacts.get(person.remote_id)
    gone = link is not None and link.contact is not None and link.contact.erased_at is not None
    return gone or bool(person.email and identity_digest(person.email) in erased)


def domains_of(known: Known, people: Sequence[Person]) -> list[str]:
    """The domains that can tell a client: the company's, or where it has none, those of its people."""
    company = own_domain(known.organisation.domain) if known.organisation and known.organisation.domain else ""
    found = [company] if company else [own_domain(person.email) for person in people if person.email]
    return list(dict.fromkeys(domain for domain in found if domain))


def match(known: Known, people: Sequence[Person], links: Links) -> Match | None:
    """
    The client that is meant, or None when there is none yet.

    :raises Problem: ``duplicate``, when several fit equally well
    """
    for by, clients in _levels(known, people, links):
        if len(clients) > 1:
            names = ", ".join(sorted(client.name for client in clients))
            message = _("Several clients fit by %(by)s: %(names)s. Correct it on the other side, or join them here, then try again.")
            raise Problem("duplicate", message % {"by": by, "names": names}, {"by": by, "clients": sorted(client.pk for client in clients)})
        if clients:
            return Match(clients[0], by)
    return None


def _levels(known: Known, people: Sequence[Person], links: Links) -> Iterator[tuple[str, list[Client]]]:
    """Lazily: what the first level answers, the next is not asked."""
    linked = [links.company.client if links.company else None]
    linked.append(links.deal.engagement.client if links.deal and links.deal.engagement else None)
    yield "external id", list({client.pk: client for client in linked if client}.values())
    domains = domains_of(known, people)
    yield "domain", list(Client.objects.filter(pk__in=ClientDomain.objects.filter(domain__in=domains).values("client")))
    emails = [person.email.lower() for person in people if person.email]
    contacts = Contact.objects.known().annotate(lower=Lower("email")).filter(lower__in=emails)
    yield "e-mail", list(Client.objects.filter(pk__in=Membership.objects.filter(contact__in=contacts).values("client")))
