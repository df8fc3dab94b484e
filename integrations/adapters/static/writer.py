"""Write pages into a folder that the product serves."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from django.conf import settings

from integrations.adapters.static import page as pages
from integrations.adapters.static.folder import DRAFTS, INDEX, drop, folder_of, get, put, steps_of
from integrations.base.adapter import Conflict, OutboxMessage, Permanent, Written

if TYPE_CHECKING:
    from pathlib import Path

    from integrations.base.connections import Connection


def site_url(connection: Connection) -> str:
    return f"{settings.SITE_URL.rstrip('/')}/site/{connection.slug}/"


class StaticWriter:
    consistency_delay_s = 0.0  # a file is there, or it is not

    def __init__(self, connection: Connection) -> None:
        self.connection, self.root = connection, folder_of(connection)

    def find(self, intent: OutboxMessage) -> Written | None:
        path = self._path(intent)
        if intent.remote_id and intent.remote_id != path:
            raise Conflict(
                f"The page lies at {intent.remote_id} and would now come to {path}. Addresses do "
                f"not change by themselves: give it "
                "the old path, or publish it as a work of its own."
            )
        html = get(self._file(intent, path))
        if html is None:
            if (
                intent.remote_id
                and intent.verb == "publish"
                and get(self.root / DRAFTS / path[1:] / INDEX) is None
            ):
                raise Conflict(
                    f"The page {path} was deleted. It is not made again by itself: decide whether "
                    f"it should be."
                )
            return None
        key, _ = pages.mark_of(html)
        if key != intent.object_key:
            raise Conflict(
                f"Another page lies at {path}{f': {key}' if key else ', not written by us'}. "
                f"Change one of the paths."
            )
        return self._written(intent, path, html)

    def write(self, intent: OutboxMessage, known: Written | None) -> Written:
        """Files first, the page last: whoever reads it finds everything it refers to."""
        path = self._path(intent)
        there = self.find(intent)
        if there is not None and not pages.is_untouched(get(self._file(intent, path)) or b""):
            raise Conflict(
                f"Somebody changed the page {path} since we last wrote. It was not overwritten."
            )
        made = pages.page(intent, self._url(path))
        file = self._file(intent, path)
        for name, raw in made.files.items():
            if get(file.parent / name) != raw:
                put(file.parent / name, raw)
        if get(file) != made.html:
            put(file, made.html)
        if intent.verb == "publish":
            drop(self.root / DRAFTS / path[1:] / INDEX)
        return self._written(intent, path, made.html)

    def read_back(self, intent: OutboxMessage, written: Written) -> Sequence[str]:
        path = written.remote_id
        file = self._file(intent, path)
        made = pages.page(intent, self._url(path))
        wanted = {INDEX: made.html, **made.files}
        found = {name: get(file.parent / name) for name in wanted}
        gone = [f"{path}/{name} is not there." for name, raw in found.items() if raw is None]
        return gone + [
            f"{path}/{name} is not, byte for byte, what was sent."
            for name, raw in found.items()
            if raw is not None and raw != wanted[name]
        ]

    def _path(self, intent: OutboxMessage) -> str:
        if intent.verb not in {"publish", "draft"}:
            raise Permanent(f"Static sites do not support “{intent.verb}”.")
        content = intent.content
        return "/" + "/".join(steps_of(f"{content.get('path') or ''}/{content['slug']}"))

    def _file(self, intent: OutboxMessage, path: str) -> Path:
        return (self.root / DRAFTS if intent.verb == "draft" else self.root) / path[1:] / INDEX

    def _url(self, path: str) -> str:
        return f"{site_url(self.connection)}{path[1:]}/"

    def _written(self, intent: OutboxMessage, path: str, html: bytes) -> Written:
        url = self._url(path)
        media = {asset.sha256: {"url": url + pages.file_name(asset)} for asset in intent.assets}
        evidence = {"sha256": sha256(html).hexdigest(), "media": media, "status": intent.verb}
        return Written(path, url if intent.verb == "publish" else "", evidence)
