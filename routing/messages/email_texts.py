"""Texts of e-mails to people outside the agency. The outbox sends them."""

from __future__ import annotations

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from routing.cover.agency import Agency
from routing.people.clients import Client, Contact


def invitation(contact: Contact, client: Client, by: str) -> tuple[str, str]:
    """
    Return subject and text of an invitation: where to sign in, and with which address.

    It contains no secret. The person requests a sign-in code on that page.
    """
    agency = Agency.objects.values_list("name", flat=True).first() or str(_("The agency"))
    context = {
        "name": contact.full_name,
        "email": contact.email.lower(),
        "client": client.name,
        "by": by,
        "agency": agency,
        "url": settings.SITE_URL + reverse("portal:home"),
    }
    subject = _("%(agency)s invites you to its client portal") % {"agency": agency}
    # The agency's name may contain a line break, which a mail header must not.
    return " ".join(subject.split()), render_to_string("letters/invitation.txt", context)
