"""
Content of an e-mail: the waiting notifications with links, in the reader's language and time zone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from delivery.portal.addresses import portal_page
from routing.messages.email_texts import invitation
from routing.models import Contact, Notification, User
from routing.work.display import exact

INVITE = "mail.invite"


@dataclass(frozen=True, slots=True)
class EmailContent:
    subject: str
    body: str


def email_of(person: User, notifications: Sequence[Notification]) -> EmailContent:
    """
    One message, or several as a digest. Names the work by reference and title, and nobody.

    :param notifications: with their items, oldest first; at least one
    """
    with translation.override(settings.LANGUAGE_CODE), timezone.override(ZoneInfo(person.timezone)):
        lines = "\n\n".join(_line(each, person) for each in notifications)
        greeting = _("Hello %(name)s,") % {"name": person.get_short_name()}
        ending = _ending(person)
        return EmailContent(_subject(notifications), f"{greeting}\n\n{lines}\n\n{ending}\n")


def invitation_of(person: User, contact_id: int, inviter_id: int) -> EmailContent | None:
    """None for somebody who has no client any more."""
    contact = Contact.objects.known().filter(pk=contact_id, user=person).first()
    membership = (
        contact.memberships.select_related("client").order_by("client__name").first()
        if contact
        else None
    )
    if contact is None or membership is None:
        return None
    by = User.objects.filter(pk=inviter_id).values_list("full_name", flat=True).first() or ""
    with translation.override(settings.LANGUAGE_CODE):
        return EmailContent(*invitation(contact, membership.client, by))


def _subject(notifications: Sequence[Notification]) -> str:
    if len(notifications) == 1:
        subject = f"{notifications[0].get_words_display()}: {notifications[0].item.ref}"
    else:
        subject = ngettext(
            "%(count)s new notification", "%(count)s new notifications", len(notifications)
        ) % {"count": len(notifications)}
    return " ".join(subject.split())


def _ending(person: User) -> str:
    if person.is_staff:
        return _("All your notifications: %(url)s") % {
            "url": _url(reverse("admin:routing_notification_changelist"))
        }
    return _("Everything that is waiting for you: %(url)s") % {"url": _url(reverse("portal:home"))}


def _line(message: Notification, person: User) -> str:
    item = message.item
    url = _url(
        reverse("admin:routing_workitem_change", args=[item.pk])
        if person.is_staff
        else portal_page(item)
    )
    return f"{message.get_words_display()}: {item.ref} {item.title}\n{exact(message.at)}\n{url}"


def _url(path: str) -> str:
    return settings.SITE_URL.rstrip("/") + path
