"""One request and its response, which a thread works on for as long as it need not wait."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from gunicorn.http import wsgi

from config.web.front import limits
from config.web.front.client import ClientConnection

Application = Callable[..., Iterable[bytes]]


class Exchange:
    """
    A response in the making.

    ``advance`` returns as soon as the client is behind with reading. Any thread may go on later.
    """

    def __init__(self, client: ClientConnection, config: Any, *, closes: bool) -> None:
        self.outgoing = client.outgoing
        self.response, self.environ = wsgi.create(
            client.request, client.outgoing, client.address, client.server, config
        )
        self.environ["wsgi.multithread"] = True
        if closes:
            self.response.force_close()
        self.done = self.failed = False
        self._items: Any = None
        self._iterator: Any = None

    def advance(self, application: Application) -> None:
        """:raises OSError: if the client is gone"""
        if self._items is None:
            self._items = application(self.environ, self.response.start_response)
            self._iterator = iter(self._items)
        for item in self._iterator:
            self.response.write(item)
            if len(self.outgoing) > limits.SEND_BYTES and not self.outgoing.flush():
                return
        self.response.close()
        self.abandon()
        self.done = True
        self.outgoing.flush()

    def abandon(self) -> None:
        """Close the response, because nobody wants the rest."""
        items, self._items, self._iterator = self._items, None, iter(())
        if hasattr(items, "close"):
            items.close()

    @property
    def closes(self) -> bool:
        return bool(self.response.should_close())
