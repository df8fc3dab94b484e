"""
WordPress's REST API and public pages for the sandbox's CMS, with faults on demand.

The server listens on the loopback address only.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from hmac import compare_digest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import sleep
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from demo.sandbox.cms import CMS, POST_TYPES, TAXONOMIES, MediaFile, Post
from demo.sandbox.cms_page import Theme, content_of, page, title_of
from demo.sandbox.crm import Wrong
from demo.sandbox.kses import text_field
from demo.sandbox.server import SANDBOX, SIGN

API = "/wp-json/wp/v2/"
MAX_BODY_BYTES = 32 * 1024 * 1024
FILES = "/wp-content/uploads/"
RETRY_AFTER_S = 30
_FILENAME = re.compile(r'filename="([^"]+)"')
FAULTS = ("lost", "cut", "502", "429", "maintenance", "slow")
AFTER = ("lost", "cut", "502")  # these come after the change was made
MAINTENANCE = b"<html><body>Briefly unavailable for scheduled maintenance.</body></html>"


@dataclass
class CmsFaults:
    """
    Faults to inject, each once, with the next call of its method.

    ``lost``, ``cut`` and ``502`` come after the change was made: ``lost`` closes the connection,
    and ``cut`` ends the JSON in the middle. ``429`` and ``maintenance`` (a web page with status
    200) refuse the change. ``slow_s`` is the duration of a slow answer.
    """

    waiting: deque[tuple[str, str]] = field(default_factory=deque)
    slow_s: float = 2.0

    def add(self, fault: str, method: str = "POST", times: int = 1) -> None:
        if fault not in FAULTS:
            raise ValueError(f"Faults are {', '.join(FAULTS)}.")
        self.waiting.extend([(fault, method)] * times)

    def take(self, method: str) -> str:
        if self.waiting and self.waiting[0][1] == method:
            return self.waiting.popleft()[0]
        return ""


def serve_cms(
    cms: CMS, port: int, faults: CmsFaults | None = None, theme: Theme | None = None
) -> ThreadingHTTPServer:
    """Create a server on 127.0.0.1, not running yet. Port 0 chooses a free one."""

    class BoundCmsHandler(_CmsHandler):
        pass

    BoundCmsHandler.cms, BoundCmsHandler.faults = cms, faults or CmsFaults()
    BoundCmsHandler.theme = theme or Theme()
    return ThreadingHTTPServer(("127.0.0.1", port), BoundCmsHandler)


class _CmsHandler(BaseHTTPRequestHandler):
    cms: CMS
    faults: CmsFaults
    theme: Theme
    protocol_version = "HTTP/1.1"
    # An answer is two writes. With Nagle's algorithm, the second one would wait for the caller's
    # delayed acknowledgement.
    disable_nagle_algorithm = True
    timeout = 30

    def do_GET(self) -> None:
        self._handle("GET")

    def do_HEAD(self) -> None:
        self._handle("HEAD")

    def do_POST(self) -> None:
        self._handle("POST")

    def do_DELETE(self) -> None:
        self._handle("DELETE")

    def log_message(self, *_args: Any) -> None:
        """Log nothing, because addresses hold ids."""

    def _handle(self, method: str) -> None:
        raw = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), MAX_BODY_BYTES))
        url = urlsplit(self.path)
        if not url.path.startswith((API, SANDBOX)):
            return self._public(unquote(url.path))
        fault = self.faults.take(method)
        if fault == "slow":
            sleep(self.faults.slow_s)
        if fault == "429":
            answer: Any = {"code": "too_many_requests", "message": "Slow down."}
            return self._send(429, answer, {"Retry-After": str(RETRY_AFTER_S)})
        if fault == "maintenance":
            return self._send_raw(200, MAINTENANCE, "text/html")
        try:
            status, answer = self._answer(method, url.path, dict(parse_qsl(url.query)), raw)
        except Wrong as wrong:
            status, answer = wrong.status, _error(wrong.code, str(wrong), wrong.status)
        except (ValueError, TypeError, AttributeError):
            status = 400
            answer = _error("rest_invalid_json", "Invalid JSON body passed.", status)
        return self._end(fault if fault in AFTER else "", status, answer)

    def _end(self, fault: str, status: int, answer: Any) -> None:
        if fault == "lost":
            self.close_connection = True
        elif fault == "502":
            self._send_raw(502, b"<html><body>Bad gateway</body></html>", "text/html")
        elif fault == "cut":
            self._send_raw(status, json.dumps(answer).encode()[:-20], "application/json")
        else:
            self._send(status, answer)

    def _answer(self, method: str, path: str, query: dict[str, str], raw: bytes) -> tuple[int, Any]:
        if path == SANDBOX and method == "GET":
            return 200, {"posts": len(self.cms.posts), "files": len(self.cms.files)}
        self._known(asks_for_drafts="status" in query)
        if path == SANDBOX:
            self.faults.add(**json.loads(raw))  # requested by another process
            return 200, {}
        route, _, rest = path.removeprefix(API).strip("/").partition("/")
        key = int(rest) if rest.isdigit() else 0
        if route == "users" and rest == "me":
            return 200, {"id": 1, "name": self.cms.user, "slug": self.cms.user}
        if route in POST_TYPES:
            return self._posts(method, route, key, query, raw)
        if route == "media":
            return self._media(method, key, query, raw)
        if route in TAXONOMIES:
            return self._terms(method, route, query, raw)
        raise Wrong(404, "No route was found matching the URL and request method.")

    def _known(self, *, asks_for_drafts: bool) -> None:
        """
        Check the password.

        To WordPress, a caller with a wrong password is anonymous. Not every refusal of an anonymous
        call is a 401: asking for drafts is a 400.
        """
        word = b64encode(f"{self.cms.user}:{self.cms.password}".encode())
        if not compare_digest(self.headers.get("Authorization", "").encode(), b"Basic " + word):
            if asks_for_drafts:
                raise Wrong(400, "Invalid parameter(s): status")
            raise Wrong(401, "Sorry, you are not allowed to do that.")

    def _posts(
        self, method: str, post_type: str, key: int, query: Mapping[str, str], raw: bytes
    ) -> tuple[int, Any]:
        if method == "GET" and key:
            return 200, self._shown(self.cms.read(post_type, key))
        if method == "GET":
            found = _page(self.cms.listed(post_type, query), query)
            return 200, [self._shown(post) for post in found]
        if method == "DELETE":
            return 200, self._shown(
                self.cms.trash(post_type, key, force=query.get("force") == "true")
            )
        if key:
            return 200, self._shown(self.cms.update(post_type, key, json.loads(raw)))
        return 201, self._shown(self.cms.create(post_type, json.loads(raw)))

    def _media(
        self, method: str, key: int, query: Mapping[str, str], raw: bytes
    ) -> tuple[int, Any]:
        if method == "GET" and key:
            return 200, self._file(self.cms.file(key))
        if method == "GET":
            found = self.cms.files.values()
            files = [file for file in found if file.slug in query.get("slug", file.slug).split(",")]
            return 200, [self._file(file) for file in files]
        if method == "DELETE":
            removed = self.cms.files.pop(self.cms.file(key).id)
            return 200, {"deleted": True, "previous": self._file(removed)}
        if key:
            file = self.cms.file(key)
            file.alt = text_field(str(json.loads(raw).get("alt_text", file.alt)))
            return 200, self._file(file)
        name = _FILENAME.search(self.headers.get("Content-Disposition", ""))
        if name is None:
            raise Wrong(400, "Invalid Content-Disposition supplied.")
        kind = self.headers.get("Content-Type", "")
        return 201, self._file(self.cms.keep(query, name.group(1), kind, raw))

    def _terms(
        self, method: str, taxonomy: str, query: Mapping[str, str], raw: bytes
    ) -> tuple[int, Any]:
        if method == "GET":
            found = self.cms.named(taxonomy, query.get("search", ""))
            return 200, [{"id": key, "name": name} for key, name in found]
        key, name = self.cms.name(taxonomy, str(json.loads(raw)["name"]))
        return 201, {"id": key, "name": name}

    @property
    def _home(self) -> str:
        assert isinstance(self.server, ThreadingHTTPServer)
        return f"http://127.0.0.1:{self.server.server_port}"

    def _shown(self, post: Post) -> dict[str, Any]:
        texts = {
            "title": {"raw": post.title, "rendered": title_of(post)},
            "content": {"raw": post.content, "rendered": content_of(post)},
            "excerpt": {"raw": post.excerpt, "rendered": f"<p>{post.excerpt}</p>"},
        }
        link = f"{self._home}/?p={post.id}"
        if post.status == "publish":
            link = f"{self._home}/{post.slug}/"
        shown = {
            "id": post.id,
            "status": post.status,
            "slug": post.slug,
            "link": link,
            # WordPress silently drops meta fields that no plugin registered, and PHP writes an
            # empty object as a list.
            "meta": [],
            "featured_media": post.featured,
            "date_gmt": post.date_gmt,
            "author": 1,
        }
        return shown | texts | (post.terms if post.post_type == "posts" else {})

    def _file(self, file: MediaFile) -> dict[str, Any]:
        return {
            "id": file.id,
            "slug": file.slug,
            "mime_type": file.kind,
            "alt_text": file.alt,
            "title": {"rendered": file.title},
            "source_url": f"{self._home}{FILES}{file.name}",
        }

    def _public(self, path: str) -> None:
        for file in list(self.cms.files.values()):
            if path == f"{FILES}{file.name}":
                return self._send_raw(200, file.raw, file.kind)
        status, raw = 404, b"<html><body>Not found</body></html>"
        post = self.cms.public(path.strip("/"))
        robots = {"X-Robots-Tag": self.theme.robots} if self.theme.robots else None
        if post is not None:
            status, raw = 200, page(post, self.theme).encode()
        return self._send_raw(status, raw, "text/html; charset=utf-8", robots)

    def _send(self, status: int, answer: Any, headers: Mapping[str, str] | None = None) -> None:
        raw = json.dumps(answer).encode()
        self._send_raw(status, raw, "application/json; charset=UTF-8", headers)

    def _send_raw(
        self, status: int, raw: bytes, kind: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self.send_response(status)
        sent = {SIGN: "wordpress", "Content-Type": kind, "Content-Length": str(len(raw))}
        for name, value in {**sent, **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(raw)


def _page(posts: list[Post], query: Mapping[str, str]) -> list[Post]:
    """Return one page of a list. WordPress refuses pages after the last one."""
    size, number = int(query.get("per_page", 10)), int(query.get("page", 1))
    found = posts[(number - 1) * size : number * size]
    if number > 1 and not found:
        raise Wrong(400, "The page number requested is larger than the number of pages available.")
    return found


def _error(code: str, message: str, status: int) -> dict[str, Any]:
    return {"code": code, "message": message, "data": {"status": status}}
