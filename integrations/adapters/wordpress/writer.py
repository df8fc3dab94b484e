"""
Write a post or page to WordPress.

WordPress has no idempotency key. So a post is looked for before it is created, it is a draft before
it is public, and other people's changes are never overwritten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any, Self

from integrations.adapters.wordpress import mapping, over
from integrations.adapters.wordpress.acceptance import beyond_16_bits, emoji_faults
from integrations.adapters.wordpress.client import (
    POST_TYPES,
    TRASHED,
    WordPressClient,
    WordPressPost,
)
from integrations.adapters.wordpress.library import placed_media, term_ids
from integrations.adapters.wordpress.spelling import text_as_html
from integrations.base.adapter import (
    TRASH,
    Conflict,
    NotFound,
    OutboxMessage,
    Permanent,
    Temporary,
    Written,
)
from integrations.base.health import learn_emoji
from integrations.base.markup import assets_in, placed

if TYPE_CHECKING:
    from integrations.base.connections import Connection

STATUSES = {"publish": "publish", "draft": "draft"}
# PHP continues after a lost connection, by default for up to this long (max_execution_time).
CONSISTENCY_DELAY_S = 30.0
FEATURED = "hero"  # the role of the file that becomes the post's featured image


Write = Callable[["WordPressWriter", OutboxMessage, Written | None], Written]


def _refuses_emoji(write: Write) -> Write:
    """Refuse a message with emoji for a site that cannot store them, also if that shows late."""

    @wraps(write)
    def refusing(writer: WordPressWriter, message: OutboxMessage, known: Written | None) -> Written:
        writer.refuse_emoji(message)
        try:
            return write(writer, message, known)
        except Temporary:
            # Tables that store no emoji look like a fault of the server.
            writer.refuse_emoji(message)
            raise

    return refusing


class WordPressWriter:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.consistency_delay_s = float(connection.setting("settle_s", CONSISTENCY_DELAY_S))
        self._client = WordPressClient(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def find(self, message: OutboxMessage) -> Written | None:
        """
        Find the post by id, else by our mark, else by slug.

        :raises Conflict: if several posts match, the post was deleted or trashed, or the slug
            belongs to somebody else's post
        """
        if message.verb == TRASH:
            return Written(message.remote_id)
        remote = self._find(message)
        if remote is not None and over.takes_theirs(message):
            over.check(remote, message)
            return _written(remote, {"written": mapping.exactly(remote)})
        return _written(remote, {}) if remote else None

    def _find(self, message: OutboxMessage) -> WordPressPost | None:
        post_type = _post_type(message)
        # A known id is final: if its post is gone, a second one must not be created silently.
        if message.remote_id:
            known = _known(self._client, post_type, message.remote_id)
            return known if over.is_about(message, known) else _alive(known)
        marked = self._client.search(post_type, mapping.search_word(message.object_key))
        same_slug = self._client.with_slug(post_type, str(message.content["slug"]))
        # Some search plugins leave out comments. The slug then leads to the same posts.
        ours = {
            each.id: each
            for each in (*marked, *same_slug)
            if mapping.mark_of(each)[0] == message.object_key
            and not over.is_replaced(message, each)
        }
        # A copy that was moved to the trash is out of the way.
        ours = {key: each for key, each in ours.items() if not mapping.in_trash(each)} or ours
        if len(ours) > 1:
            raise Conflict(_several(ours.values()))
        if ours:
            return _alive(next(iter(ours.values())))
        taken: list[Any] = [each for each in same_slug if not over.is_replaced(message, each)]
        # A page and a post may have one slug, but readers see only one of them at its address.
        taken += self._client.public_with_slug(_other(post_type), str(message.content["slug"]))
        if taken:
            whose = "not written by us"
            if any(mapping.mark_of(each)[0] for each in same_slug):
                whose = "which other work here has published"
            raise Conflict(
                f"The slug “{message.content['slug']}” is taken by {_ids(taken)}, {whose}. Nothing "
                f"was published. Change the slug here, or that post on the site."
            )
        return None

    @_refuses_emoji
    def write(self, message: OutboxMessage, known: Written | None) -> Written:
        """
        Write the files, then the text, then the status.

        A new post starts as a draft. So whichever answer is lost, no public page lacks a part.

        :raises Permanent: if the site shows a part of it otherwise, whatever the spelling
        """
        if message.verb == TRASH:
            return over.to_trash(self._client, message)
        client, post_type, status = self._client, _post_type(message), _status(message)
        # The post is read before it is changed: WordPress ignores If-Match, and an update with a
        # status can even bring a post back from the trash.
        now = _known(client, post_type, known.remote_id) if known else None
        if known and now and over.is_about(message, now):
            over.check(now, message)
            if over.takes_theirs(message):
                return _written(now, {**known.evidence, "written": mapping.exactly(now)})
        elif known and now:
            _unchanged(_alive(now), known, message, status)
        fields, urls = self._fields(message, post_type)
        created = now is None
        if now is None:
            now = client.create(post_type, {**fields, "status": "draft"})
            self._alone(message, post_type, now)
        else:
            now = client.update(post_type, now.id, over.restored(now, fields, status))
        # WordPress answers 200 to the update of a trashed post, and leaves it in the trash. An
        # update of its status would bring it back.
        if now.status == TRASHED:
            raise Conflict(f"Post {now.id} was moved to the trash of the site meanwhile.")
        if changed := mapping.rewritten_alt(now):
            raise Permanent(f"{changed} {_now_public(now)}")
        if status != now.status:
            now = client.update(post_type, now.id, over.now_public(now, status))
        # “written” is a digest of the answer, not of what was sent: WordPress spells HTML its way.
        evidence = {
            "written": mapping.exactly(now),
            "created": created,
            "media": urls,
            "terms": {name: fields[name] for name in ("categories", "tags") if name in fields},
        }
        return _written(now, evidence)

    def _alone(self, message: OutboxMessage, post_type: str, made: WordPressPost) -> None:
        """
        :raises Conflict: if the post was created twice, as by a proxy that repeats requests

        Nothing is public yet, and would not become so under its slug: the other post has that, too.
        """
        marked = self._client.search(post_type, mapping.search_word(message.object_key))
        twice = {each.id: each for each in (made, *marked) if _is_ours(each, message)}
        if len(twice) > 1:
            raise Conflict(_several(twice.values()))

    def refuse_emoji(self, message: OutboxMessage) -> None:
        """
        Find out whether the site stores emoji, if the message has any and nobody knows yet.

        :raises Permanent: if it does not
        """
        if not beyond_16_bits(message.content):
            return
        if self.connection.stores_emoji is None:
            learn_emoji(self.connection, self._client.stores_emoji())
        if self.connection.stores_emoji is False:
            raise Permanent(" ".join(emoji_faults(message.content)))

    def read_back(self, message: OutboxMessage, written: Written) -> Sequence[str]:
        if message.verb == TRASH:
            return over.left_outside_trash(self._client, message)
        post_type = _post_type(message)
        media: Mapping[str, Mapping[str, Any]] = written.evidence.get("media", {})
        try:
            now = self._client.read(post_type, written.remote_id)
        except NotFound:
            return [f"{post_type}/{written.remote_id} is not there."]
        if over.takes_theirs(message):
            return []
        missing = [_file(self._client, sha256, medium) for sha256, medium in media.items()]
        found = [each for each in missing if each]
        urls = {sha256: str(medium["url"]) for sha256, medium in media.items()}
        try:
            wanted = self._text(message, urls) | {"status": _status(message)}
        except Permanent as error:
            return [*found, str(error)]
        return [*found, *mapping.unlike(now, wanted | written.evidence.get("terms", {}))]

    def _fields(
        self, message: OutboxMessage, post_type: str
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the fields to send and, by sha256, the files they refer to."""
        media = placed_media(self._client, message.assets)
        fields = self._text(message, {sha256: medium.url for sha256, medium in media.items()})
        featured = next(
            (media[asset.sha256].id for asset in message.assets if asset.role == FEATURED), None
        )
        if featured is not None:
            fields["featured_media"] = featured
        if post_type == "posts":  # pages have no terms
            terms = message.content.get("terms") or {}
            for name in ("categories", "tags"):
                if terms.get(name):
                    fields[name] = term_ids(self._client, name, terms[name])
        files = {sha256: {"id": medium.id, "url": medium.url} for sha256, medium in media.items()}
        return fields, files

    def _text(self, message: OutboxMessage, urls: Mapping[str, str]) -> dict[str, Any]:
        given = message.content
        missing = [sha256 for sha256 in assets_in(given["body_html"]) if sha256 not in urls]
        if missing:
            raise Permanent(f"The text refers to a file that was not sent: {missing[0][:12]}….")
        body, excerpt = placed(given["body_html"], urls), str(given.get("excerpt") or "")
        content = mapping.marked(body, message.object_key, given["title"], excerpt)
        fields = {
            "title": text_as_html(given["title"]),
            "content": content,
            "excerpt": text_as_html(excerpt),
            "slug": given["slug"],
        }
        named, seo = self.connection.setting("seo_meta") or {}, given.get("seo") or {}
        # Plain WordPress has no SEO fields. Plugins register meta fields, under names of their own.
        meta = {
            named[part]: seo[part]
            for part in ("title", "description")
            if named.get(part) and seo.get(part)
        }
        return {**fields, "meta": meta} if meta else fields


