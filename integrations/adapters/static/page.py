"""
Render a page as bytes.

The same content always gives the same bytes. A page holds its own digest, so that a later change by
somebody else can be detected.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path, PurePath

from django.template.loader import render_to_string

from integrations.base.adapter import Asset, OutboxMessage, Permanent
from integrations.base.markup import assets_in, placed
from routing.kernel.slugs import spelled

# Files that may lie beside a page: a browser shows them. Anything else would be a download.
TYPES: Mapping[str, str] = {
    "avif": "image/avif",
    "gif": "image/gif",
    "jpg": "image/jpeg",
    "mp4": "video/mp4",
    "pdf": "application/pdf",
    "png": "image/png",
    "svg": "image/svg+xml",
    "webm": "video/webm",
    "webp": "image/webp",
}
STYLE = Path(__file__).with_name("style.css")
_MARK = re.compile(rb'<meta name="throughline" content="(\S+) ([0-9a-f]{64})">')
_NO_DIGEST = "0" * 64


@dataclass(frozen=True, slots=True)
class RenderedPage:
    """
    A page and the files beside it, which are written first.

    Their names hold their digests, so that a new version never overwrites a file in use.
    """

    html: bytes
    files: Mapping[str, bytes]
    named: Mapping[str, str]  # by sha256: the asset's name beside the page


def page(message: OutboxMessage, url: str) -> RenderedPage:
    """
    Render the page of a message.

    :raises Permanent: if the text refers to a file that was not sent, or a file has a type that no
        page shows
    """
    content = message.content
    named = {asset.sha256: file_name(asset) for asset in message.assets}
    missing = [sha for sha in assets_in(content["body_html"]) if sha not in named]
    if missing:
        raise Permanent(f"The text refers to a file that was not sent: {missing[0][:12]}….")
    style, seo = style_sheet(), content.get("seo") or {}
    style_name = f"style-{sha256(style).hexdigest()[:16]}.css"
    context = {
        "language": content.get("language") or "en",
        "title": content["title"],
        "head_title": seo.get("title") or content["title"],
        "description": seo.get("description") or content.get("excerpt") or "",
        "object_key": message.object_key,
        "url": url,
        "style": style_name,
        "body": placed(content["body_html"], named),  # sanitised before its version got its digest
    }
    # The digest is of the page with zeros in its place, and then takes that place.
    blank = render_to_string("site/page.html", {**context, "digest": _NO_DIGEST}).encode()
    html = blank.replace(_NO_DIGEST.encode(), sha256(blank).hexdigest().encode(), 1)
    files = {named[asset.sha256]: asset.read() for asset in message.assets}
    return RenderedPage(html, {style_name: style, **files}, named)


def file_name(asset: Asset) -> str:
    """:raises Permanent: if no page shows files of this type"""
    ending = next((ending for ending, kind in TYPES.items() if kind == asset.type), None)
    if ending is None:
        raise Permanent(
            f"{asset.name} is {asset.type}, which no page shows. Use {', '.join(TYPES)}."
        )
    stem = spelled(PurePath(asset.name).stem, most=60) or "file"
    return f"{stem}-{asset.sha256[:16]}.{ending}"


@cache
def style_sheet() -> bytes:
    return STYLE.read_bytes()


def mark_of(html: bytes) -> tuple[str, str]:
    """Return the object key and the digest in a page, or two empty strings if it is not ours."""
    found = _MARK.search(html)
    if found is None:
        return "", ""
    return found.group(1).decode(errors="replace"), found.group(2).decode()


def is_untouched(html: bytes) -> bool:
    """Return whether the page is byte for byte as we wrote it, by its own digest."""
    _, digest = mark_of(html)
    if not digest:
        return False
    blank = html.replace(digest.encode(), _NO_DIGEST.encode(), 1)
    return sha256(blank).hexdigest() == digest
