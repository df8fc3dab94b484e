"""
A content system in memory that behaves like WordPress, including its gaps.

For example, a repeated create makes a second post, and drafts may share a slug.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from threading import RLock
from typing import Any

from django.utils import timezone

from demo.sandbox.crm import Wrong
from demo.sandbox.kses import TITLE_TAGS, kses, text_field

POST_TYPES = ("posts", "pages")
TAXONOMIES = ("categories", "tags")
UNFILTERED = ("editor", "administrator")
# The statuses that “any” stands for. The trash is not among them.
STATUSES = ("publish", "future", "draft", "pending", "private")
TRASHED = "__trashed"  # what WordPress adds to the slug of a post in the trash
# Slugs that WordPress renames, because its own addresses begin with them.
FEEDS = frozenset({"feed", "rdf", "rss", "rss2", "atom", "embed"})
_NUMERIC = {"posts": re.compile(r"[0-9]+"), "pages": re.compile(r"(page)?[0-9]+")}
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
    date_gmt: str = ""


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
    The state of a site with one user and their application password.

    Posts, files and terms share one sequence of ids, which starts at ``first``. What users of
    another ``role`` than editor and administrator write is cleaned.
    """

    user: str
    password: str = field(repr=False)
    posts: dict[int, Post] = field(default_factory=dict)
    files: dict[int, MediaFile] = field(default_factory=dict)
    terms: dict[str, dict[int, str]] = field(
        default_factory=lambda: {"categories": {1: "Uncategorized"}, "tags": {}}
    )

    first: int = 2
    role: str = "author"
    is_narrow: bool = False  # its tables are in MySQL's older utf8, which stores no emoji

    def __post_init__(self) -> None:
        self.lock, self._ids = RLock(), count(self.first)

    def create(self, post_type: str, given: Mapping[str, Any]) -> Post:
        with self.lock:
            made = Post(next(self._ids), post_type)
            self._change(made, given)
            self.posts[made.id] = made
            return made

    def update(self, post_type: str, key: int, given: Mapping[str, Any]) -> Post:
        """Update a post. One in the trash stays there, unless its status is among the changes."""
        with self.lock:
            found = self.read(post_type, key)
            if found.status == "trash" and "status" in given:
                found.slug = found.slug.removesuffix(TRASHED)
            self._change(found, given)
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
            found.status, found.slug = "trash", f"{found.slug}{TRASHED}"
            return found

    def listed(self, post_type: str, wanted: Mapping[str, str]) -> list[Post]:
        """List posts by status, search word and slug. Drafts may share a slug."""
        statuses = set(wanted.get("status", "publish").split(","))
        if "any" in statuses:
            statuses.update(STATUSES)
        word = wanted.get("search", "").casefold()
        # WordPress runs no query with characters that its tables cannot hold.
        if self.is_narrow and _is_wide(word):
            return []
        with self.lock:
            posts = [post for post in self.posts.values() if post.post_type == post_type]
        found = []
        for post in posts:
            text = f"{post.title} {post.excerpt} {post.content}".casefold()
            same_slug = wanted.get("slug", post.slug) == post.slug
            if post.status in statuses and _matches(word, text) and same_slug:
                found.append(post)
        return found

    def _change(self, post: Post, given: Mapping[str, Any]) -> None:
        texts = " ".join(_text(given.get(name, "")) for name in ("title", "content", "excerpt"))
        if self.is_narrow and _is_wide(texts):
            raise Wrong(500, "Could not insert post into the database.", "db_insert_error")
        post.date_gmt = _text(given.get("date_gmt", post.date_gmt))
        for name in ("title", "content", "excerpt"):
            if name in given:
                setattr(post, name, self._kept(name, _text(given[name])))
        post.status = _text(given.get("status", post.status))
        for name in TAXONOMIES:
            if name in given and post.post_type == "posts":
                post.terms[name] = [int(key) for key in given[name]]
        post.featured = int(given.get("featured_media", post.featured))
        post.slug = _text(given.get("slug", post.slug))
        if post.status in {"publish", "future"} and post.date_gmt:
            post.status = "future" if _is_ahead(post.date_gmt) else "publish"
        if post.status in {"publish", "future"}:  # slugs of drafts need not be unique
            post.slug = self._free(post, post.slug or slugged(post.title) or str(post.id))

    def _kept(self, name: str, html: str) -> str:
        if self.role in UNFILTERED:
            return html
        return kses(html, TITLE_TAGS).strip() if name == "title" else kses(html)

    def _free(self, post: Post, slug: str) -> str:
        taken = {
            each.slug
            for each in self.posts.values()
            if each is not post and each.status != "trash" and each.post_type == post.post_type
        }
        free, number = slug, 2
        while free in taken or free in FEEDS or _NUMERIC[post.post_type].fullmatch(free):
            free, number = f"{slug}-{number}", number + 1
        return free

    def keep(self, wanted: Mapping[str, str], name: str, kind: str, raw: bytes) -> MediaFile:
        """Store a file. Uploading the same bytes twice makes two files."""
        with self.lock:
            number = next(self._ids)
            slug = wanted.get("slug") or slugged(name.rpartition(".")[0])
            taken, wished, again = {each.slug for each in self.files.values()}, slug, 2
            while slug in taken:
                slug, again = f"{wished}-{again}", again + 1
            title = self._kept("title", wanted.get("title", name))
            made = MediaFile(number, slug, f"{number}-{name}", kind, raw, title)
            self.files[number] = made
            return made

    def file(self, key: int) -> MediaFile:
        if key not in self.files:
            raise Wrong(404, "Invalid post ID.")
        return self.files[key]

    def named(self, taxonomy: str, word: str) -> list[tuple[int, str]]:
        """Return terms by a word. Names are stored and searched with entities."""
        terms = self.terms[taxonomy].items()
        return [(key, name) for key, name in terms if word.casefold() in name.casefold()]

    def name(self, taxonomy: str, name: str) -> tuple[int, str]:
        with self.lock:
            # Loose ampersands and brackets become entities, and entities stay.
            stored = kses(text_field(name), TITLE_TAGS)
            if stored in self.terms[taxonomy].values():
                raise Wrong(400, "A term with the name provided already exists in this taxonomy.")
            key = next(self._ids)
            self.terms[taxonomy][key] = stored
            return key, stored

    def public(self, slug: str) -> Post | None:
        with self.lock:
            for post in self.posts.values():
                if post.status == "publish" and post.slug == slug:
                    return post
        return None


def _is_ahead(date_gmt: str) -> bool:
    return datetime.fromisoformat(date_gmt).replace(tzinfo=UTC) > timezone.now()


def _is_wide(text: str) -> bool:
    return any(ord(sign) > 0xFFFF for sign in text)  # noqa: PLR2004


def _matches(word: str, text: str) -> bool:
    """Return whether a post is found. A word after a minus must not be in it."""
    if word.startswith("-"):
        return word[1:] not in text
    return word in text


def _text(value: Any) -> str:
    return str(value.get("raw", "")) if isinstance(value, Mapping) else str(value)