def _post_type(message: OutboxMessage) -> str:
    post_type = str(message.content.get("post_type") or "posts")
    if post_type not in POST_TYPES:
        raise Permanent(f"“{post_type}” is neither {' nor '.join(POST_TYPES)}.")
    return post_type


def _is_ours(post: WordPressPost, message: OutboxMessage) -> bool:
    marked = mapping.mark_of(post)[0] == message.object_key
    return marked and not over.is_replaced(message, post) and not mapping.in_trash(post)


def _several(posts: Any) -> str:
    return (
        f"Several posts of the site have the mark of this work: {_ids(posts)}. Choose in the "
        f"exception which of them goes to the trash."
    )


def _other(post_type: str) -> str:
    return next(each for each in POST_TYPES if each != post_type)


def _status(message: OutboxMessage) -> str:
    if message.verb not in STATUSES:
        raise Permanent(f"WordPress does not support “{message.verb}”.")
    return STATUSES[message.verb]


def _known(client: WordPressClient, post_type: str, key: str) -> WordPressPost:
    try:
        return client.read(post_type, key)
    except NotFound:
        raise Conflict(
            f"{post_type}/{key} was deleted on the site. It is not created again automatically. "
            f"Choose in the exception what to do."
        ) from None


def _alive(remote: WordPressPost) -> WordPressPost:
    if mapping.in_trash(remote):
        raise Conflict(
            f"Post {remote.id} is in the trash of the site. It is not restored automatically. "
            f"Choose in the exception what to do."
        )
    return remote


