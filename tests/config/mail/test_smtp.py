"""A mail server that drips holds nobody for longer than the deadline of the conversation."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Event, Thread
from time import monotonic
from typing import Any

import pytest
from django.core.mail import EmailMessage, get_connection

from config.mail import smtp
from integrations.adapters.mail.writer import _smtp_errors
from integrations.base.adapter import Unknown

pytestmark = pytest.mark.real_clock

TLS_RECORD = b"\x16\x03\x03\x40\x00"  # a handshake of 16 kB follows


class MailServer:
    """
    Speaks one conversation: each line of the client gets the next answer.

    From the one numbered ``drips_at`` on it sends a byte each tenth of a second, without an end,
    after an ``opening``.
    """

    def __init__(self, drips_at: int | None, opening: bytes) -> None:
        self.opening = opening
        self.drips_at, self.lines, self.over = drips_at, list[bytes](), Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self) -> None:
        with suppress(OSError):
            connection, _ = self.listener.accept()
            with connection, connection.makefile("rb") as said:
                self.answer(connection, 0, b"220 ready")
                while line := said.readline():
                    self.lines.append(line.strip())
                    if line == b"data\r\n":
                        self.answer(connection, len(self.lines), b"354 go on")
                        while said.readline() not in {b".\r\n", b""}:
                            pass
                    self.answer(connection, len(self.lines), b"250 fine")

    def answer(self, connection: socket.socket, number: int, text: bytes) -> None:
        if self.drips_at is not None and number >= self.drips_at:
            connection.sendall(self.opening)
            while not self.over.wait(0.1):
                connection.sendall(b"2")
        connection.sendall(text + b"\r\n")

    def close(self) -> None:
        self.over.set()
        self.listener.close()
        self.thread.join(5)


@pytest.fixture
def serving() -> Iterator[Callable[..., MailServer]]:
    made: list[MailServer] = []

    def serve(drips_at: int | None = None, opening: bytes = b"") -> MailServer:
        made.append(MailServer(drips_at, opening))
        return made[-1]

    yield serve
    for each in made:
        each.close()


def send(port: int, **options: Any) -> int:
    backend = get_connection(
        "config.mail.smtp.DeadlineBackend", host="127.0.0.1", port=port, timeout=5, **options
    )
    letter = EmailMessage("Hello", "Text", "us@agency.test", ["you@acme.test"], connection=backend)
    return letter.send()


def test_a_letter_is_sent(serving: Callable[..., MailServer]) -> None:
    server = serving()

    assert send(server.port) == 1
    assert server.lines[-1] == b"quit"
    assert b"rcpt TO:<you@acme.test>" in server.lines


@pytest.mark.parametrize(
    ("drips_at", "tls"), [(0, False), (1, False), (3, False), (0, True)], ids=str
)
def test_a_server_that_drips_one_byte_at_a_time_is_cut_off(
    serving: Callable[..., MailServer], monkeypatch: pytest.MonkeyPatch, drips_at: int, tls: bool
) -> None:
    monkeypatch.setattr(smtp, "TOTAL_S", 0.7)
    server, began = serving(drips_at, TLS_RECORD if tls else b""), monotonic()

    with pytest.raises(Unknown, match="in time"), _smtp_errors():
        send(server.port, use_ssl=tls)

    assert monotonic() - began < 4  # each byte came well within the time-out of the socket


def test_a_fault_of_the_server_before_the_deadline_is_its_own() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    with pytest.raises(ConnectionRefusedError):
        send(port)
