"""Test content for publishing: an article with images, and connections that may write it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

from django.utils import timezone

from integrations.adapters.wordpress.writer import WordPressWriter
from integrations.base.adapter import Asset, OutboxMessage, Written
from integrations.base.origins import origin_of
from integrations.base.secrets import Hidden
from integrations.connections.operations import ConnectionSettings, connect
from integrations.models import Connection
from routing.people.actors import Actor


def png(colour: int = 0, size: int = 8) -> bytes:
    """A small picture of one colour, 0 to 0xFFFFFF, that any system accepts."""

    def part(kind: bytes, raw: bytes) -> bytes:
        return struct.pack(">I", len(raw)) + kind + raw + struct.pack(">I", zlib.crc32(kind + raw))

    rows = b"".join(b"\0" + colour.to_bytes(3) * size for _ in range(size))
    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + part(b"IHDR", head)
        + part(b"IDAT", zlib.compress(rows))
        + part(b"IEND", b"")
    )


def asset(
    raw: bytes,
    role: str = "content",
    name: str = "Team photo.png",
    alt: str = "Four people at a desk",
) -> Asset:
    return Asset(role, name, "image/png", sha256(raw).hexdigest(), alt, lambda: raw)


BODY = """<h2>What’s new &amp; what isn't</h2>
<p>Robin said: "It's here -- at last..." and 9x9 &lt; 100.<br>Second line</p>
<figure><img src="asset:{sha}" alt="Four people at a &quot;desk&quot;" width="8" height="8"><figcaption>The team</figcaption></figure>
<ul><li>One</li><li><a href="https://example.com/?a=1&amp;b=2">Two</a></li></ul>
<table><thead><tr><th scope="col">H</th></tr></thead><tbody><tr><td colspan="2">d</td></tr></tbody></table>
<p lang="de">Grüße, <em>Ihre</em> Bäckerei</p>"""  # noqa: E501


def article(
    slug: str,
    *,
    key: str = "",
    verb: str = "publish",
    colour: int = 0,
    size: int = 8,
    body: str = BODY,
    **content: Any,
) -> OutboxMessage:
    picture = asset(png(colour, size))
    given = {
        "title": "Bread & “butter”: it's back",
        "slug": slug,
        "excerpt": "What's new & better.",
        "body_html": body.replace("{sha}", picture.sha256),
        "seo": {"title": "Bread", "description": "All about bread"},
        "terms": {"categories": [], "tags": []},
        "post_type": "posts",
        "path": "",
        "digest": sha256(slug.encode()).hexdigest(),
        **content,
    }
    return OutboxMessage(
        f"publish:{slug}", verb, key or f"deliverable:{slug}", "", given, (picture,)
    )


def later(message: OutboxMessage, written: Written, **content: Any) -> OutboxMessage:
    """The next version of what was written."""
    return replace(message, remote_id=written.remote_id, content={**message.content, **content})


def loose_connection(kind: str, base_url: str = "", token: str = "") -> Connection:
    """One that is in no database: writers only read it."""
    private = [origin_of(base_url)._asdict()] if base_url else []
    made = Connection(
        slug=f"{kind}-main", name=kind, kind=kind, base_url=base_url, allowed_private=private
    )
    made.token, made.token_origin = Hidden([token]), made.calls_origin
    return made


def kept_connection(kind: str, **options: Any) -> Connection:
    connection, _new = connect(
        ConnectionSettings(kind=kind, slug=options.pop("slug", f"{kind}-main"), **options),
        by=Actor.system(),
        at=timezone.now(),
    )
    return connection


class Attempts:
    """Calls a writer as attempts do: each has a writer of its own and closes it at its end."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def find(self, message: OutboxMessage) -> Written | None:
        with WordPressWriter(self.connection) as writer:
            return writer.find(message)

    def write(self, message: OutboxMessage, known: Written | None) -> Written:
        with WordPressWriter(self.connection) as writer:
            return writer.write(message, known)

    def read_back(self, message: OutboxMessage, written: Written) -> Sequence[str]:
        with WordPressWriter(self.connection) as writer:
            return writer.read_back(message, written)


class Site:
    """A content system with one connection, and somebody else who works there too."""

    def __init__(
        self,
        connection: Connection,
        call: Callable[..., Any],
        misbehave: Callable[..., None],
        call_as_us: Callable[..., Any] | None = None,
    ) -> None:
        self.connection, self.call, self.misbehave, self.call_as_us = (
            connection,
            call,
            misbehave,
            call_as_us or call,
        )
        self.writer = Attempts(connection)

    def publish(self, message: OutboxMessage) -> Written:
        """Look first, then write, then read back, as one attempt does."""
        with WordPressWriter(self.connection) as writer:
            written = writer.write(message, writer.find(message))
            assert list(writer.read_back(message, written)) == []
        return written

    def post(self, written: Written) -> Any:
        return self.call("GET", f"/posts/{written.remote_id}", params={"context": "edit"})

    def edit(self, written: Written, **fields: Any) -> None:
        """Edit a post as a person would in the editor."""
        self.call("POST", f"/posts/{written.remote_id}", json=fields)

    def posts(self, message: OutboxMessage) -> list[int]:
        """Those that carry our mark for this work."""
        wanted = {
            "search": f"throughline:{message.object_key}",
            "status": "any,trash",
            "context": "edit",
        }
        return [each["id"] for each in self.call("GET", "/posts", params=wanted)]

    def files(self, message: OutboxMessage) -> list[int]:
        found = self.call("GET", "/media", params={"per_page": "100", "orderby": "id"})
        names = [f"tl-{asset.sha256[:32]}" for asset in message.assets]
        return [each["id"] for each in found if each["slug"].startswith(tuple(names))]