def _unchanged(now: WordPressPost, known: Written, message: OutboxMessage, status: str) -> None:
    if now.status == mapping.SCHEDULED:
        at = _shown(mapping.scheduled_at(now))
        raise Conflict(
            f"Post {now.id} is scheduled there for {at}, by somebody else. It was not published. "
            f"Publish it now, or leave it scheduled."
        )
    changes = mapping.changed_by_others(now, known.evidence, str(message.content["slug"]))
    if changes:
        raise Conflict(
            f"Somebody changed post {now.id} on the site since our last write: "
            f"{', '.join(changes)}. It was not overwritten."
        )
    if now.status == "publish" and status != "publish":
        raise Conflict(f"Post {now.id} is public. It is not made a draft again automatically.")


def _file(client: WordPressClient, sha256: str, medium: Mapping[str, Any]) -> str:
    try:
        there = client.medium(int(medium["id"]))
    except NotFound:
        return f"The file {sha256[:12]}… is not in the media library."
    if there.url != medium["url"]:
        return f"The file {sha256[:12]}… has moved to {there.url}."
    return ""


def _now_public(remote: WordPressPost) -> str:
    if remote.status == "draft":
        return f"Nothing was published: {remote.link} is a draft."
    return f"The page is {remote.status} at {remote.link}."


def _ids(remotes: Any) -> str:
    return ", ".join(f"{each.id} ({each.status}, {each.link})" for each in remotes)


def _shown(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "later"


def _written(remote: WordPressPost, evidence: Mapping[str, Any]) -> Written:
    return Written(
        remote.id, remote.link, {"status": remote.status, "slug": remote.slug, **evidence}
    )
