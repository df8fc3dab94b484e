"""A proxy before a content system: it repeats requests, or delivers them long after it gave up."""

from __future__ import annotations

import re
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx

HOP_BY_HOP = {"connection", "content-length", "transfer-encoding", "host", "date", "server"}
CREATES = re.compile(r"/wp-json/wp/v2/(posts|pages)\Z")


class Proxy:
    """
    ``twice`` sends every write two times, ``twice_files`` those to the media library. ``late``
    counts the creations that are kept back: their connection is cut, and ``land`` lets them take
    effect.
    """

    def __init__(self, target: str) -> None:
        self.target, self.twice, self.twice_files, self.late = target, False, False, 0
        self._kept: list[Callable[[], Any]] = []

        class BoundHandler(_Handler):
            proxy = self

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), BoundHandler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def keep_back(self, send: Callable[[], Any]) -> None:
        self.late -= 1
        self._kept.append(send)

    def land(self) -> int:
        """Let everything take effect that was kept back, and count it."""
        kept, self._kept = self._kept, []
        for send in kept:
            send()
        return len(kept)


class _Handler(BaseHTTPRequestHandler):
    proxy: Proxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 30

    def do_GET(self) -> None:
        self._pass()

    def do_POST(self) -> None:
        self._pass()

    def do_DELETE(self) -> None:
        self._pass()

    def do_HEAD(self) -> None:
        self._pass()

    def log_message(self, *_args: Any) -> None:
        """Log nothing."""

    def _pass(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP_BY_HOP}
        path, method = self.path, self.command

        def send() -> httpx.Response:
            return httpx.request(
                method,
                self.proxy.target + path,
                content=raw,
                headers=headers,
                trust_env=False,
                timeout=30,
            )

        if method == "POST" and self.proxy.late > 0 and CREATES.search(path.partition("?")[0]):
            self.proxy.keep_back(send)
            self.close_connection = True
            return
        answer = send()
        again = self.proxy.twice or (self.proxy.twice_files and "/media" in path)
        if again and method != "GET":
            send()
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        if method != "HEAD":
            self.wfile.write(answer.content)
