"""The content of e-mails: notifications with links, in the reader's language and time zone."""

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
    Write an e-mail about one or several notifications.

    It names work by reference and title. It names no people, because mail can be read on the way.

    :param notifications: at least one, oldest first, with their items
    """
    with translation.override(settings.LANGUAGE_CODE), timezone.override(ZoneInfo(person.timezone)):
        lines = "\n\n".join(_line(each, person) for each in notifications)
        greeting = _("Hello %(name)s,") % {"name": person.get_short_name()}
        ending = _ending(person)
        return EmailContent(_subject(notifications), f"{greeting}\n\n{lines}\n\n{ending}\n")


def invitation_of(person: User, contact_id: int, inviter_id: int) -> EmailContent | None:
    """Write an invitation to the portal, or None if the contact has no client any more."""
    contact = Contact.objects.known().filter(pk=contact_id, user=person).first()
    if contact is None:
        return None
    membership = contact.memberships.select_related("client").order_by("client__name").first()
    if membership is None:
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
    return " ".join(subject.split())  # a subject is one line


def _ending(person: User) -> str:
    if person.is_staff:
        return _("All your notifications: %(url)s") % {
            "url": _url(reverse("admin:routing_notification_changelist"))
        }
    return _("Everything waiting for you: %(url)s") % {"url": _url(reverse("portal:home"))}


def _line(notification: Notification, person: User) -> str:
    item = notification.item
    if person.is_staff:
        path = reverse("admin:routing_workitem_change", args=[item.pk])
    else:
        path = portal_page(item)
    title = f"{notification.get_words_display()}: {item.ref} {item.title}"
    return f"{title}\n{exact(notification.at)}\n{_url(path)}"


def _url(path: str) -> str:
    return settings.SITE_URL.rstrip("/") + path
