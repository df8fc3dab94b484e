"""
The content of e-mails to a client about a request: its receipt, questions and results.

They are written when they leave, so what is no longer true by then is not sent. Without access to
the portal, a contact reads whom to answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from delivery.models import Deliverable, Request
from delivery.requests.reach import ClientPerson
from integrations.adapters.mail.content import moment, thread_of, web_address, written_for
from integrations.adapters.mail.layout import EmailContent, EmailLayout, agency_name, content_of
from routing.models import Contact, Membership

S = Request.State


class ClientEmail(StrEnum):
    """Kinds of e-mails to clients, which are also their operations in the outbox."""

    RECEIPT = "mail.receipt"
    QUESTION = "mail.question"
    REMINDER = "mail.reminder"
    REFUSAL = "mail.refusal"
    ACCEPTANCE = "mail.acceptance"
    LIVE = "mail.live"
    FILES = "mail.files"
    DELIVERED = "mail.delivered"
    CANCELLED = "mail.cancelled"


# The states of the request in which an e-mail is still true. The others always are.
TRUE_IN = {
    ClientEmail.QUESTION: {S.NEEDS_INFORMATION},
    ClientEmail.REMINDER: {S.NEEDS_INFORMATION},
    ClientEmail.REFUSAL: {S.REJECTED},
    ClientEmail.ACCEPTANCE: {S.ACCEPTED, S.IN_DELIVERY, S.DELIVERED, S.CLOSED},
    ClientEmail.DELIVERED: {S.DELIVERED, S.CLOSED},
    ClientEmail.CANCELLED: {S.CANCELLED},
}
OF_DELIVERABLES = {
    ClientEmail.LIVE: Deliverable.State.LIVE,
    ClientEmail.FILES: Deliverable.State.HANDED_OVER,
}


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a text is about. ``work`` is a deliverable that the e-mail is about."""

    request: Request
    person: ClientPerson
    work: Deliverable | None = None

    @property
    def names(self) -> dict[str, str]:
        title = self.work.item.title if self.work else self.request.item.title
        return {"title": title, "owner": self.owner, "agency": agency_name()}

    @property
    def owner(self) -> str:
        owner = self.request.item.owner
        return owner.full_name if owner else agency_name()


@dataclass(frozen=True, slots=True)
class _Text:
    heading: str
    paragraphs: tuple[str, ...]
    button: str = ""
    quote: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    # Where the button leads without access to the portal, such as to the live page.
    public_url: str = ""
    answers: bool = False  # the reader is to answer


def client_email(
    kind: ClientEmail, contact_id: int, request_id: int, deliverable_id: int | None = None
) -> tuple[Contact, EmailContent] | None:
    """
    Write an e-mail, or return None if the contact is to get none any more, or it is not true now.
    """
    request = (
        Request.objects.filter(pk=request_id).select_related("item__client", "item__owner").first()
    )
    if request is None or request.state not in TRUE_IN.get(kind, {request.state}):
        return None
    member = (
        Membership.objects.filter(
            contact=contact_id, client=request.item.client, contact__erased_at=None
        )
        .exclude(contact__email="")
        .select_related("contact__user", "client")
        .first()
    )
    work = Deliverable.objects.filter(pk=deliverable_id or 0).select_related("item").first()
    if member is None or (kind in OF_DELIVERABLES and _is_over(kind, work)):
        return None
    contact, person = member.contact, ClientPerson.of(member)
    user = contact.user
    zone = user.timezone if user and person.has_access else member.client.timezone
    with written_for(contact.language, zone):
        known = _Facts(request, person, work)
        email = _layout(TEXTS[kind](known), known)
        owner = request.item.owner
        return contact, content_of(
            email,
            thread=thread_of(request.item_id, contact_id),
            reply_to=owner.email if owner and owner.is_active else "",
        )


def _is_over(kind: ClientEmail, work: Deliverable | None) -> bool:
    return work is None or work.state != OF_DELIVERABLES[kind]


def _layout(text: _Text, known: _Facts) -> EmailLayout:
    item, person = known.request.item, known.person
    paragraphs, button, url = list(text.paragraphs), "", text.public_url
    if person.has_access:
        button, url = text.button, web_address(_portal_page(known))
        if text.answers and not person.may_answer:
            paragraphs.append(
                _("You can read this in the portal. To answer, reply to this e-mail.")
            )
    else:
        button = _("Open the page") if url else ""
        paragraphs.append(_where_to_answer(text, known))
    facts = [*text.facts, (_("Request"), f"{item.ref} {item.title}")]
    if known.request.wanted_date:
        facts.append((_("Needed by"), date_format(known.request.wanted_date, _("D j M Y"))))
    facts.append((_("Your contact person"), known.owner))
    return EmailLayout(
        # One subject for all e-mails of a thread, or mail programs would tear it apart.
        subject=f"{item.ref}: {item.title}",
        heading=text.heading,
        greeting=_("Hello %(name)s,") % {"name": person.full_name},
        paragraphs=tuple(paragraphs),
        footer=_why(known),
        ref=item.ref,
        quote=text.quote,
        facts=tuple(facts),
        button=button,
        url=url,
    )


