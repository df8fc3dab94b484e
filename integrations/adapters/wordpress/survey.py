"""Look for our posts and pages in WordPress, by the mark in their content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

from integrations.adapters.wordpress import mapping
from integrations.adapters.wordpress.client import (
    MEDIA,
    POST_TYPES,
    WordPressClient,
    WordPressPost,
)
from integrations.base.adapter import NotFound, Permanent
from integrations.base.survey import RemoteObject

if TYPE_CHECKING:
    from integrations.base.connections import Connection

PUBLIC = "publish"
NOT_THEIRS = (HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN)


class WordPressSurveyor:
    def __init__(self, connection: Connection) -> None:
        self._client = WordPressClient(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def marked(self, object_key: str = "") -> Iterator[RemoteObject]:
        refusals = []
        for post_type in POST_TYPES:
            try:
                yield from self._marked(post_type, object_key)
            except Permanent as error:
                # An author may not list pages, and so none of ours can be among them.
                if error.status not in NOT_THEIRS:
                    raise
                refusals.append(error)
        if len(refusals) == len(POST_TYPES):
            raise refusals[0]

    def _marked(self, post_type: str, object_key: str) -> Iterator[RemoteObject]:
        for post in self._client.search_all(post_type, mapping.search_word(object_key)):
            key = mapping.mark_of(post)[0]
            # The search also finds longer keys, and articles that quote a mark.
            if key and object_key in {"", key}:
                yield _seen(post_type, post)

    def read(self, object_type: str, remote_id: str) -> RemoteObject | None:
        try:
            return _seen(object_type, self._client.read(object_type, remote_id))
        except NotFound:
            return None

    def copies_of_files(self, evidence: Mapping[str, Any]) -> Iterator[tuple[str, RemoteObject]]:
        media: Mapping[str, Mapping[str, Any]] = evidence.get("media") or {}
        for sha256, first in media.items():
            slug = mapping.slug_of_file(sha256)
            for copy in self._client.copies_of(slug):
                yield (
                    str(first["id"]),
                    RemoteObject(MEDIA, str(copy.id), "", copy.url, slug, "file", slug, True),
                )

    def edits(
        self, found: RemoteObject, content: Mapping[str, Any], evidence: Mapping[str, Any]
    ) -> Sequence[str]:
        return mapping.changed_by_others(found.raw, evidence, str(content.get("slug", "")))


def _seen(post_type: str, post: WordPressPost) -> RemoteObject:
    return RemoteObject(
        object_type=post_type,
        remote_id=post.id,
        object_key=mapping.mark_of(post)[0],
        url=post.link,
        title=post.title,
        status=post.status,
        seen=mapping.exactly(post),
        is_public=post.status == PUBLIC,
        is_trashed=mapping.in_trash(post),
        scheduled_at=mapping.scheduled_at(post),
        texts={
            "title": post.title,
            "slug": post.slug,
            "excerpt": post.excerpt,
            "body_html": mapping.unmarked(post.content),
        },
        raw=post,
    )
