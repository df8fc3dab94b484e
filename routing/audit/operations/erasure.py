"""
Erase a contact's personal data from present rows, as the app's role can.

History and evidence belong to the owner of the database: see ``completing``.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from routing.audit.keys import closed, opened
from routing.audit.models import Erasure
from routing.audit.persons import identity_of
from routing.kernel.domains import canonical_address, spellings
from routing.kernel.events import Payload
from routing.people.actors import Actor
from routing.people.clients import Contact, ErasedIdentity
from routing.people.naming import PersonTerms, phone_number
from routing.people.saving import save_with_reason, tell
from routing.runs.models import Enrichment
from routing.work.registry import announce, erasers, reactions

ERASED = announce("routing.contact.erase")


def identity_digest(email: str) -> str:
    """Return the HMAC-SHA256 of the canonical address under ERASURE_KEY, as hex."""
    return _digest(canonical_address(email))


def identity_digests(email: str) -> list[str]:
    """Return the digests of all spellings. Earlier versions took that of the address as written."""
    return [_digest(spelling) for spelling in spellings(email)]


def _digest(address: str) -> str:
    return hmac.new(settings.ERASURE_KEY.encode(), address.encode(), "sha256").hexdigest()


def phone_digest(phone: str) -> str:
    """Return the keyed digest of a phone number without its country code, empty if too short."""
    number = phone_number(phone)
    return identity_digest(f"tel:{number.national}") if number else ""


def remember(identity: PersonTerms, at: datetime) -> None:
    """Keep keyed digests, by which what comes later from the person is recognised."""
    phones = set(identity.phones) - identity.shared
    digests = {identity_digest(email) for email in identity.emails}
    digests |= {digest for digest in map(phone_digest, phones) if digest}
    rows = [ErasedIdentity(digest=digest, erased_at=at) for digest in sorted(digests)]
    ErasedIdentity.objects.bulk_create(rows, ignore_conflicts=True)


def is_erased(email: str) -> bool:
    """
    Return whether a person with this address was erased. Intake then stores no personal data.
    """
    return ErasedIdentity.objects.filter(digest__in=identity_digests(email)).exists()


def forget_facts(contact_id: int, email: str, at: datetime) -> None:
    """
    Remove personal fields and the address from the facts of runs, and empty the bodies of their
    events.
    """
    known = Q(contact_ids__contains=contact_id)
    if email:
        known |= Q(facts__icontains=email)
    rows = list(Enrichment.objects.filter(known).select_related("run__version"))
    for row in rows:
        known_fields = set(
            row.run.version.fields.filter(personal=False).values_list("name", flat=True)
        )
        named = email.lower()
        row.facts = {
            name: value
            for name, value in row.facts.items()
            if name in known_fields and not (named and named in str(value).lower())
        }
        row.contact_ids = [contact for contact in row.contact_ids if contact != contact_id]
        # The reason is free text in which somebody may have named them.
        row.reason, row.erased_at = "", at
        row.save()
    bodies = Q(event__parts__run__in={row.run_id for row in rows})
    if email:
        bodies |= Q(body__icontains=email)
    ids = set(Payload.objects.filter(bodies).values_list("pk", flat=True))
    Payload.objects.filter(pk__in=ids).update(body={}, erased_at=at)


def erase(
    contact_id: int, *, by: Actor, at: datetime, reason: str, also: Sequence[str] = ()
) -> Contact:
    """
    Erase a contact's personal data from present rows, close the portal account, and keep only keyed
    digests of the addresses and numbers. Erasing again changes nothing.

    What the person is called is kept encrypted until the owner of the database has completed the
    erasure.

    :param also: other names, addresses and numbers of the person
    :raises PermissionDenied: if ``by`` may not erase
    :raises Contact.DoesNotExist: if there is no such contact
    """
    by.require("routing.erase_contact", to="erase personal data")
    with transaction.atomic():
        contact = Contact.objects.select_for_update(of=("self",)).get(pk=contact_id)
        if contact.erased_at is not None:
            return contact
        terms = terms_of(contact, also)
        accounts = [contact.user.pk] if contact.user else []
        remember(identity_of(contact.pk, accounts, terms), at)
        Erasure.objects.create(
            contact=contact, asked_by_id=by.user_id, asked_at=at, reason=reason, terms=closed(terms)
        )
        # The contact itself comes last: erasers search by the address.
        for forget in (forget_facts, *erasers()):
            for spelling in spellings(contact.email):
                forget(contact.pk, spelling, at)
        contact.full_name = f"Erased contact {contact.pk}"
        contact.email = contact.phone = ""
        contact.erased_at = at
        contact.save()
        _close_account(contact, by=by, at=at, reason=reason)
        tell(ERASED.kind, contact.pk, by=by, at=at)
        for reaction in reactions(ERASED.kind):
            reaction([contact], by, at)
    return contact


def reopen(
    contact: Contact, also: Sequence[str], *, by: Actor, at: datetime, reason: str
) -> Erasure:
    """
    Return the erasure of an erased contact, with further terms if there are any.

    A contact that was erased before there were records of it gets one.
    """
    with transaction.atomic():
        erasure = Erasure.objects.select_for_update().filter(contact=contact).first()
        if erasure is None:
            erasure = Erasure(contact=contact, asked_by_id=by.user_id, asked_at=at, reason=reason)
        known = opened(erasure.terms) if erasure.terms else _sorted(also)
        if also and erasure.terms:
            more = _sorted(also)
            known = {name: sorted({*known[name], *more[name]}) for name in known}
        if any(known.values()):
            erasure.terms, erasure.done_at = closed(known), None
        erasure.save()
    return erasure


def terms_of(contact: Contact, also: Sequence[str]) -> dict[str, list[str]]:
    """Return everything that the person is called: names, e-mail addresses and phone numbers."""
    names, emails, phones = {contact.full_name}, {contact.email}, {contact.phone}
    if contact.user is not None:
        names.add(contact.user.full_name)
        emails.add(contact.user.email)
        emails |= set(
            EmailAddress.objects.filter(user=contact.user).values_list("email", flat=True)
        )
    more = _sorted(also)
    return {
        "names": _clean({*names, *more["names"]}),
        "emails": _clean({*emails, *more["emails"]}),
        "phones": _clean({*phones, *more["phones"]}),
    }


def _sorted(terms: Sequence[str]) -> dict[str, list[str]]:
    """Tell names, addresses and numbers apart."""
    found: dict[str, list[str]] = {"names": [], "emails": [], "phones": []}
    for term in _clean(set(terms)):
        kind = "emails" if "@" in term else "phones" if phone_number(term) else "names"
        found[kind].append(term)
    return found


def _clean(values: set[str]) -> list[str]:
    return sorted(value.strip() for value in values if value.strip())


def _close_account(contact: Contact, *, by: Actor, at: datetime, reason: str) -> None:
    user = contact.user
    if user is None:
        return
    # The account stays, because history refers to it.
    user.email = f"erased-{user.pk}@throughline.invalid"
    user.full_name, user.is_active = contact.full_name, False
    user.session_epoch += 1
    user.set_unusable_password()
    EmailAddress.objects.filter(user=user).delete()
    Authenticator.objects.filter(user=user).delete()
    save_with_reason(user, by=by, at=at, reason=reason)
