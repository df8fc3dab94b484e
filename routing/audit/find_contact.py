"""Find a contact by id or e-mail address."""

from __future__ import annotations

from routing.people.clients import Contact


class NoSuchContact(LookupError):
    """No contact has this id or address."""


def find_contact(text: str) -> Contact:
    """:raises NoSuchContact: see the class"""
    rows = Contact.objects.select_related("user")
    if text.isascii() and text.isdigit():
        found = rows.filter(pk=int(text)).first()
    else:
        found = rows.filter(email__iexact=text.strip()).exclude(email="").first()
    if found is None:
        raise NoSuchContact(f"There is no contact {text}.")
    return found
