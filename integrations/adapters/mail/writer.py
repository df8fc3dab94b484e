"""
Send one e-mail.

An e-mail cannot be looked up, so after a lost answer it is sent again. Each repetition has the same
Message-ID, so that mail programs can show one.
"""

from __future__ import annotations

import smtplib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.utils import formataddr, parseaddr
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db.models import QuerySet
from django.utils import timezone

from integrations.adapters.mail.client_emails import ClientEmail, client_email
from integrations.adapters.mail.content import INVITE, email_of, invitation_of
from integrations.adapters.mail.export_emails import EXPORT, export_email
from integrations.adapters.mail.layout import EmailContent, agency_name
from integrations.adapters.mail.report_emails import REPORT, report_email
from integrations.base.adapter import (
    CallFailed,
    ClientlessWriter,
    CredentialsRefused,
    OutboxMessage,
    Permanent,
    Temporary,
    Unknown,
    Written,
)
from routing.messages.operations import sending
from routing.messages.shown import hidden_items, shown_to
from routing.models import Notification, User
from routing.people.actors import Actor

NOBODY = "nobody"  # the id of an e-mail that did not have to be sent


class MailWriter(ClientlessWriter):
    consistency_delay_s = 60.0  # nothing can be looked up, so this only delays the next attempt

    def find(self, message: OutboxMessage) -> Written | None:
        return None

    def write(self, message: OutboxMessage, known: Written | None) -> Written:
        """
        Send an e-mail to a client, an invitation, a report, news of an export, or notifications
        that are unread and not settled.

        Sends nothing if it is no longer true, none is left, or the person has left.
        """
        if message.verb == REPORT:
            return self._report(message)
        if message.verb in set(ClientEmail):
            return self._to_client(message)
        person = User.objects.filter(pk=message.content["to"], is_active=True).first()
        if person is None:
            return Written(NOBODY)
        if message.verb == INVITE:
            return self._invitation(message, person)
        if message.verb == EXPORT:
            return self._export(message, person)
        return self._notifications(message, person)

    def _to_client(self, message: OutboxMessage) -> Written:
        content = message.content
        found = client_email(
            ClientEmail(message.verb),
            content["contact"],
            content["request"],
            content.get("deliverable"),
        )
        if found is None:
            return Written(NOBODY)
        contact, email = found
        return self._send(message, contact.email, email, {"contact": contact.pk})

    def _invitation(self, message: OutboxMessage, person: User) -> Written:
        email = invitation_of(person, message.content["contact"], message.content["by"])
        return self._send(message, person.email, email, {}) if email else Written(NOBODY)

    def _export(self, message: OutboxMessage, person: User) -> Written:
        number = message.content["export"]
        email = export_email(number, person)
        if email is None:
            return Written(NOBODY)
        return self._send(message, person.email, email, {"export": number})

    def _notifications(self, message: OutboxMessage, person: User) -> Written:
        asked = Notification.objects.filter(
            pk__in=message.content.get("messages", ()), recipient=person
        )
        # What was settled while the e-mail waited is no news any more.
        unread = _shown(asked.unread().current(timezone.now()), person)
        if not unread:
            return Written(NOBODY)
        ids = [each.pk for each in unread]
        sending(ids, at=timezone.now())
        return self._send(message, person.email, email_of(person, unread), {"messages": ids})

    def _report(self, message: OutboxMessage) -> Written:
        content = message.content
        found = report_email(
            content["report"], user_id=content.get("to"), contact_id=content.get("contact")
        )
        if found is None:
            return Written(NOBODY)
        address, email = found
        return self._send(message, address, email, {"report": content["report"]})

    def _send(
        self, message: OutboxMessage, to: str, email: EmailContent, evidence: Mapping[str, Any]
    ) -> Written:
        # The e-mails of one report to several people are one message.
        number = message_id(message.content.get("message_id", message.key))
        earlier: Sequence[str] = message.content.get("earlier", ())
        mail = EmailMultiAlternatives(
            f"Re: {email.subject}" if earlier else email.subject,
            email.body,
            from_email=_sender(),
            to=[to],
            reply_to=[email.reply_to] if email.reply_to else None,
            headers={
                "Message-ID": number,
                "Auto-Submitted": "auto-generated",
                **_thread(email.thread, earlier),
            },
        )
        mail.attach_alternative(email.html, "text/html")
        for file in email.files:
            mail.attach(file.name, file.body, file.kind)
        with _smtp_errors():
            mail.send()
        return Written(number[1:-1][:100], evidence=evidence)

    def read_back(self, message: OutboxMessage, written: Written) -> Sequence[str]:
        return ()


def open_and_close() -> None:
    """
    Sign in at the mail server and send nothing.

    :raises CallFailed: if the server does not answer, or refuses the credentials
    """
    with _smtp_errors():
        server = get_connection()
        server.open()
        server.close()


def _shown(notifications: QuerySet[Notification], person: User) -> list[Notification]:
    """Return those that the person is shown, without the titles of work that they cannot see."""
    by = Actor.of(person)
    found = list(notifications.filter(shown_to(by)).select_related("item").order_by("pk"))
    hidden = hidden_items(found, by)
    for each in found:
        if each.item_id in hidden:
            each.item.title = ""
    return found


def message_id(key: str) -> str:
    """Return the Message-ID, which is the same for every attempt to send one e-mail."""
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    return f"<{sha256(key.encode()).hexdigest()[:32]}@{host}>"


def _sender() -> str:
    """Return the address that e-mails come from, with the agency's name."""
    _name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    # A line break in the name would be a second header.
    return formataddr((" ".join(agency_name().split()), address))


def _thread(name: str, earlier: Sequence[str]) -> dict[str, str]:
    """
    Return the headers that join an e-mail to those of the same thread.

    Every e-mail refers to the thread itself, an id under which nothing was sent, so that a thread
    holds together although its first e-mail never arrived.

    :param earlier: keys of the thread's earlier messages, oldest first
    """
    if not name:
        return {}
    ids = [message_id(f"thread:{name}"), *(message_id(key) for key in earlier)]
    return {"References": " ".join(ids), "In-Reply-To": ids[-1]}


@contextmanager
def _smtp_errors() -> Iterator[None]:
    """
    Translate errors of SMTP.

    The server's own text may hold the recipient's address, so only its code is repeated.
    """
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        raise _coded(min((code for code, _ in error.recipients.values()), default=550)) from None
    except smtplib.SMTPAuthenticationError as error:
        raise CredentialsRefused(
            f"The mail server refused our credentials ({error.smtp_code}).", error.smtp_code
        ) from None
    except smtplib.SMTPServerDisconnected:
        # It may have come after the text was taken in, and then the e-mail is on its way.
        raise Unknown("The mail server closed the connection.") from None
    except smtplib.SMTPConnectError as error:
        raise Temporary(f"The mail server is not ready ({error.smtp_code}).") from None
    except smtplib.SMTPResponseException as error:
        raise _coded(error.smtp_code) from None
    except TimeoutError:
        raise Unknown("The mail server did not answer in time.") from None
    except (smtplib.SMTPException, OSError) as error:
        raise Temporary(f"The mail server cannot be reached ({type(error).__name__}).") from None


def _coded(code: int) -> CallFailed:
    """Classify a reply code: 4xx may work later, 5xx will not (RFC 5321, section 4.2.1)."""
    text = f"The mail server answered {code}."
    return Permanent(text, code) if code >= 500 else Temporary(text)  # noqa: PLR2004  # see above
