"""
A lean client: prepared requests over so many connections at once, each answered before that
connection sends the next.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

TIMEOUT_S = 30
END = b"\r\n\r\n"


@dataclass(slots=True)
class LoadConnection:
    """One connection and what it waits for."""

    port: int
    socket: socket.socket = field(init=False)
    request: bytes = b""
    sent_at: float = 0.0
    got: bytes = b""

    def __post_init__(self) -> None:
        self.dial()

    def dial(self) -> None:
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> None:
        self.request, self.got, self.sent_at = request, b"", time.perf_counter()
        self.socket.sendall(request)

    def answered(self) -> int:
        """
        The status once all of the answer is there, else 0; a connection that was closed asks again.
        """
        found = self.socket.recv(65536)
        if not found:
            self.socket.close()
            self.dial()
            self.got = b""
            self.socket.sendall(self.request)
            return 0
        self.got += found
        head, end, body = self.got.partition(END)
        if not end:
            return 0
        length = next(
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        )
        return int(head[9:12]) if len(body) >= length else 0


def send_load(
    port: int, requests: Sequence[bytes], connections: int
) -> tuple[float, list[float], list[int]]:
    """Seconds for all of it, milliseconds each, and the statuses that came."""
    lines, waiting = [LoadConnection(port) for _ in range(connections)], iter(requests)
    took: list[float] = []
    statuses: list[int] = []
    start = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for line in lines:
            _next(line, waiting, selector)
        while selector.get_map():
            for key, _ in selector.select(TIMEOUT_S):
                line, before = key.data, key.fileobj
                if status := line.answered():
                    took.append((time.perf_counter() - line.sent_at) * 1000)
                    statuses.append(status)
                    selector.unregister(before)
                    _next(line, waiting, selector)
                elif line.socket is not before:
                    selector.unregister(before)
                    selector.register(line.socket, selectors.EVENT_READ, line)
    spent = time.perf_counter() - start
    for line in lines:
        line.socket.close()
    return spent, took, statuses


def _next(line: LoadConnection, waiting: Iterator[bytes], selector: selectors.BaseSelector) -> None:
    request = next(waiting, None)
    if request is not None:
        line.ask(request)
        selector.register(line.socket, selectors.EVENT_READ, line)
