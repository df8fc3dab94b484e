"""WordPress's REST API, as far as we use it. https://developer.wordpress.org/rest-api/reference/"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from integrations.base.adapter import CredentialsRefused, NotFound, Permanent, Temporary, Unknown
from integrations.http.client import ClientResponse, SafeClient

if TYPE_CHECKING:
    from integrations.base.connections import Connection

API = "/wp-json/wp/v2"
EVERY_STATUS = "any,trash"  # any leaves out what lies in the trash
MOST_FOUND = 100  # the API's own limit for a page of a list
POST_TYPES = ("posts", "pages")
TRASHED = "trash"


@dataclass(frozen=True, slots=True)
class WordPressPost:
    """A post or page with its raw fields, as people edit them."""

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


@dataclass(frozen=True, slots=True)
class Medium:
    id: int
    url: str
    alt: str


class WordPressClient:
    """:raises CallFailed: from every call, see integrations.http.client.client"""

    def __init__(self, connection: Connection) -> None:
        token = connection.token.first()
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

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.__exit__(kind, error, trace)

    def read(self, noun: str, key: str) -> WordPressPost:
        """
        One post by its id, also one in the trash.

        :raises NotFound: if it was deleted for good, or never was
        """
        if not (key.isascii() and key.isdigit()):
            raise NotFound(f"“{key[:40]}” is not the id of a WordPress post.", 404)
        return _remote(self._ask("GET", f"/{noun}/{key}", params={"context": "edit"}))

    def search(self, noun: str, words: str) -> list[WordPressPost]:
        """
        Those that hold ``words`` somewhere in title, excerpt or content, and that this user may
        edit; also in the trash.
        """
        return self._list(noun, search=words)

    def with_slug(self, noun: str, slug: str) -> list[WordPressPost]:
        """More than one, where drafts are: their slugs are not unique."""
        return self._list(noun, slug=slug)

    def create(self, noun: str, fields: Mapping[str, Any]) -> WordPressPost:
        return _remote(
            self._ask("POST", f"/{noun}", params={"context": "edit"}, json=fields), wrote=True
        )

    def update(self, noun: str, key: str, fields: Mapping[str, Any]) -> WordPressPost:
        return _remote(
            self._ask("POST", f"/{noun}/{key}", params={"context": "edit"}, json=fields), wrote=True
        )

    def medium(self, key: int) -> Medium:
        """:raises NotFound: if it is gone"""
        return _medium(self._ask("GET", f"/media/{key}"))

    def medium_with_slug(self, slug: str) -> Medium | None:
        """The oldest, if a race made several: they hold the same bytes."""
        found = self._ask("GET", "/media", params={"slug": slug, "orderby": "id", "order": "asc"})
        return _medium(_rows(found)[0]) if _rows(found) else None

    def upload(self, slug: str, filename: str, kind: str, raw: bytes, title: str) -> Medium:
        """
        A file in one request, with the slug by which it is found again: two requests could lose the
        second.
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
        """(id, name as stored, with entities) of those whose name or slug is like ``name``."""
        found = _rows(
            self._ask("GET", f"/{taxonomy}", params={"search": name, "per_page": str(MOST_FOUND)})
        )
        return [(int(each["id"]), str(each.get("name", ""))) for each in found]

    def make_term(self, taxonomy: str, name: str) -> int:
        answer = self._ask("POST", f"/{taxonomy}", json={"name": name})
        return int(_object(answer, wrote=True)["id"])

    def _list(self, noun: str, **wanted: str) -> list[WordPressPost]:
        params = {
            **wanted,
            "status": EVERY_STATUS,
            "context": "edit",
            "per_page": str(MOST_FOUND),
            "orderby": "id",
            "order": "asc",
        }
        try:
            found = self._ask("GET", f"/{noun}", params=params)
        except Permanent as error:
            if (
                error.status == HTTPStatus.BAD_REQUEST
            ):  # what WordPress says to strangers who ask for drafts
                self._ask("GET", "/users/me")  # which tells strangers so
            raise
        return [_remote(each) for each in _rows(found)]

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        try:
            answer: ClientResponse = self._http.call(method, API + path, **options)
        except CredentialsRefused as error:
            raise _explained(error) from None
        return answer.json()


def _explained(error: CredentialsRefused) -> Permanent:
    """403 is about one post and this user's role, so it says nothing about the key; 401 does."""
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
        raise Temporary("The answer is not a list of WordPress's objects.")
    return value


def _object(value: Any, *, wrote: bool) -> dict[str, Any]:
    if not isinstance(value, dict) or not str(value.get("id", "")).isdigit():
        raise (Unknown if wrote else Temporary)("The answer is not one of WordPress's objects.")
    return value


def _raw(value: dict[str, Any], name: str, *, wrote: bool) -> str:
    field = value.get(name)
    if not isinstance(field, dict) or not isinstance(field.get("raw"), str):
        raise (Unknown if wrote else Temporary)(
            f"The answer holds no raw {name}: the connection's user may not edit this post."
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
    )


def _medium(value: Any, *, wrote: bool = False) -> Medium:
    given = _object(value, wrote=wrote)
    url = given.get("source_url")
    if not isinstance(url, str) or not url:
        raise (Unknown if wrote else Temporary)("The answer names no address of the file.")
    return Medium(int(given["id"]), url, str(given.get("alt_text") or ""))
