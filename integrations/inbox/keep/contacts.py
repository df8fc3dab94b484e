"""The people at a client, as far as another system knows them."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from integrations.base.adapter import ExternalPerson
from integrations.inbox.keep.writer import RecordWriter
from integrations.inbox.matching import CONTACT, SubjectLinks
from routing.models import Client, Contact, Membership
from routing.people.operations import save_contact

MAX_EMAIL = 254  # characters, RFC 5321


def keep_contacts(
    writer: RecordWriter, client: Client, people: Sequence[ExternalPerson], links: SubjectLinks
) -> list[Contact]:
    """
    The contacts these people are, in the same order; made where there is none, without access to
    anything.

    What a person already has stays as it is: a changed address in a CRM must not move a sign-in.
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
        # Somebody who can sign in would see this client's work at once: that takes a person's
        # invitation.
        if contact.pk not in members and contact.user_id is None:
            writer.save(Membership(contact=contact, client=client))
    return list(kept.values())


def _contact(writer: RecordWriter, person: ExternalPerson, links: SubjectLinks) -> Contact | None:
    link = links.contacts.get(person.remote_id)
    if link is not None:
        return link.contact
    email = _sound(person.email)
    contact = Contact.objects.known().filter(email__iexact=email).first() if email else None
    if contact is None:
        name = person.name or email.partition("@")[0]
        if not name:
            return None
        contact = Contact(full_name=name[:120], email=email)
        save_contact(contact, by=writer.by, at=writer.at)
    writer.link(CONTACT, person.remote_id, contact=contact)
    return contact


def _sound(email: str) -> str:
    try:
        validate_email(email)
    except ValidationError:
        return ""
    return email if len(email) <= MAX_EMAIL else ""
