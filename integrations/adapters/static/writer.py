"""Write pages into a folder that the product serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.conf import settings

from integrations.adapters.static import page as pages
from integrations.adapters.static.folder import DRAFTS, INDEX, drop, folder_of, get, put, steps_of
from integrations.base.adapter import (
    TRASH,
    ClientlessWriter,
    Conflict,
    OutboxMessage,
    Permanent,
    Written,
)

if TYPE_CHECKING:
    from pathlib import Path

    from integrations.base.connections import Connection


def site_url(connection: Connection) -> str:
    return f"{settings.SITE_URL.rstrip('/')}/site/{connection.slug}/"


def page_path(content: Mapping[str, Any]) -> str:
    """Return the path of a page, which may not be valid."""
    return f"{content.get('path') or ''}/{content['slug']}"


class StaticWriter(ClientlessWriter):
    consistency_delay_s = 0.0  # a file is there at once, or it is not

    def __init__(self, connection: Connection) -> None:
        self.connection, self.root = connection, folder_of(connection)

    def find(self, message: OutboxMessage) -> Written | None:
        if message.verb == TRASH:
            return Written(message.remote_id)
        path = self._path(message)
        html = get(self._file(message, path))
        is_new = html is None or pages.mark_of(html)[0] != message.object_key
        moves = message.remote_id not in {"", path}
        if moves and is_new and not self._is_draft(message):
            raise Conflict(
                f"The page is at {message.remote_id} and would move to {path}. A published page "
                f"keeps its address: restore the old path, or publish it as separate work."
            )
        if html is None:
            if message.remote_id and message.verb == "publish" and not self._is_draft(message):
                raise Conflict(
                    f"The page {path} was deleted on the site. It is not created again "
                    f"automatically. Decide whether it should be."
                )
            return None
        key, _ = pages.mark_of(html)
        if key != message.object_key:
            owner = f": {key}" if key else ", not written by us"
            raise Conflict(f"Another page is at {path}{owner}. Change one of the paths.")
        return self._written(message, path, html)

    def write(self, message: OutboxMessage, known: Written | None) -> Written:
        """Write the files first and the page last, so that it never refers to a missing file."""
        if message.verb == TRASH:
            return self._to_trash(message)
        path = self._path(message)
        there = self.find(message)
        if there is not None and not pages.is_untouched(get(self._file(message, path)) or b""):
            raise Conflict(
                f"Somebody changed the page {path} since our last write. It was not overwritten."
            )
        made = pages.page(message, self._url(path))
        file = self._file(message, path)
        for name, raw in made.files.items():
            if get(file.parent / name) != raw:
                put(file.parent / name, raw)
        if get(file) != made.html:
            put(file, made.html)
        if message.verb == "publish":
            # The draft may have had another path.
            for each in {path, message.remote_id or path}:
                self._drop_draft(each)
        return self._written(message, path, made.html)

    def read_back(self, message: OutboxMessage, written: Written) -> Sequence[str]:
        path = written.remote_id
        if message.verb == TRASH:
            there = get(self._draft(path)) is not None
            return [f"The draft {path} is still there."] if there else []
        file = self._file(message, path)
        made = pages.page(message, self._url(path))
        wanted = {INDEX: made.html, **made.files}
        found = {name: get(file.parent / name) for name in wanted}
        gone = [f"{path}/{name} is not there." for name, raw in found.items() if raw is None]
        return gone + [
            f"{path}/{name} is not, byte for byte, what was sent."
            for name, raw in found.items()
            if raw is not None and raw != wanted[name]
        ]

    def _to_trash(self, message: OutboxMessage) -> Written:
        """
        Remove a draft. A folder has no trash.

        :raises Conflict: if somebody changed or published it
        """
        path = message.remote_id
        html = get(self._draft(path))
        if html is not None:
            if pages.mark_of(html)[0] != message.object_key or not pages.is_untouched(html):
                raise Conflict(f"Somebody changed the draft {path}. It was not removed.")
            self._drop_draft(path)
        return Written(path, "", {"status": TRASH})

    def _drop_draft(self, path: str) -> None:
        file = self._draft(path)
        drop(file)
        for style in file.parent.glob("style-*.css"):
            drop(style)

    def _is_draft(self, message: OutboxMessage) -> bool:
        """Return whether what was written last is a draft, which has no address to keep."""
        steps = message.remote_id[1:]
        return get(self.root / steps / INDEX) is None and get(self._draft(f"/{steps}")) is not None

    def _draft(self, path: str) -> Path:
        return self.root / DRAFTS / path[1:] / INDEX

    def _path(self, message: OutboxMessage) -> str:
        if message.verb not in {"publish", "draft"}:
            raise Permanent(f"Static sites do not support “{message.verb}”.")
        return "/" + "/".join(steps_of(page_path(message.content)))

    def _file(self, message: OutboxMessage, path: str) -> Path:
        return self._draft(path) if message.verb == "draft" else self.root / path[1:] / INDEX

    def _url(self, path: str) -> str:
        return f"{site_url(self.connection)}{path[1:]}/"

    def _written(self, message: OutboxMessage, path: str, html: bytes) -> Written:
        url = self._url(path)
        media = {asset.sha256: {"url": url + pages.file_name(asset)} for asset in message.assets}
        evidence = {"sha256": sha256(html).hexdigest(), "media": media, "status": message.verb}
        return Written(path, url if message.verb == "publish" else "", evidence)
