"""The layout that all e-mails share, as plain text and as HTML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from routing.cover.agency import Agency

PREVIEW_SIGNS = 120  # what a list of e-mails shows beside the subject


@dataclass(frozen=True, slots=True)
class EmailEntry:
    """One of several things that an e-mail is about."""

    title: str
    when: str
    url: str


@dataclass(frozen=True, slots=True)
class EmailLayout:
    """
    The parts of an e-mail, in the reader's language.

    ``quote`` is in somebody's own words. ``facts`` are labels with values. ``button`` is the label
    of the link to ``url``. ``footer`` says why the reader gets it.
    """

    subject: str
    heading: str
    greeting: str
    paragraphs: tuple[str, ...]
    footer: str
    ref: str = ""
    quote: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    entries: tuple[EmailEntry, ...] = ()
    button: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class EmailFile:
    """A file that is attached to an e-mail. ``kind`` is its media type."""

    name: str
    kind: str
    body: bytes


@dataclass(frozen=True, slots=True)
class EmailContent:
    """
    An e-mail as it is sent.

    ``thread`` names the conversation that it belongs to, or is empty. ``reply_to`` is the address
    for answers, or is empty. ``files`` are attached.
    """

    subject: str
    body: str
    html: str
    thread: str = ""
    reply_to: str = ""
    files: tuple[EmailFile, ...] = ()


def agency_name() -> str:
    return Agency.objects.values_list("name", flat=True).first() or _("The agency")


def layout_context(email: EmailLayout) -> dict[str, Any]:
    """Return the context of the templates, in which the e-mail is ``layout``."""
    first = email.paragraphs[0] if email.paragraphs else email.greeting
    return {
        "layout": email,
        "agency": agency_name(),
        "language": translation.get_language(),
        "preview": f"{email.heading} – {email.quote or first}"[:PREVIEW_SIGNS],
        "quoted": "\n".join(f"> {line}" for line in email.quote.splitlines()),
    }


def content_of(email: EmailLayout, *, thread: str = "", reply_to: str = "") -> EmailContent:
    """Return an e-mail in both forms. Call it with the reader's language active."""
    context = layout_context(email)
    text = render_to_string("emails/message.txt", context).strip()
    html = render_to_string("emails/message.html", context)
    # A title may contain a line break, which a header must not.
    subject = " ".join(email.subject.split())
    return EmailContent(subject, f"{text}\n", html, thread, reply_to)
