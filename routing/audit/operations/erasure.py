"""Erase a contact's personal data and keep the evidence intact."""

from __future__ import annotations

import hmac
from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from routing.kernel.domains import canonical_address, spellings
from routing.kernel.events import Payload
from routing.people.actors import Actor
from routing.people.clients import Contact, ErasedIdentity
from routing.people.saving import save_with_reason, tell
from routing.runs.models import Enrichment
from routing.work.registry import announce, erasers, reactions

ERASED = announce("routing.contact.erase")


def identity_digest(email: str) -> str:
    """Return the HMAC-SHA256 of the canonical address under ERASURE_KEY, as hex."""
    return _digest(canonical_address(email))


def identity_digests(email: str) -> list[str]:
    """Return the digests of all spellings: those of before are of the address as it was written."""
    return [_digest(spelling) for spelling in spellings(email)]


def _digest(address: str) -> str:
    return hmac.new(settings.ERASURE_KEY.encode(), address.encode(), "sha256").hexdigest()


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


def erase(contact_id: int, *, by: Actor, at: datetime, reason: str) -> Contact:
    """
    Erase a contact's personal data everywhere, close the portal account, and keep only a keyed
    digest of the address. Erasing again changes nothing.

    Events and history contain only ids, so the chain still verifies.

    :raises PermissionDenied: if ``by`` may not erase
    :raises Contact.DoesNotExist: if there is no such contact
    """
    by.require("routing.erase_contact", to="erase personal data")
    with transaction.atomic():
        contact = Contact.objects.select_for_update(of=("self",)).get(pk=contact_id)
        if contact.erased_at is not None:
            return contact
        if contact.email:
            ErasedIdentity.objects.get_or_create(
                digest=identity_digest(contact.email), defaults={"erased_at": at}
            )
        # The contact itself comes last: erasers search by the address.
        for forget in (forget_facts, *erasers()):
            for spelling in spellings(contact.email):
                forget(contact.pk, spelling, at)
        contact.full_name = f"Erased contact {contact.pk}"
        contact.email = contact.phone = ""
        contact.erased_at = at
        contact.save()
        if contact.user is not None:
            # The account stays, because history refers to it.
            user = contact.user
            user.email = f"erased-{user.pk}@throughline.invalid"
            user.full_name, user.is_active = contact.full_name, False
            user.session_epoch += 1
            user.set_unusable_password()
            EmailAddress.objects.filter(user=user).delete()
            Authenticator.objects.filter(user=user).delete()
            save_with_reason(user, by=by, at=at, reason=reason)
        tell(ERASED.kind, contact.pk, by=by, at=at)
        for reaction in reactions(ERASED.kind):
            reaction([contact], by, at)
    return contact
