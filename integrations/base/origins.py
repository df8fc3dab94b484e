"""Origins: the scheme, host and port that a URL leads to."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from routing.kernel.domains import canonical_domain

# urlsplit drops some of these without a word, and other programs read “\\” as “/”.
_ODD = re.compile(r"[\\\s\x00-\x20\x7f]")
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

    :raises BadAddress: if it is not http or https, has no host, a bad port or a user name, or if
        programs could read it differently
    """
    if _ODD.search(url):
        raise BadAddress("An address cannot contain spaces, backslashes or control characters.")
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
    if port == 0 or _is_odd_number(parts.hostname):
        raise BadAddress(
            "Write the host as a name or as an IP address with four numbers, and no port 0."
        )
    host = canonical_domain(parts.hostname) or parts.hostname.lower()
    if not host.isascii():  # such as an IP address in fullwidth digits
        raise BadAddress("The host is no valid name. Write it as a name or as an IP address.")
    return Origin(parts.scheme, host, PORTS[parts.scheme] if port is None else port)


def _is_odd_number(host: str) -> bool:
    """Return whether this is an IP address in another form than the usual one, such as 0x7f.1."""
    last = host.rstrip(".").rpartition(".")[2]
    if not (last.isdecimal() or last.lower().startswith("0x")):
        return False
    try:
        return str(ip_address(host)) != host
    except ValueError:
        return True


def check_api_address(url: str, *, inside: bool) -> None:
    """
    Check the address that credentials are sent to.

    :param inside: whether it was allowed as a private address, which may be http
    :raises BadAddress: if it is not https, or holds more than a scheme, a host, a port and a path
    """
    origin = origin_of(url)
    if not inside and origin.scheme != "https":
        raise BadAddress("Give an https address: over http, others could read the token.")
    parts = urlsplit(url)
    if parts.query or parts.fragment or "?" in url or "#" in url:
        raise BadAddress("Omit everything from “?” or “#” on.")
    if ".." in parts.path or "//" in parts.path or "%" in parts.path:
        raise BadAddress("Give the address without “..”, “//” and “%” in its path.")
