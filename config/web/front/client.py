"""One connection of a client: the bytes received, those to send, and its deadline."""

from __future__ import annotations

import io
import socket
import tempfile
import time
from enum import Enum, auto
from typing import IO, Any

from config.web.front import limits


class ClientStage(Enum):
    """What a connection waits for."""

    HEAD = auto()  # the client's next request, or the rest of its head
    BODY = auto()
    RUNNING = auto()  # a thread has it, or will
    SENDING = auto()  # the client reads
    LINGERING = auto()  # the client reads the last response and hangs up


class Outgoing:
    """
    The part of a response that the client has not taken yet.

    It stands in for the socket that gunicorn writes to, and never waits.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._waiting = bytearray()
        self.sent = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def sendall(self, data: bytes) -> None:
        self._waiting += data

    def flush(self) -> bool:
        """
        Send what the client takes now. Return whether that was all.

        :raises OSError: if the client is gone
        """
        while self._waiting:
            try:
                taken = self._socket.send(self._waiting)
            except (BlockingIOError, InterruptedError):
                return False
            del self._waiting[:taken]
            self.sent += taken
        return True


class Incoming:
    """A body that is arriving: in memory, or in a file when it is long."""

    def __init__(self, length: int) -> None:
        """:raises OSError: if no file can be made"""
        self.missing = length
        self._file: IO[bytes]
        if length <= limits.MEMORY_BYTES:
            self._file = io.BytesIO()
        else:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115  # closed with its request
        self.held = 0

    def take(self, data: bytes) -> bytes:
        """
        Keep what belongs to the body. Return what lies behind it.

        :raises OSError: if the disk is full
        """
        mine = data[: self.missing]
        self._file.write(mine)
        self.missing -= len(mine)
        self.held += len(mine)
        return data[len(mine) :]

    def file(self) -> IO[bytes]:
        self._file.seek(0)
        return self._file

    def close(self) -> None:
        self._file.close()


class ClientConnection:
    """The main thread alone changes it, except while a thread runs its request."""

    def __init__(self, sock: socket.socket, address: Any, server: Any) -> None:
        self.socket = sock
        self.address = address
        self.server = server
        self.outgoing = Outgoing(sock)
        self.head = bytearray()
        self.searched = 0
        self.request: Any = None
        self.body: Incoming | None = None
        self.exchange: Any = None
        self.closes = False  # after this response, whatever it says
        self.discarded = 0
        self.stage = ClientStage.HEAD
        self.since = self.until = 0.0
        self.turn(ClientStage.HEAD, limits.HEAD_S)

    def turn(self, stage: ClientStage, seconds: float) -> None:
        """Enter a stage, and set its deadline."""
        self.stage = stage
        self.since = time.monotonic()
        self.until = self.since + seconds

    @property
    def is_idle(self) -> bool:
        return self.stage is ClientStage.HEAD and not self.head

    @property
    def held(self) -> int:
        return self.body.held if self.body else 0

    def next_request(self) -> None:
        self.request = self.exchange = None
        self.forget_body()
        self.searched = 0

    def forget_body(self) -> None:
        if self.body:
            self.body.close()
            self.body = None

    def close(self) -> None:
        self.forget_body()
        if self.exchange:
            self.exchange.abandon()
        self.socket.close()
