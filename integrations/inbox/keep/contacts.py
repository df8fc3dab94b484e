"""Store the contacts that an external system reports."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from integrations.base.adapter import ExternalPerson
from integrations.inbox.keep.writer import RecordWriter
from integrations.inbox.matching import CONTACT, SubjectLinks
from routing.kernel.clean_text import one_line
from routing.kernel.domains import stored_address
from routing.models import Client, Contact, Membership
from routing.people.operations import save_contact

MAX_EMAIL = 254  # characters, RFC 5321


def keep_contacts(
    writer: RecordWriter, client: Client, people: Sequence[ExternalPerson], links: SubjectLinks
) -> list[Contact]:
    """
    Return the contacts of these people in the same order, and create missing ones.

    A new contact has no access to the portal. An existing contact is not changed: a changed address
    in a CRM must not move a sign-in.
    """
    kept: dict[int, Contact] = {}
    for person in people:
        contact = _contact(writer, person, links)
        if contact is not None:
            kept.setdefault(contact.pk, contact)
    members = set(
        Membership.objects.filter(client=client, contact__in=kept).values_list("contact", flat=True)
    )
    for contact in kept.values():
        # With a membership, somebody who can sign in would see this client's work at once. Only a
        # person may grant that, by an invitation.
        if contact.pk not in members and contact.user_id is None:
            writer.save(Membership(contact=contact, client=client))
    return list(kept.values())


def _contact(writer: RecordWriter, person: ExternalPerson, links: SubjectLinks) -> Contact | None:
    link = links.contacts.get(person.remote_id)
    if link is not None:
        return link.contact
    email = _valid(person.email)
    contact = Contact.objects.known().filter(email__iexact=email).first() if email else None
    # Vendors' records may lack a name, an address or both. Without either, there is no contact.
    if contact is None:
        name = one_line(person.name) or email.partition("@")[0]
        if not name:
            return None
        contact = Contact(full_name=name[:120], email=email)
        save_contact(contact, by=writer.by, at=writer.at)
    writer.link(CONTACT, person.remote_id, contact=contact)
    return contact


def _valid(email: str) -> str:
    stored = stored_address(email)
    try:
        validate_email(stored)
    except ValidationError:
        return ""
    return stored if len(stored) <= MAX_EMAIL else ""
