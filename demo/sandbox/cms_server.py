"""
WordPress's REST API and public pages over the sandbox's CMS, on the loopback address alone, with
faults on demand.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from hmac import compare_digest
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import sleep
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from demo.sandbox.cms import CMS, POST_TYPES, TAXONOMIES, MediaFile, Post
from demo.sandbox.crm import Wrong
from demo.sandbox.server import SANDBOX, SIGN

API = "/wp-json/wp/v2/"
MAX_BODY_BYTES = 32 * 1024 * 1024
FILES = "/wp-content/uploads/"
RETRY_AFTER_S = 30
_FILENAME = re.compile(r'filename="([^"]+)"')
_PLAIN_QUOTES = re.compile(r'(?<=[\s(>])"|^"')
FAULTS = ("lost", "cut", "502", "429", "maintenance", "slow")
AFTER = ("lost", "cut", "502")  # these come when the change has been made


@dataclass
class CmsFaults:
    """
    Faults to inject once each, with the next call of a method. ``slow_s`` is the duration of a slow
    answer.

    ``lost`` closes the connection and ``cut`` ends the JSON in the middle, like ``502`` after the
    change was made; ``429`` and ``maintenance`` (a web page with status 200) refuse it.
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


def serve_cms(cms: CMS, port: int, faults: CmsFaults | None = None) -> ThreadingHTTPServer:
    """A server on 127.0.0.1 that is not running yet; port 0 chooses a free one."""

    class BoundCmsHandler(_CmsHandler):
        pass

    BoundCmsHandler.cms, BoundCmsHandler.faults = cms, faults or CmsFaults()
    return ThreadingHTTPServer(("127.0.0.1", port), BoundCmsHandler)


