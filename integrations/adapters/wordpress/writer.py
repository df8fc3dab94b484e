"""
Write a post or page to WordPress: found before it is made, a draft before it is public, and never
over somebody else's work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from integrations.adapters.wordpress import mapping
from integrations.adapters.wordpress.client import (
    POST_TYPES,
    TRASHED,
    WordPressClient,
    WordPressPost,
)
from integrations.adapters.wordpress.library import placed_media, term_ids
from integrations.base.adapter import Conflict, NotFound, OutboxMessage, Permanent, Written
from integrations.base.markup import assets_in, placed

if TYPE_CHECKING:
    from integrations.base.connections import Connection

STATUSES = {"publish": "publish", "draft": "draft"}
# PHP goes on after a lost connection, by default for at most this long (max_execution_time).
CONSISTENCY_DELAY_S = 30.0
FEATURED = (
    "hero"  # the role of the file that becomes the post's own image, beside or above its text
)


class WordPressWriter:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.consistency_delay_s = float(connection.setting("settle_s", CONSISTENCY_DELAY_S))

    def find(self, intent: OutboxMessage) -> Written | None:
        """
        By id, else by our mark, else by slug.

        :raises Conflict: if several could be it, it was deleted or lies in the trash, or the slug
            is somebody else's
        """
        with WordPressClient(self.connection) as client:
            remote = self._find(client, intent)
        return _written(remote, {}) if remote else None

    def _find(self, client: WordPressClient, intent: OutboxMessage) -> WordPressPost | None:
        noun = _noun(intent)
        if intent.remote_id:
            return _alive(_known(client, noun, intent.remote_id))
        marked = client.search(noun, mapping.search_word(intent.object_key))
        same_slug = client.with_slug(noun, str(intent.content["slug"]))
        # A search that leaves comments out finds nothing; the slug then leads to the same posts.
        ours = {
            each.id: each
            for each in (*marked, *same_slug)
            if mapping.mark_of(each)[0] == intent.object_key
        }
        if len(ours) > 1:
            raise Conflict(
                f"Several there say that they are this work: {_ids(ours.values())}. Delete all but "
                f"one for good."
            )
        if ours:
            return _alive(next(iter(ours.values())))
        if same_slug:
            raise Conflict(
                f"The slug “{intent.content['slug']}” is taken there by {_ids(same_slug)}, not "
                f"written by us. Change one of them."
            )
        return None

    def write(self, intent: OutboxMessage, known: Written | None) -> Written:
        """
        Files first, then the text, as a draft if it is new; it is made public by a call of its own.

        So whatever answer is lost, no page is public that lacks a part.
        """
        noun, status = _noun(intent), _status(intent)
        with WordPressClient(self.connection) as client:
            now = _alive(_known(client, noun, known.remote_id)) if known else None
            if known and now:
                _unchanged(now, known, intent, status)
            fields, urls = self._fields(client, intent, noun)
            now = (
                client.update(noun, now.id, fields)
                if now
                else client.create(noun, {**fields, "status": "draft"})
            )
            if status != now.status:
                now = client.update(noun, now.id, {"status": status})
        if now.status == TRASHED:
            raise Conflict(
                f"Post {now.id} was put into the trash there meanwhile. Restore it, or withdraw "
                f"this."
            )
        # What stands for "written" is what the answer says is there now, in WordPress's own
        # spelling.
        evidence = {
            "written": mapping.exactly(now),
            "media": urls,
            "terms": {name: fields[name] for name in ("categories", "tags") if name in fields},
        }
        return _written(now, evidence)

    def read_back(self, intent: OutboxMessage, written: Written) -> Sequence[str]:
        noun = _noun(intent)
        media: Mapping[str, Mapping[str, Any]] = written.evidence.get("media", {})
        with WordPressClient(self.connection) as client:
            try:
                now = client.read(noun, written.remote_id)
            except NotFound:
                return [f"{noun}/{written.remote_id} is not there."]
            missing = [_file(client, sha256, medium) for sha256, medium in media.items()]
        found = [each for each in missing if each]
        try:
            wanted = {
                **self._text(
                    intent, {sha256: str(medium["url"]) for sha256, medium in media.items()}
                ),
                "status": _status(intent),
            }
        except Permanent as error:
            return [*found, str(error)]
        return [*found, *mapping.unlike(now, {**wanted, **written.evidence.get("terms", {})})]

    def _fields(
        self, client: WordPressClient, intent: OutboxMessage, noun: str
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the fields to send and, by sha256, the files they refer to."""
        media = placed_media(client, intent.assets)
        fields = self._text(intent, {sha256: medium.url for sha256, medium in media.items()})
        featured = next(
            (media[asset.sha256].id for asset in intent.assets if asset.role == FEATURED), None
        )
        if featured is not None:
            fields["featured_media"] = featured
        if noun == "posts":  # pages have no terms
            terms = intent.content.get("terms") or {}
            fields |= {
                name: term_ids(client, name, terms[name])
                for name in ("categories", "tags")
                if terms.get(name)
            }
        return fields, {
            sha256: {"id": medium.id, "url": medium.url} for sha256, medium in media.items()
        }

    def _text(self, intent: OutboxMessage, urls: Mapping[str, str]) -> dict[str, Any]:
        given = intent.content
        missing = [sha256 for sha256 in assets_in(given["body_html"]) if sha256 not in urls]
        if missing:
            raise Permanent(
                f"The text refers to a file that was not sent along: {missing[0][:12]}…."
            )
        body, excerpt = placed(given["body_html"], urls), str(given.get("excerpt") or "")
        content = mapping.marked(body, intent.object_key, given["title"], excerpt)
        fields = {
            "title": given["title"],
            "content": content,
            "excerpt": excerpt,
            "slug": given["slug"],
        }
        named, seo = self.connection.setting("seo_meta") or {}, given.get("seo") or {}
        meta = {
            named[part]: seo[part]
            for part in ("title", "description")
            if named.get(part) and seo.get(part)
        }
        return {**fields, "meta": meta} if meta else fields


