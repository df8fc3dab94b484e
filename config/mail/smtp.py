"""
Send e-mails by SMTP, with a deadline for each conversation.

The time-out of a socket counts from the last byte. A server that sends a byte now and then would
never reach it.
"""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from threading import Lock, Timer

from django.core.mail import EmailMessage
from django.core.mail.backends import smtp

TOTAL_S = 10.0  # for a whole conversation, as for every call; our e-mails have no attachments


class Watch:
    """Shuts down the connections of one conversation at its deadline."""

    def __init__(self, total_s: float) -> None:
        self.expired = False
        self._lock = Lock()
        self._kept: list[socket.socket] = []
        self._timer = Timer(total_s, self._expire)
        self._timer.daemon = True

    def start(self) -> None:
        self._timer.start()

    def stop(self) -> None:
        self._timer.cancel()
        with self._lock:
            for each in self._kept:
                each.close()
            self._kept.clear()

    def keep(self, connection: socket.socket) -> None:
        """Watch a connection. A duplicate, because TLS later takes over the socket itself."""
        with self._lock:
            if self.expired:
                raise TimeoutError
            self._kept.append(connection.dup())

    def _expire(self) -> None:
        with self._lock:
            self.expired = True
            for each in self._kept:
                with suppress(OSError):  # the server closed it first
                    each.shutdown(socket.SHUT_RDWR)


_watch: ContextVar[Watch | None] = ContextVar("_watch", default=None)


@contextmanager
def within(total_s: float) -> Iterator[None]:
    """
    End the SMTP conversations of this block after ``total_s`` seconds.

    :raises TimeoutError: if the block failed because of that
    """
    watch = Watch(total_s)
    token = _watch.set(watch)
    watch.start()
    try:
        yield
    except (smtplib.SMTPException, OSError):
        if watch.expired:
            raise TimeoutError(f"The mail server took more than {total_s:.0f} s.") from None
        raise
    finally:
        watch.stop()
        _watch.reset(token)


class WatchedSMTP(smtplib.SMTP):
    # smtplib creates its socket here. Its class for TLS wraps this call with the handshake.
    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        made: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]
        if watch := _watch.get():
            watch.keep(made)
        return made


class WatchedTLS(smtplib.SMTP_SSL, WatchedSMTP):
    """The same with TLS from the first byte, including the handshake."""


class DeadlineBackend(smtp.EmailBackend):
    """Django's backend with a deadline for each whole conversation."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return WatchedTLS if self.use_ssl else WatchedSMTP

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        with within(TOTAL_S):
            return super().send_messages(email_messages)