def _portal_page(known: _Facts) -> str:
    if known.work is not None:
        return reverse("portal:work", args=[known.work.item.ref])
    return reverse("portal:request", args=[known.request.item.ref])


def _where_to_answer(text: _Text, known: _Facts) -> str:
    if text.answers:
        words = _("To answer, reply to this e-mail. Your reply goes to %(owner)s.")
    else:
        words = _("If you have questions, reply to this e-mail. Your reply goes to %(owner)s.")
    return words % known.names


def _why(known: _Facts) -> str:
    client = known.request.item.client
    names = {"client": client.name if client else "", "agency": agency_name()}
    if known.request.contact_id == known.person.contact_id:
        return _("You get this e-mail because you asked %(agency)s for this work.") % names
    words = _("You get this e-mail because you may answer for %(client)s at %(agency)s.")
    return words % names


def _receipt(known: _Facts) -> _Text:
    return _Text(
        _("We received your request"),
        (
            _("Thank you. “%(title)s” has reached us.") % known.names,
            _("We will review it and get back to you, or ask if something is missing."),
        ),
        _("See the request"),
        facts=((_("Received"), moment(known.request.item.created_at)),),
    )


def _question(known: _Facts) -> _Text:
    return _Text(
        _("We have a question"),
        (_("Before we can continue with “%(title)s”, we need your answer:") % known.names,),
        _("Answer the question"),
        quote=known.request.question,
        answers=True,
    )


def _reminder(known: _Facts) -> _Text:
    return _Text(
        _("Reminder: we are waiting for your answer"),
        (_("We can continue with “%(title)s” as soon as you have answered:") % known.names,),
        _("Answer the question"),
        quote=known.request.question,
        answers=True,
    )


def _refusal(known: _Facts) -> _Text:
    return _Text(
        _("We cannot take this on"),
        (
            _("We have looked at “%(title)s” and cannot take it on.") % known.names,
            _("%(owner)s can tell you why.") % known.names,
        ),
        _("See the request"),
    )


def _acceptance(known: _Facts) -> _Text:
    return _Text(
        _("We accepted your request"),
        (
            _("We will do “%(title)s” and are planning the work.") % known.names,
            _("If something needs your decision, we will ask you."),
        ),
        _("See the request"),
    )


def _live(known: _Facts) -> _Text:
    url = known.work.live_url if known.work else ""
    return _Text(
        _("It is live"),
        (
            _("“%(title)s” is published.") % known.names,
            _("If something should be different, tell us."),
        ),
        _("See it in the portal"),
        facts=((_("Address"), url),) if url else (),
        public_url=url,
    )


def _files(known: _Facts) -> _Text:
    return _Text(
        _("Your files are ready"),
        (
            _("The files of “%(title)s” are yours.") % known.names,
            _("Please download them, or answer that you have them, so that we know."),
        ),
        _("Get the files"),
    )


def _delivered(known: _Facts) -> _Text:
    done = Deliverable.objects.filter(
        request=known.request, state__in=Deliverable.done_states
    ).select_related("item")
    facts = [
        (work.item.title, work.live_url or _("Files handed over")) for work in done.order_by("pk")
    ]
    return _Text(
        _("Your request is delivered"),
        (
            _("Everything that was agreed for “%(title)s” is done.") % known.names,
            _("We are checking that everything works as agreed."),
        ),
        _("See the request"),
        facts=tuple(facts),
    )


def _cancelled(known: _Facts) -> _Text:
    return _Text(
        _("We have stopped this work"),
        (
            _("“%(title)s” is cancelled.") % known.names,
            _("%(owner)s can tell you why.") % known.names,
        ),
        _("See the request"),
    )


TEXTS: dict[ClientEmail, Callable[[_Facts], _Text]] = {
    ClientEmail.RECEIPT: _receipt,
    ClientEmail.QUESTION: _question,
    ClientEmail.REMINDER: _reminder,
    ClientEmail.REFUSAL: _refusal,
    ClientEmail.ACCEPTANCE: _acceptance,
    ClientEmail.LIVE: _live,
    ClientEmail.FILES: _files,
    ClientEmail.DELIVERED: _delivered,
    ClientEmail.CANCELLED: _cancelled,
}
