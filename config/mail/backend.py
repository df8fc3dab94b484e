"""The address of the SMTP server. Without one, a page of the product shows the e-mails."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

_PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class Server:
    host: str
    port: int
    user: str
    password: str
    implicit_tls: bool  # else STARTTLS


def parse(url: str) -> Server:
    """
    Read ``smtp://USER:PASSWORD@HOST:PORT`` (STARTTLS) or ``smtps://`` (TLS from the first byte).

    :raises ValueError: if it is neither; the message repeats nothing secret
    """
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("must be smtp://USER:PASSWORD@HOST:PORT or smtps://…")
    return Server(
        host=parts.hostname,
        port=parts.port or _PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        implicit_tls=parts.scheme == "smtps",
    )
