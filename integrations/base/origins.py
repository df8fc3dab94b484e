"""Origins: the scheme, host and port that a URL leads to."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from routing.kernel.domains import canonical_domain

PORTS = {"http": 80, "https": 443}


class BadAddress(ValueError):
    """A URL that must not be called. The message says what to write instead."""


class Origin(NamedTuple):
    """
    The origin as written in the URL, with the host in lower case and a domain in ASCII.

    Names are not resolved, so ``localhost`` and ``127.0.0.1`` are different origins.
    """

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def origin_of(url: str) -> Origin:
    """
    Return the origin of a URL.

    :raises BadAddress: if it is not http or https, has no host, a bad port or a user name
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadAddress(f"This is not a valid address: {error}.") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise BadAddress(
            "Enter an address with http:// or https:// and a host, such as https://api.hubapi.com."
        )
    if "@" in parts.netloc:
        raise BadAddress(
            "An address cannot contain a user name or password. Provide credentials with "
            "--token-file."
        )
    host = canonical_domain(parts.hostname) or parts.hostname.lower()
    return Origin(parts.scheme, host, PORTS[parts.scheme] if port is None else port)
