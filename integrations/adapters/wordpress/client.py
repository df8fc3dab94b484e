"""The parts of WordPress's REST API that we use: https://developer.wordpress.org/rest-api/reference/"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

from integrations.base.adapter import CredentialsRefused, NotFound, Permanent, Temporary, Unknown
from integrations.base.credentials import token_of
from integrations.http.client import ClientResponse, SafeClient

if TYPE_CHECKING:
    from integrations.base.connections import Connection

API = "/wp-json/wp/v2"
EVERY_STATUS = "any,trash"  # “any” alone leaves out the trash
MOST_FOUND = 100  # the API's limit for one page of a list
# Posts of one page when all are listed: their texts have to fit into one answer.
A_PAGE = 20
MOST_COPIES = 20  # of one file, that are looked for
RARE = "\U0002f8f3"  # beyond 16 bits, and in no post
POST_TYPES = ("posts", "pages")
MEDIA = "media"
TRASHED = "trash"


@dataclass(frozen=True, slots=True)
class WordPressPost:
    """A post or page with its raw fields, as in the editor."""

    id: str
    status: str
    slug: str
    title: str
    content: str
    excerpt: str
    link: str
    meta: Mapping[str, Any]
    categories: Sequence[int]
    tags: Sequence[int]
    shown: str = ""  # the content as HTML for readers
    date_gmt: str = ""  # of publication, without a zone: it is UTC


@dataclass(frozen=True, slots=True)
class TakenSlug:
    """A public post that somebody else may have written."""

    id: str
    status: str
    link: str


@dataclass(frozen=True, slots=True)
class Medium:
    id: int
    url: str
    alt: str


class WordPressClient:
    """:raises CallFailed: from every call, see integrations.http.client"""

    def __init__(self, connection: Connection) -> None:
        token = token_of(connection)
        if not token:
            raise Permanent(
                "No token is set. Provide one with `manage.py connect wordpress … --token-file`, "
                "as user:application password."
            )
        self._http = SafeClient(
            connection.base_url, basic=token, private=connection.private_origins
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def read(self, post_type: str, key: str) -> WordPressPost:
        """
        Return one post by its id, also one in the trash.

        :raises NotFound: if it was deleted permanently or never existed
        """
        if not (key.isascii() and key.isdigit()):
            raise NotFound(f"“{key[:40]}” is not the id of a WordPress post.", 404)
        return _remote(self._ask("GET", f"/{post_type}/{key}", params={"context": "edit"}))

    def search(self, post_type: str, words: str) -> list[WordPressPost]:
        """
        Return posts that this user may edit and whose title, excerpt or content has ``words``.

        Includes those in the trash.
        """
        return self._list(post_type, search=words)

    def newest(self, post_type: str) -> list[WordPressPost]:
        """Return the newest post that this user may edit, if there is one."""
        return self._list(post_type, per_page="1")

    def search_all(self, post_type: str, words: str) -> Iterator[WordPressPost]:
        """Yield every post with ``words``, page by page, like ``search``."""
        page = 1
        while True:
            try:
                found = self._list(post_type, search=words, per_page=str(A_PAGE), page=str(page))
            except Permanent as error:
                # Also the answer to a page after the last one.
                if page == 1 or error.status != HTTPStatus.BAD_REQUEST:
                    raise
                return
            yield from found
            if len(found) < A_PAGE:
                return
            page += 1

    def trash(self, post_type: str, key: str) -> None:
        """
        Move a post to the trash. It can be restored there.

        :raises NotFound: if it is there already, or was deleted
        """
        self._ask("DELETE", f"/{post_type}/{key}")

    def with_slug(self, post_type: str, slug: str) -> list[WordPressPost]:
        """Return the posts with a slug. There can be several, since drafts may share one."""
        return self._list(post_type, slug=slug)

    def public_with_slug(self, post_type: str, slug: str) -> list[TakenSlug]:
        """Return what readers see at a slug. Every user may ask, whatever they may edit."""
        found = _rows(self._ask("GET", f"/{post_type}", params={"slug": slug}))
        return [
            TakenSlug(str(each["id"]), str(each.get("status", "")), str(each.get("link", "")))
            for each in found
        ]

    def stores_emoji(self) -> bool | None:
        """
        Return whether the tables of the site store characters beyond 16 bits, such as emoji.

        With tables in MySQL's older utf8, WordPress runs no query that has one. So it finds no post
        without a certain sign, although it has posts. Without any public one, return None.
        """
        for post_type in POST_TYPES:
            # What everybody may read. An author would not be shown the posts of others to edit.
            if _rows(self._ask("GET", f"/{post_type}", params={"per_page": "1"})):
                wanted = {"per_page": "1", "search": f"-{RARE}"}
                return bool(_rows(self._ask("GET", f"/{post_type}", params=wanted)))
        return None

    def create(self, post_type: str, fields: Mapping[str, Any]) -> WordPressPost:
        return _remote(
            self._ask("POST", f"/{post_type}", params={"context": "edit"}, json=fields), wrote=True
        )

    def update(self, post_type: str, key: str, fields: Mapping[str, Any]) -> WordPressPost:
        return _remote(
            self._ask("POST", f"/{post_type}/{key}", params={"context": "edit"}, json=fields),
            wrote=True,
        )

    def medium(self, key: int) -> Medium:
        """:raises NotFound: if it was deleted"""
        return _medium(self._ask("GET", f"/media/{key}"))

    def medium_with_slug(self, slug: str) -> Medium | None:
        """Return the oldest file with a slug. A race can make several, with the same bytes."""
        found = self._ask("GET", "/media", params={"slug": slug, "orderby": "id", "order": "asc"})
        rows = _rows(found)
        return _medium(rows[0]) if rows else None

    def copies_of(self, slug: str) -> list[Medium]:
        """Return the files to which WordPress gave the slug with a number, as it was taken."""
        slugs = ",".join(f"{slug}-{number}" for number in range(2, 2 + MOST_COPIES))
        params = {"slug": slugs, "orderby": "id", "order": "asc", "per_page": str(MOST_FOUND)}
        return [_medium(row) for row in _rows(self._ask("GET", "/media", params=params))]

    def delete_medium(self, key: int) -> None:
        """
        Delete a file permanently: the media library has no trash.

        :raises NotFound: if it was deleted already
        """
        self._ask("DELETE", f"/media/{key}", params={"force": "true"})

    def upload(self, slug: str, filename: str, kind: str, raw: bytes, title: str) -> Medium:
        """
        Upload a file together with the slug by which it is found again.

        With the slug in a second request, a lost answer would leave a file that nobody finds.
        """
        headers = {
            "content-type": kind,
            "content-disposition": f'attachment; filename="{filename}"',
        }
        params = {"slug": slug, "title": title}
        return _medium(
            self._ask("POST", "/media", params=params, content=raw, headers=headers), wrote=True
        )

    def describe(self, key: int, alt: str) -> None:
        self._ask("POST", f"/media/{key}", json={"alt_text": alt})

    def terms(self, taxonomy: str, name: str) -> list[tuple[int, str]]:
        """
        Return the id and stored name of terms whose name or slug is like ``name``.

        WordPress stores names with HTML entities.
        """
        found = _rows(
            self._ask("GET", f"/{taxonomy}", params={"search": name, "per_page": str(MOST_FOUND)})
        )
        return [(int(each["id"]), str(each.get("name", ""))) for each in found]

    def make_term(self, taxonomy: str, name: str) -> int:
        answer = self._ask("POST", f"/{taxonomy}", json={"name": name})
        return int(_object(answer, wrote=True)["id"])

    def _list(self, post_type: str, **wanted: str) -> list[WordPressPost]:
        params = {
            "status": EVERY_STATUS,
            "context": "edit",
            "per_page": str(MOST_FOUND),
            "orderby": "id",
            "order": "asc",
            **wanted,
        }
        try:
            found = self._ask("GET", f"/{post_type}", params=params)
        except Permanent as error:
            # WordPress answers 400, not 401, if wrong credentials ask for drafts. Asking who we are
            # then gives the 401 that says so.
            if error.status == HTTPStatus.BAD_REQUEST:
                self._ask("GET", "/users/me")
            raise
        return [_remote(each) for each in _rows(found)]

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        try:
            answer: ClientResponse = self._http.call(method, API + path, **options)
        except CredentialsRefused as error:
            raise _explained(error) from None
        return answer.json()


def _explained(error: CredentialsRefused) -> Permanent:
    """
    Add a hint to a refusal.

    A 401 is about the password. A 403 is about one post and the user's role, so it must not pause
    the whole connection.
    """
    if error.status == HTTPStatus.FORBIDDEN:
        return Permanent(
            f"{error} The role of the connection's user does not allow it.", error.status
        )
    return CredentialsRefused(
        f"{error} If user and application password are right, the web server may be dropping the "
        f"Authorization header.",
        error.status,
    )


def _rows(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(
        isinstance(each, dict) and "id" in each for each in value
    ):
        raise Temporary("The answer is not a list of WordPress objects.")
    return value


def _object(value: Any, *, wrote: bool) -> dict[str, Any]:
    if not isinstance(value, dict) or not str(value.get("id", "")).isdigit():
        raise (Unknown if wrote else Temporary)("The answer is not a WordPress object.")
    return value


def _raw(value: dict[str, Any], name: str, *, wrote: bool) -> str:
    field = value.get(name)
    if not isinstance(field, dict) or not isinstance(field.get("raw"), str):
        raise (Unknown if wrote else Temporary)(
            f"The answer has no raw {name}: the connection's user may not edit this post."
        )
    return str(field["raw"])


def _remote(value: Any, *, wrote: bool = False) -> WordPressPost:
    given = _object(value, wrote=wrote)
    meta = given.get("meta")
    return WordPressPost(
        id=str(given["id"]),
        status=str(given.get("status", "")),
        slug=str(given.get("slug", "")),
        title=_raw(given, "title", wrote=wrote),
        content=_raw(given, "content", wrote=wrote),
        excerpt=_raw(given, "excerpt", wrote=wrote),
        link=str(given.get("link", "")),
        meta=meta if isinstance(meta, dict) else {},  # PHP writes an empty object as a list
        categories=tuple(given.get("categories") or ()),
        tags=tuple(given.get("tags") or ()),
        shown=_shown(given.get("content")),
        date_gmt=str(given.get("date_gmt") or ""),
    )


def _shown(content: Any) -> str:
    found = content.get("rendered") if isinstance(content, dict) else None
    return found if isinstance(found, str) else ""


def _medium(value: Any, *, wrote: bool = False) -> Medium:
    given = _object(value, wrote=wrote)
    url = given.get("source_url")
    if not isinstance(url, str) or not url:
        raise (Unknown if wrote else Temporary)("The answer has no address of the file.")
    return Medium(int(given["id"]), url, str(given.get("alt_text") or ""))
