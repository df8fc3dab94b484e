"""
Send one letter.

Mail cannot be looked up: it is sent at least once, and a repetition carries the same Message-ID.
"""

from __future__ import annotations

import smtplib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone

from integrations.adapters.mail.content import INVITE, EmailContent, email_of, invitation_of
from integrations.base.adapter import (
    CallFailed,
    CredentialsRefused,
    OutboxMessage,
    Permanent,
    Temporary,
    Unknown,
    Written,
)
from routing.messages.operations import sending
from routing.models import Notification, User

NOBODY = "nobody"  # the id of a letter that needed no sending


class MailWriter:
    consistency_delay_s = 60.0

    def find(self, intent: OutboxMessage) -> Written | None:
        return None

    def write(self, intent: OutboxMessage, known: Written | None) -> Written:
        """
        Send the notifications that were not read in the meantime.

        Nothing is sent if none are left or the person has left.
        """
        person = User.objects.filter(pk=intent.content["to"], is_active=True).first()
        if person is not None and intent.verb == INVITE:
            invited = invitation_of(person, intent.content["contact"], intent.content["by"])
            return self._send(intent, person, invited, {}) if invited else Written(NOBODY)
        notifications = Notification.objects.filter(
            pk__in=intent.content.get("messages", ()), recipient=intent.content["to"], read_at=None
        )
        messages = list(notifications.select_related("item").order_by("pk"))
        if person is None or not messages:
            return Written(NOBODY)
        sending([each.pk for each in messages], at=timezone.now())
        return self._send(
            intent,
            person,
            email_of(person, messages),
            {"messages": [each.pk for each in messages]},
        )

    def _send(
        self, intent: OutboxMessage, person: User, letter: EmailContent, evidence: Mapping[str, Any]
    ) -> Written:
        number = message_id(intent.key)
        mail = EmailMessage(
            letter.subject,
            letter.body,
            to=[person.email],
            headers={"Message-ID": number, "Auto-Submitted": "auto-generated"},
        )
        with _smtp_errors():
            mail.send()
        return Written(number[1:-1][:100], evidence=evidence)

    def read_back(self, intent: OutboxMessage, written: Written) -> Sequence[str]:
        return ()


def message_id(key: str) -> str:
    """The same for every try of one letter, so that a mail program can recognise a repetition."""
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    return f"<{sha256(key.encode()).hexdigest()[:32]}@{host}>"


@contextmanager
def _smtp_errors() -> Iterator[None]:
    """
    SMTP's errors in our words: what the server says may hold the address, so only its code is
    repeated.
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
    """RFC 5321, section 4.2.1: 4xx may work later, 5xx will not."""
    said = f"The mail server answered {code}."
    return Permanent(said, code) if code >= 500 else Temporary(said)  # noqa: PLR2004  # see above
