"""The front of the web server in this process, with an application of a few lines."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from gunicorn.config import Config
from gunicorn.glogging import Logger

from config.web import gunicorn
from config.web.front.worker import FrontWorker

COOKIE = "Cookie: throughline_session=x\r\n"
LARGE = 20_000_000
TRUST = ("forwarder_headers", "secure_scheme_headers", "header_map", "limit_request_line")
PIECE = b"x" * 50_000


class Application:
    """Answers by path. ``go`` lets those that wait go on."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.seen: list[dict[str, Any]] = []

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        self.seen.append(environ)
        path = environ["PATH_INFO"]
        if path == "/fails":
            raise RuntimeError("secret words of the inside")
        if path == "/waits":
            self.go.wait(30)
        if path == "/large":
            start("200 OK", [("Content-Length", str(LARGE))])
            return (PIECE for _ in range(LARGE // len(PIECE)))
        body = environ["wsgi.input"].read() if path == "/reads" else b""
        text = f"{len(body)} {sha256(body).hexdigest()}".encode()
        start("200 OK", [("Content-Length", str(len(text)))])
        return [text]


class Front(FrontWorker):
    """The worker without a master: no signals, and our application."""

    application: Application

    def init_signals(self) -> None:
        """Only the main thread of a process may have any."""

    def load_wsgi(self) -> None:
        self.wsgi = self.application


@contextmanager
def serving(**options: Any) -> Iterator[tuple[int, Application]]:
    config = Config()
    trusts = {name: getattr(gunicorn, name) for name in TRUST}
    for name, value in (trusts | {"threads": 2, "loglevel": "error"} | options).items():
        config.set(name, value)
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    front = Front(1, os.getppid(), [listener], None, 30, config, Logger(config))
    front.application = Application()
    thread = threading.Thread(target=front.init_process)
    thread.start()
    try:
        yield listener.getsockname()[1], front.application
    finally:
        front.application.go.set()
        front.alive = False
        os.write(front.bell[1], b"!")
        thread.join(20)
        for end in (*front.bell, *front.PIPE):
            os.close(end)
        front.tmp.close()
        assert not thread.is_alive()


def dial(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def request(path: str = "/", *, method: str = "GET", body: bytes = b"", headers: str = "") -> bytes:
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return f"{method} {path} HTTP/1.1\r\nHost: testserver\r\n{length}{headers}\r\n".encode() + body


def read_answer(sock: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """One response with a Content-Length; what follows it stays unread."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = sock.recv(1)
        assert byte, f"The connection ended in {head!r}."
        head += byte
    first, *lines = head.decode().splitlines()
    headers = dict(line.lower().split(": ", 1) for line in lines if line)
    body = bytearray()
    while missing := int(headers["content-length"]) - len(body):
        body += sock.recv(min(missing, 65_536))
    return int(first.split()[1]), headers, bytes(body)


def ask(port: int, sent: bytes) -> tuple[int, dict[str, str], bytes]:
    with dial(port) as sock:
        sock.sendall(sent)
        return read_answer(sock)


def closed_within(sock: socket.socket, seconds: float, meanwhile: bytes = b"") -> float:
    """How long it took until the other side hung up, sending a byte now and then."""
    began = time.monotonic()
    sock.settimeout(0.05)
    while time.monotonic() - began < seconds:
        try:
            if not sock.recv(65_536):
                return time.monotonic() - began
        except TimeoutError:
            if meanwhile:
                sock.send(meanwhile)
        except OSError:
            return time.monotonic() - began
    raise AssertionError(f"It was still open after {seconds} s.")
