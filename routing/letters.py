"""Letters to people outside the agency: written after the commit of what caused them. The one place that sends them."""

from __future__ import annotations

import logging
from functools import partial
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from routing.actors import Actor
from routing.models.agency import Agency
from routing.models.clients import Client, Contact

log = logging.getLogger(__name__)


def invitation(contact: Contact, client: Client, by: Actor) -> None:
    """Where to sign in, and with which address. It holds no secret: the code is asked for there."""
    agency = Agency.objects.values_list("name", flat=True).first() or str(_("The agency"))
    context = {
        "name": contact.full_name,
        "email": contact.email.lower(),
        "client": client.name,
        "by": by.name,
        "agency": agency,
        "url": settings.SITE_URL + reverse("portal:home"),
    }
    subject = _("%(agency)s invites you to its client portal") % {"agency": agency}
    send_letter(contact.email.lower(), subject, render_to_string("letters/invitation.txt", context))


def send_letter(to: str, subject: str, text: str) -> None:
    """After the commit; not at all if it is undone. A letter that cannot be sent is logged, without the address."""
    transaction.on_commit(partial(_post, to, " ".join(subject.split()), text))


def _post(to: str, subject: str, text: str) -> None:
    try:
        send_mail(subject, text, None, [to])
    except (SMTPException, OSError) as error:
        log.warning("A letter was not sent: %s", type(error).__name__)
