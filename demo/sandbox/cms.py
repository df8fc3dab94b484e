"""
A content system in memory that keeps posts, files and terms as WordPress does, with its gaps: no
idempotency, slugs that repeat.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape, unescape
from itertools import count
from threading import RLock
from typing import Any

from demo.sandbox.crm import Wrong

POST_TYPES = ("posts", "pages")
TAXONOMIES = ("categories", "tags")
# What any means: the trash is not among them.
STATUSES = ("publish", "future", "draft", "pending", "private")
_UNSAFE = re.compile(r"[^a-z0-9]+")


@dataclass
class Post:
    id: int
    post_type: str
    slug: str = ""
    status: str = "draft"
    title: str = ""
    content: str = ""
    excerpt: str = ""
    terms: dict[str, list[int]] = field(default_factory=lambda: {"categories": [1], "tags": []})
    featured: int = 0


@dataclass
class MediaFile:
    id: int
    slug: str
    name: str
    kind: str
    raw: bytes
    title: str
    alt: str = ""


def slugged(text: str) -> str:
    return _UNSAFE.sub("-", text.lower()).strip("-")


@dataclass
class CMS:
    """
    ``user`` and ``password`` are the one application password. Ids run through all kinds, as in
    WordPress's one table, from ``first`` on.
    """

    user: str
    password: str = field(repr=False)
    posts: dict[int, Post] = field(default_factory=dict)
    files: dict[int, MediaFile] = field(default_factory=dict)
    terms: dict[str, dict[int, str]] = field(
        default_factory=lambda: {"categories": {1: "Uncategorized"}, "tags": {}}
    )

    first: int = 2

    def __post_init__(self) -> None:
        self.lock, self._ids = RLock(), count(self.first)

    def create(self, post_type: str, given: Mapping[str, Any]) -> Post:
        with self.lock:
            made = Post(next(self._ids), post_type)
            self._change(made, given)
            self.posts[made.id] = made
            return made

    def update(self, post_type: str, key: int, given: Mapping[str, Any]) -> Post:
        """An update of what lies in the trash is answered with 200, and leaves it there."""
        with self.lock:
            found = self.read(post_type, key)
            self._change(
                found,
                {
                    name: value
                    for name, value in given.items()
                    if found.status != "trash" or name != "status"
                },
            )
            return found

    def read(self, post_type: str, key: int) -> Post:
        found = self.posts.get(key)
        if found is None or found.post_type != post_type:
            raise Wrong(404, "Invalid post ID.")
        return found

    def trash(self, post_type: str, key: int, *, force: bool) -> Post:
        with self.lock:
            found = self.read(post_type, key)
            if force:
                return self.posts.pop(key)
            if found.status == "trash":
                raise Wrong(410, "The post has already been deleted.")
            found.status, found.slug = "trash", f"{found.slug}__trashed"
            return found

    def listed(self, post_type: str, wanted: Mapping[str, str]) -> list[Post]:
        """Drafts may share a slug: all of them are listed."""
        named = wanted.get("status", "publish").split(",")
        statuses = {*named, *(STATUSES if "any" in named else ())}
        word = wanted.get("search", "").casefold()
        with self.lock:
            found = [
                post
                for post in self.posts.values()
                if post.post_type == post_type and post.status in statuses
            ]
        found = [
            post
            for post in found
            if word in f"{post.title} {post.excerpt} {post.content}".casefold()
        ]
        return [post for post in found if wanted.get("slug", post.slug) == post.slug]

    def _change(self, post: Post, given: Mapping[str, Any]) -> None:
        for name in ("title", "content", "excerpt", "status"):
            if name in given:
                setattr(post, name, _text(given[name]))
        for name in TAXONOMIES:
            if name in given and post.post_type == "posts":
                post.terms[name] = [int(key) for key in given[name]]
        post.featured = int(given.get("featured_media", post.featured))
        post.slug = _text(given.get("slug", post.slug))
        if post.status == "publish":  # only then must it be unique
            post.slug = self._free(post, post.slug or slugged(post.title) or str(post.id))

    def _free(self, post: Post, slug: str) -> str:
        taken = {
            each.slug
            for each in self.posts.values()
            if each is not post and each.status == "publish" and each.post_type == post.post_type
        }
        return (
            slug
            if slug not in taken
            else next(free for number in count(2) if (free := f"{slug}-{number}") not in taken)
        )

    def keep(self, wanted: Mapping[str, str], name: str, kind: str, raw: bytes) -> MediaFile:
        """The same bytes twice are two files."""
        with self.lock:
            number = next(self._ids)
            slug, taken = (
                wanted.get("slug") or slugged(name.rpartition(".")[0]),
                {each.slug for each in self.files.values()},
            )
            made = MediaFile(
                number,
                f"{slug}-{number}" if slug in taken else slug,
                f"{number}-{name}",
                kind,
                raw,
                wanted.get("title", name),
            )
            self.files[number] = made
            return made

    def file(self, key: int) -> MediaFile:
        if key not in self.files:
            raise Wrong(404, "Invalid post ID.")
        return self.files[key]

    def named(self, taxonomy: str, word: str) -> list[tuple[int, str]]:
        """Names are kept with entities, and searched so."""
        return [
            (key, name)
            for key, name in self.terms[taxonomy].items()
            if word.casefold() in name.casefold()
        ]

    def name(self, taxonomy: str, name: str) -> tuple[int, str]:
        with self.lock:
            stored = escape(unescape(name), quote=False)
            if stored in self.terms[taxonomy].values():
                raise Wrong(400, "A term with the name provided already exists in this taxonomy.")
            key = next(self._ids)
            self.terms[taxonomy][key] = stored
            return key, stored

    def public(self, slug: str) -> Post | None:
        with self.lock:
            return next(
                (
                    post
                    for post in self.posts.values()
                    if post.status == "publish" and post.slug == slug
                ),
                None,
            )


def _text(value: Any) -> str:
    return str(value.get("raw", "")) if isinstance(value, Mapping) else str(value)
