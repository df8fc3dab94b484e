"""
One form for each domain name and e-mail address, however it is written.

Domains are compared and stored in ASCII (IDNA 2008, with the mapping of UTS 46). Browsers send
addresses in this form, and mail can be sent to no other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from unicodedata import category, normalize

import idna

MAX_DOMAIN = 253  # characters, RFC 1035
ACE = "xn--"
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


def canonical_domain(name: str) -> str:
    """Return the domain in ASCII and lower case, or an empty string if it is no domain."""
    try:
        mapped = idna.uts46_remap(name.strip()).removesuffix(".")
        labels = [_ascii_label(label) for label in mapped.split(".")]
    except (idna.IDNAError, UnicodeError):
        return ""
    found = ".".join(labels)
    # A number in the last place is that of an IP address.
    sound = len(found) <= MAX_DOMAIN and len(labels) > 1 and not labels[-1].isdigit()
    return found if sound and all(_LABEL.fullmatch(label) for label in labels) else ""


def domain_in(text: str) -> str:
    """
    Return the canonical domain of a domain, an e-mail address or a URL, or an empty string.

    ``www.``, port and path are left out.
    """
    host = text.strip().rpartition("@")[2]
    host = host.partition("://")[2] or host
    for end in ("/", "?", "#", ":"):
        host = host.partition(end)[0]
    return canonical_domain(host).removeprefix("www.")


def _ascii_label(label: str) -> str:
    """:raises idna.IDNAError: if it is no label"""
    if label.startswith(ACE):
        return _ascii_label(_unicode_label(label))
    if label.isascii():
        return label
    # IDNA 2008 has no symbols, such as emoji. Some registries sell them, and browsers accept them.
    letters = "".join("a" if category(sign) == "So" else sign for sign in label)
    idna.check_label(letters)
    return f"{ACE}{label.encode('punycode').decode('ascii')}"


def _unicode_label(label: str) -> str:
    """:raises idna.IDNAError: if it is not the only ASCII form of what it stands for"""
    decoded = label.removeprefix(ACE).encode("ascii").decode("punycode")
    if decoded.isascii() or idna.uts46_remap(decoded) != decoded:
        raise idna.IDNAError("not an A-label")
    if f"{ACE}{decoded.encode('punycode').decode('ascii')}" != label:
        raise idna.IDNAError("not the canonical A-label")
    return decoded


def readable_domain(domain: str) -> str:
    """Return a canonical domain as people write it."""
    labels = []
    for label in domain.split("."):
        try:
            labels.append(_unicode_label(label) if label.startswith(ACE) else label)
        except (idna.IDNAError, UnicodeError):
            labels.append(label)
    return ".".join(labels)


def stored_address(text: str) -> str:
    """
    Return the e-mail address with its domain in ASCII, as it is stored.

    A text that is no address is returned without surrounding space.
    """
    address = normalize("NFC", text).strip()
    name, _at, domain = address.rpartition("@")
    # Signs that nobody sees come with addresses that were copied. Those of a domain can have a
    # meaning, which its mapping knows.
    name = "".join(sign for sign in name if category(sign) != "Cf").strip()
    found = canonical_domain(domain)
    return f"{name}@{found}" if name and found else address


def canonical_address(text: str) -> str:
    """Return the one form under which an e-mail address is looked up."""
    return stored_address(text).lower()


def readable_address(address: str) -> str:
    """Return a stored e-mail address as people write it."""
    name, at, domain = address.rpartition("@")
    return f"{name}{at}{readable_domain(domain)}"


def address_part(text: str) -> str:
    """Return part of an e-mail address, such as a search for one, as it would be stored."""
    name, at, domain = normalize("NFC", text).rpartition("@")
    labels = []
    for label in domain.split("."):
        try:
            labels.append(_ascii_label(idna.uts46_remap(label)))
        except (idna.IDNAError, UnicodeError):
            labels.append(label)
    return f"{name}{at}{'.'.join(labels)}"


def spellings(address: str) -> Sequence[str]:
    """Return the forms in lower case under which an address may stand in older rows and texts."""
    found = canonical_address(address)
    readable = readable_address(found)
    forms = [found, readable, normalize("NFD", readable), address.strip().lower()]
    return tuple(dict.fromkeys(forms))