class _CmsHandler(BaseHTTPRequestHandler):
    cms: CMS
    faults: CmsFaults
    protocol_version = "HTTP/1.1"
    # An answer is two writes, and the second would wait for the caller's delayed acknowledgement.
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
        """Quiet: addresses hold ids."""

    def _handle(self, method: str) -> None:
        raw = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), MAX_BODY_BYTES))
        url = urlsplit(self.path)
        if not url.path.startswith((API, SANDBOX)):
            return self._public(unquote(url.path))
        fault = self.faults.take(method)
        if fault == "slow":
            sleep(self.faults.slow_s)
        if fault == "429":
            return self._send(
                429,
                {"code": "too_many_requests", "message": "Slow down."},
                {"Retry-After": str(RETRY_AFTER_S)},
            )
        if fault == "maintenance":
            return self._send_raw(
                200,
                b"<html><body>Briefly unavailable for scheduled maintenance.</body></html>",
                "text/html",
            )
        try:
            status, answer = self._answer(method, url.path, dict(parse_qsl(url.query)), raw)
        except Wrong as wrong:
            status, answer = (
                wrong.status,
                {"code": "rest_error", "message": str(wrong), "data": {"status": wrong.status}},
            )
        except (ValueError, TypeError, AttributeError):
            status, answer = (
                400,
                {
                    "code": "rest_invalid_json",
                    "message": "Invalid JSON body passed.",
                    "data": {"status": 400},
                },
            )
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
            self.faults.add(**json.loads(raw))  # a fault that somebody in another process asks for
            return 200, {}
        noun, _, rest = path.removeprefix(API).strip("/").partition("/")
        key = int(rest) if rest.isdigit() else 0
        if noun == "users" and rest == "me":
            return 200, {"id": 1, "name": self.cms.user, "slug": self.cms.user}
        if noun in POST_TYPES:
            return self._posts(method, noun, key, query, raw)
        if noun == "media":
            return self._media(method, key, query, raw)
        if noun in TAXONOMIES:
            return self._terms(method, noun, query, raw)
        raise Wrong(404, "No route was found matching the URL and request method.")

    def _known(self, *, asks_for_drafts: bool) -> None:
        """
        To WordPress, somebody with a wrong password is a stranger, and only some of what strangers
        may not is a 401.
        """
        word = b64encode(f"{self.cms.user}:{self.cms.password}".encode())
        if not compare_digest(self.headers.get("Authorization", "").encode(), b"Basic " + word):
            if asks_for_drafts:
                raise Wrong(400, "Invalid parameter(s): status")
            raise Wrong(401, "Sorry, you are not allowed to do that.")

    def _posts(
        self, method: str, noun: str, key: int, query: Mapping[str, str], raw: bytes
    ) -> tuple[int, Any]:
        if method == "GET" and key:
            return 200, self._shown(self.cms.read(noun, key))
        if method == "GET":
            return 200, [self._shown(post) for post in self.cms.listed(noun, query)]
        if method == "DELETE":
            return 200, self._shown(self.cms.trash(noun, key, force=query.get("force") == "true"))
        if key:
            return 200, self._shown(self.cms.update(noun, key, json.loads(raw)))
        return 201, self._shown(self.cms.create(noun, json.loads(raw)))

    def _media(
        self, method: str, key: int, query: Mapping[str, str], raw: bytes
    ) -> tuple[int, Any]:
        if method == "GET" and key:
            return 200, self._file(self.cms.file(key))
        if method == "GET":
            found = self.cms.files.values()
            return 200, [
                self._file(file) for file in found if query.get("slug", file.slug) == file.slug
            ]
        if method == "DELETE":
            return 200, {
                "deleted": True,
                "previous": self._file(self.cms.files.pop(self.cms.file(key).id)),
            }
        if key:
            file = self.cms.file(key)
            file.alt = str(json.loads(raw).get("alt_text", file.alt))
            return 200, self._file(file)
        name = _FILENAME.search(self.headers.get("Content-Disposition", ""))
        if name is None:
            raise Wrong(400, "Invalid Content-Disposition supplied.")
        return 201, self._file(
            self.cms.keep(query, name.group(1), self.headers.get("Content-Type", ""), raw)
        )

    def _terms(
        self, method: str, noun: str, query: Mapping[str, str], raw: bytes
    ) -> tuple[int, Any]:
        if method == "GET":
            return 200, [
                {"id": key, "name": name}
                for key, name in self.cms.named(noun, query.get("search", ""))
            ]
        key, name = self.cms.name(noun, str(json.loads(raw)["name"]))
        return 201, {"id": key, "name": name}

    @property
    def _home(self) -> str:
        assert isinstance(self.server, ThreadingHTTPServer)
        return f"http://127.0.0.1:{self.server.server_port}"

    def _shown(self, post: Post) -> dict[str, Any]:
        texts = {
            name: {"raw": getattr(post, name), "rendered": getattr(post, name)}
            for name in ("title", "content", "excerpt")
        }
        link = (
            f"{self._home}/{post.slug}/"
            if post.status == "publish"
            else f"{self._home}/?p={post.id}"
        )
        terms = post.terms if post.noun == "posts" else {}
        # PHP writes an empty object as a list; meta that nobody registered is dropped without a
        # word.
        return (
            {
                "id": post.id,
                "status": post.status,
                "slug": post.slug,
                "link": link,
                "meta": [],
                "featured_media": post.featured,
                "author": 1,
            }
            | texts
            | terms
        )

    def _file(self, file: MediaFile) -> dict[str, Any]:
        told = {
            "id": file.id,
            "slug": file.slug,
            "mime_type": file.kind,
            "alt_text": file.alt,
            "title": {"rendered": file.title},
        }
        return {**told, "source_url": f"{self._home}{FILES}{file.name}"}

    def _public(self, path: str) -> None:
        file = next(
            (each for each in list(self.cms.files.values()) if f"{FILES}{each.name}" == path), None
        )
        if file is not None:
            return self._send_raw(200, file.raw, file.kind)
        post = self.cms.public(path.strip("/"))
        if post is None:
            return self._send_raw(
                404, b"<html><body>Not found</body></html>", "text/html; charset=utf-8"
            )
        return self._send_raw(200, page(post).encode(), "text/html; charset=utf-8")

    def _send(self, status: int, answer: Any, headers: Mapping[str, str] | None = None) -> None:
        self._send_raw(
            status, json.dumps(answer).encode(), "application/json; charset=UTF-8", headers
        )

    def _send_raw(
        self, status: int, raw: bytes, kind: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {
            SIGN: "wordpress",
            "Content-Type": kind,
            "Content-Length": str(len(raw)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(raw)


def page(post: Post) -> str:
    """As a theme shows it: texts with the quotes and dashes that WordPress makes of plain ones."""
    title = texturized(escape(post.title, quote=False))
    body = "".join(
        part if part.startswith("<") else texturized(part)
        for part in re.split(r"(<[^>]*>)", post.content)
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title} – A '
        f"site</title></head>"
        f"<body><main><h1>{title}</h1>{body}</main></body></html>"
    )


def texturized(text: str) -> str:
    """Imitate wptexturize for most texts."""
    text = _PLAIN_QUOTES.sub("“", text).replace('"', "”").replace("'", "’")
    return text.replace("---", "—").replace(" -- ", " — ").replace("--", "–").replace("...", "…")
