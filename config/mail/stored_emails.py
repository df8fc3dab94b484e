"""Store e-mails while no SMTP server is set: one file each in var/mail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage as Parsed
from pathlib import Path
from secrets import token_hex

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone
from django.utils.html import strip_tags

from config.embedded.running import write_private

_STAMP = "%Y%m%dT%H%M%S%f"  # in UTC, so that names sort by time
_SUFFIX = ".eml"


class FolderBackend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            folder().mkdir(parents=True, exist_ok=True, mode=0o700)
            name = f"{timezone.now().astimezone(UTC):{_STAMP}}-{token_hex(4)}{_SUFFIX}"
            write_private(folder() / name, message.message().as_bytes())
        return len(email_messages)


@dataclass(frozen=True, slots=True)
class StoredEmail:
    """An e-mail in the folder. ``html`` is empty if it has only text."""

    name: str  # of its file
    at: datetime
    recipients: str
    subject: str
    text: str
    html: str
    attachments: tuple[str, ...]  # their names


def folder() -> Path:
    return Path(settings.VAR_DIR / "mail")


def are_kept() -> bool:
    return settings.ENV.smtp_url is None


def newest_first() -> list[Path]:
    return sorted(folder().glob(f"*{_SUFFIX}"), reverse=True)


def named(name: str) -> Path | None:
    """Return the file of this name, or None if there is none."""
    # Compared, not joined: a name from an address must not lead out of the folder.
    return next((file for file in newest_first() if file.name == name), None)


def read(files: Sequence[Path]) -> Iterator[StoredEmail]:
    """Read the e-mails that can be read. Skips a file that was just removed or renamed."""
    for file in files:
        try:
            at = datetime.strptime(file.name.partition("-")[0], _STAMP).replace(tzinfo=UTC)
            raw = file.read_bytes()
        except (ValueError, FileNotFoundError):
            continue
        message = message_from_bytes(raw, _class=Parsed, policy=policy.default)
        yield _stored_email(file.name, at, message)


def _stored_email(name: str, at: datetime, message: Parsed) -> StoredEmail:
    html = message.get_body(("html",))
    return StoredEmail(
        name=name,
        at=at,
        recipients=str(message["To"] or ""),
        subject=str(message["Subject"] or ""),
        text=_text(message),
        html=str(html.get_content()) if html is not None else "",
        attachments=tuple(part.get_filename() or "" for part in message.iter_attachments()),
    )


def _text(message: Parsed) -> str:
    body = message.get_body(("plain", "html"))
    if body is None:
        return ""
    text = str(body.get_content()).strip()
    return text if body.get_content_subtype() == "plain" else strip_tags(text).strip()
