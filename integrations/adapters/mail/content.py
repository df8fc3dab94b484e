"""
The content of notifications and invitations, in the reader's language and time zone.

The texts for clients are translated in locale/. Others are in the language of the desk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from delivery.approvals.models import Approval
from delivery.portal.addresses import portal_page
from delivery.requests.reach import ASKING
from integrations.adapters.mail.layout import (
    EmailContent,
    EmailEntry,
    EmailLayout,
    agency_name,
    content_of,
)
from routing.models import Contact, Notification, User, WorkItem
from routing.work.gates import Words

INVITE = "mail.invite"


@contextmanager
def written_for(language: str, zone: str) -> Iterator[None]:
    """Write what is written in this block in one language, with times of one zone."""
    with translation.override(language), timezone.override(ZoneInfo(zone)):
        yield


def moment(at: datetime) -> str:
    """Return a time in the reader's zone, with the zone's name: Sat 21 Nov 2026, 14:20 CET."""
    return formats.date_format(timezone.localtime(at), _("D j M Y, H:i T"))


def thread_of(request_item: int, contact: int) -> str:
    """Return the name of the conversation with one contact about one request."""
    return f"request:{request_item}:{contact}"


def web_address(path: str) -> str:
    return settings.SITE_URL.rstrip("/") + path


def email_of(person: User, notifications: Sequence[Notification]) -> EmailContent:
    """
    Write an e-mail about one or several notifications.

    It names work by reference and title. It names no people, because mail can be read on the way.

    :param notifications: at least one, oldest first, with their items
    """
    contact = None if person.is_staff else Contact.objects.filter(user=person).first()
    with written_for(contact.language if contact else settings.LANGUAGE_CODE, person.timezone):
        greeting = _("Hello %(name)s,") % {"name": person.get_short_name()}
        if len(notifications) > 1:
            return content_of(_of_several(person, notifications, greeting))
        [one] = notifications
        thread = _thread(one.item, contact) if contact else ""
        return content_of(_of_one(person, one, greeting), thread=thread)


def invitation_of(person: User, contact_id: int, inviter_id: int) -> EmailContent | None:
    """
    Write an invitation to the portal, or None if the contact has no client any more.

    It contains no secret. The person requests a sign-in code on the page that it leads to.
    """
    contact = Contact.objects.known().filter(pk=contact_id, user=person).first()
    if contact is None:
        return None
    mine = list(contact.memberships.select_related("client").order_by("client__name"))
    # The one with most rights, so that the e-mail names what they can do somewhere.
    membership = next((each for each in mine if each.role in ASKING), mine[0] if mine else None)
    if membership is None:
        return None
    by = User.objects.filter(pk=inviter_id).values_list("full_name", flat=True).first() or ""
    with written_for(contact.language, person.timezone):
        agency = agency_name()
        names = {"by": by, "agency": agency, "client": membership.client.name}
        email = EmailLayout(
            subject=_("%(agency)s invites you to its client portal") % names,
            heading=_("Your access to our client portal"),
            greeting=_("Hello %(name)s,") % {"name": contact.full_name},
            paragraphs=(
                _INVITES[membership.role in ASKING] % names,
                _(
                    "To sign in, open the portal and enter your e-mail address, %(email)s. You "
                    "receive a new code by e-mail each time, so there is no password to remember."
                )
                % {"email": contact.readable_email},
            ),
            footer=_("You get this e-mail because %(by)s invited you.") % names,
            button=_("Open the portal"),
            url=web_address(reverse("portal:home")),
        )
        return content_of(email)


# What they can do, by whether they may ask for work.
_INVITES: Mapping[bool, Words] = {
    True: gettext_lazy(
        "%(by)s invites you to the %(agency)s client portal. There you can follow our work for "
        "%(client)s, request new work and answer our questions."
    ),
    False: gettext_lazy(
        "%(by)s invites you to the %(agency)s client portal. There you can follow our work for "
        "%(client)s."
    ),
}


def _of_one(person: User, notification: Notification, greeting: str) -> EmailLayout:
    item, words = notification.item, notification.get_words_display()
    facts = [(_("Sent"), moment(notification.at))]
    if item.kind == "approval" and not person.is_staff:
        deadline = Approval.objects.filter(item=item).values_list("expires_at", flat=True).first()
        if deadline is not None:
            facts.append((_("Please answer by"), moment(deadline)))
    return EmailLayout(
        subject=f"{words}: {item.ref}",
        heading=words,
        greeting=greeting,
        paragraphs=(f"{item.ref} {item.title}".strip(),),
        footer=_footer(person),
        ref=item.ref,
        facts=tuple(facts),
        button=_("Open"),
        url=_page(item, person),
    )


def _of_several(person: User, notifications: Sequence[Notification], greeting: str) -> EmailLayout:
    heading = ngettext(
        "%(count)s new notification", "%(count)s new notifications", len(notifications)
    ) % {"count": len(notifications)}
    if person.is_staff:
        every = web_address(reverse("admin:routing_notification_changelist"))
    else:
        every = web_address(reverse("portal:home"))
    return EmailLayout(
        subject=heading,
        heading=heading,
        greeting=greeting,
        paragraphs=(),
        footer=_footer(person),
        entries=tuple(_entry(each, person) for each in notifications),
        button=_("Open all"),
        url=every,
    )


def _entry(notification: Notification, person: User) -> EmailEntry:
    item = notification.item
    title = f"{notification.get_words_display()}: {item.ref} {item.title}".strip()
    return EmailEntry(title, moment(notification.at), _page(item, person))


def _page(item: WorkItem, person: User) -> str:
    if person.is_staff:
        return web_address(reverse("admin:routing_workitem_change", args=[item.pk]))
    return web_address(portal_page(item))


def _footer(person: User) -> str:
    if person.is_staff:
        return _("You get this e-mail because the work is yours, or waits for you.")
    return _("You get this e-mail because you have access to our client portal.")


def _thread(item: WorkItem, contact: Contact) -> str:
    """Return the thread of the request that the work belongs to, or empty if there is none."""
    about: WorkItem | None = item
    while about is not None and about.kind != "request":
        about = about.parent
    return thread_of(about.pk, contact.pk) if about else ""
