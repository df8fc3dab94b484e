"""What an erased person is called, and which of it somebody else is called as well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from routing.audit.keys import opened
from routing.audit.models import Erasure
from routing.audit.places import Person
from routing.people.clients import Client, Contact
from routing.people.folded import fold
from routing.people.naming import PersonTerms, phone_number
from routing.people.staff import Team, User


class NothingKnown(ValueError):
    """The contact was erased before, and nothing says what the person was called."""


def person_of(erasure: Erasure) -> Person:
    """
    Return the person of an erasure that is not complete.

    :raises NothingKnown: if the terms are gone
    :raises LostTerms: if ERASURE_KEY is another one
    """
    contact_id = erasure.contact_id
    if not erasure.terms:
        raise NothingKnown(
            f"Contact {contact_id} was erased before, and nothing says what the person was called. "
            f"Give the name, addresses and numbers with --also."
        )
    accounts = tuple(User.objects.filter(contact=contact_id).values_list("pk", flat=True))
    return Person(contact_id, accounts, identity_of(contact_id, accounts, opened(erasure.terms)))


def identity_of(
    contact_id: int, accounts: Iterable[int], terms: Mapping[str, Iterable[str]]
) -> PersonTerms:
    """Return the identity with the names and numbers that others have as well marked as shared."""
    names, phones = tuple(terms["names"]), tuple(terms["phones"])
    others = Contact.objects.exclude(pk=contact_id).filter(erased_at=None)
    rows = (
        others.values_list("full_name", flat=True),
        User.objects.exclude(pk__in=list(accounts)).values_list("full_name", flat=True),
        Client.objects.values_list("name", flat=True),
        Team.objects.values_list("name", flat=True),
    )
    taken = {fold(name) for each in rows for name in each}
    numbers = {
        phone_number(phone) for phone in others.exclude(phone="").values_list("phone", flat=True)
    }
    shared = {name for name in names if fold(name) in taken}
    shared |= {phone for phone in phones if phone_number(phone) in numbers}
    return PersonTerms(names, tuple(terms["emails"]), phones, frozenset(shared))
