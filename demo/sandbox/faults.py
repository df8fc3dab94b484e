"""Faults of a sandbox on demand: each once, in order, before or after the call took effect."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from threading import Lock

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class InjectedFault:
    """
    One fault.

    A ``status`` of 0 resets the connection without an answer. ``done`` says whether the call takes
    effect all the same. ``drips_s`` is the time for each byte of the answer.
    """

    status: int = 0
    body: bytes = b""
    type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    done: bool = False
    cut: bool = False  # the answer is shorter than its Content-Length
    drips_s: float = 0


class FaultQueue:
    """The faults to come, by HTTP method."""

    def __init__(self) -> None:
        self._lock, self._waiting = Lock(), dict[str, list[InjectedFault]]()

    def add(self, method: str, *faults: InjectedFault) -> None:
        with self._lock:
            self._waiting.setdefault(method, []).extend(faults)

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def next(self, method: str) -> InjectedFault | None:
        with self._lock:
            waiting = self._waiting.get(method)
            return waiting.pop(0) if waiting else None


def answer(handler: BaseHTTPRequestHandler, fault: InjectedFault) -> None:
    handler.close_connection = True
    if not fault.status:
        linger = struct.pack("ii", 1, 0)  # makes close() send a reset
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        handler.connection.close()
        return
    handler.send_response(fault.status)
    length = len(fault.body)
    if fault.cut:
        length += 100
    # Without "Connection: close" a quick client would send its next call into a connection that is
    # about to end.
    headers = {"Content-Type": fault.type, "Content-Length": str(length), "Connection": "close"}
    for name, value in [*headers.items(), *fault.headers.items()]:
        handler.send_header(name, value)
    handler.end_headers()
    for byte in fault.body:
        try:
            handler.wfile.write(bytes([byte]))
        except OSError:  # the caller has gone
            return
        if fault.drips_s:
            time.sleep(fault.drips_s)
