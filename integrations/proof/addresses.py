"""Compare addresses of links and images despite how a site spells and serves them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from posixpath import basename, dirname
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

_PORTS = {"http": 80, "https": 443}
# WordPress makes files of several sizes, and services turn them into newer formats.
_SIZE = re.compile(r"(-\d+x\d+|-scaled|-rotated)?(\.[a-z0-9]{2,5}){1,2}$", re.IGNORECASE)
_LEAST_DEPTH = 2  # folders that tell one upload from others, whatever the host


def address_of(href: str, base: str) -> str:
    """Return a full address in one spelling. One that cannot be read stays as it is."""
    try:
        parts = urlsplit(urljoin(base, href.strip()))
        port = parts.port
    except ValueError:
        return href.strip()
    if parts.scheme not in _PORTS:
        return f"{parts.scheme}:{unquote(parts.path)}{'?' * bool(parts.query)}{parts.query}"
    host = (parts.hostname or "").lower()
    if port and port != _PORTS[parts.scheme]:
        host = f"{host}:{port}"
    path = quote(unquote(parts.path or "/"), safe="/:@!$&'()*+,;=~[]")
    query = quote(unquote(parts.query), safe="/:@!$&'()*+,;=~[]?%")
    return urlunsplit((parts.scheme, host, path, query, unquote(parts.fragment)))


def is_address(found: str, wanted: str) -> bool:
    """Return whether an address leads where the wanted one does. https may take http's place."""
    return found == wanted or found == wanted.replace("http:", "https:", 1)


def is_page(found: str, wanted: str) -> bool:
    """Return whether two addresses are those of one page, despite scheme, query and last slash."""
    return _page_of(found) == _page_of(wanted)


def _page_of(address: str) -> tuple[str, str, str]:
    parts = urlsplit(address)
    path = parts.path.rstrip("/")
    # Without permalinks, the query says which page it is.
    return parts.netloc.removeprefix("www."), path, "" if path else parts.query


def is_file(addresses: Iterable[str], wanted: str, base: str) -> bool:
    """Return whether one of these addresses serves the wanted image, perhaps in another size."""
    ours = urlsplit(address_of(wanted, base))
    for address in addresses:
        theirs = urlsplit(address_of(address, base))
        if ours.query and ours.query != theirs.query:
            continue
        same_name = _SIZE.sub("", theirs.path).endswith(_SIZE.sub("", ours.path))
        if same_name and (ours.netloc == theirs.netloc or _is_copy(ours.path, theirs.path)):
            return True
    return False


def file_name(address: str, base: str) -> str:
    """Return the name that the file of an image has in all sizes and formats."""
    return basename(_SIZE.sub("", urlsplit(address_of(address, base)).path))


def _is_copy(ours: str, theirs: str) -> bool:
    """Return whether another host serves a file from the same folder, as delivery networks do."""
    folder = dirname(ours)
    return folder.count("/") >= _LEAST_DEPTH and folder in theirs