def _noun(intent: OutboxMessage) -> str:
    noun = str(intent.content.get("post_type") or "posts")
    if noun not in POST_TYPES:
        raise Permanent(f"“{noun}” is neither {' nor '.join(POST_TYPES)}.")
    return noun


def _status(intent: OutboxMessage) -> str:
    if intent.verb not in STATUSES:
        raise Permanent(f"WordPress does not support “{intent.verb}”.")
    return STATUSES[intent.verb]


def _known(client: WordPressClient, noun: str, key: str) -> WordPressPost:
    try:
        return client.read(noun, key)
    except NotFound:
        raise Conflict(
            f"{noun}/{key} was deleted there. It is not made again by itself: decide whether it "
            f"should be."
        ) from None


def _alive(remote: WordPressPost) -> WordPressPost:
    if mapping.in_trash(remote):
        raise Conflict(
            f"Post {remote.id} lies in the trash there. Restore it, or delete it for good and "
            f"publish again."
        )
    return remote


def _unchanged(now: WordPressPost, known: Written, intent: OutboxMessage, status: str) -> None:
    changes = mapping.changed_by_others(now, known.evidence, str(intent.content["slug"]))
    if changes:
        raise Conflict(
            f"Somebody changed post {now.id} there since we last wrote: {', '.join(changes)}. It "
            f"was not overwritten."
        )
    if now.status == "publish" and status != "publish":
        raise Conflict(f"Post {now.id} is public. It is not taken back to a draft by itself.")


def _file(client: WordPressClient, sha256: str, medium: Mapping[str, Any]) -> str:
    try:
        there = client.medium(int(medium["id"]))
    except NotFound:
        return f"The file {sha256[:12]}… is not in the media library."
    return (
        "" if there.url == medium["url"] else f"The file {sha256[:12]}… has moved to {there.url}."
    )


def _ids(remotes: Any) -> str:
    return ", ".join(f"{each.id} ({each.status})" for each in remotes)


def _written(remote: WordPressPost, evidence: Mapping[str, Any]) -> Written:
    return Written(
        remote.id, remote.link, {"status": remote.status, "slug": remote.slug, **evidence}
    )
