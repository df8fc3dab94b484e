"""The order of requests. Webhooks and probes have their own threads, so no page delays them."""

from __future__ import annotations

import threading
from collections import deque

from config.web.front.client import ClientConnection


class Lanes:
    """
    Two queues. Any thread takes from the quick one first; reserved threads take nothing else.

    So a database that is slow with pages, or a reader who asks for many, leaves room for senders.
    """

    def __init__(self) -> None:
        lock = threading.Lock()
        self._any = threading.Condition(lock)
        self._reserved = threading.Condition(lock)
        self._quick: deque[ClientConnection] = deque()
        self._pages: deque[ClientConnection] = deque()
        self._idle = 0  # threads that take from both
        self._closed = False

    def put(self, client: ClientConnection, *, quick: bool) -> None:
        with self._any:
            (self._quick if quick else self._pages).append(client)
            if quick and not self._idle:
                self._reserved.notify()
            else:
                self._any.notify()

    def close(self) -> None:
        """End the threads."""
        with self._any:
            self._closed = True
            self._any.notify_all()
            self._reserved.notify_all()

    def get(self, *, reserved: bool) -> ClientConnection | None:
        """Wait for the next client that this thread may take. None means that no more will come."""
        with self._any:
            while not self._quick and (reserved or not self._pages):
                if self._closed:
                    return None
                if reserved:
                    self._reserved.wait()
                    continue
                self._idle += 1
                self._any.wait()
                self._idle -= 1
            if not self._quick:
                return self._pages.popleft()
            taken = self._quick.popleft()
            if self._quick:  # somebody may sleep who could take the next one
                self._reserved.notify()
            return taken
