"""
The system that changes go out to: deals in HubSpot's words, held in memory, with a count of every
change that arrived.

``python -m bench.remote`` serves it on a free port of 127.0.0.1, which it prints. One process
without threads, and no more HTTP than clients here speak: it must be cheap, because it shares the
machine with the workers that are measured.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

DEALS, COUNTED = "/crm/objects/", "/counted"
KEY = "throughline_state"  # the property that holds the key of a change
_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class RemoteRequest:
    method: str
    path: str  # without its query
    body: bytes = b""


@dataclass(slots=True)
class DealStore:
    """Whoever changes a deal that is not there yet makes it."""

    properties: dict[str, dict[str, str]] = field(default_factory=dict)
    changes: Counter[str] = field(default_factory=Counter)
    requests: int = 0

    def answer(self, asked: RemoteRequest) -> tuple[HTTPStatus, Mapping[str, Any]]:
        if asked.path == COUNTED:
            return HTTPStatus.OK, {"changes": self.changes, "requests": self.requests}
        self.requests += 1
        number = asked.path.rpartition("/")[2]
        if asked.method == "PATCH" and asked.path.startswith(DEALS):
            said: dict[str, str] = json.loads(asked.body)["properties"]
            self.properties.setdefault(number, {}).update(said)
            self.changes[said[KEY]] += 1
        if number not in self.properties:
            return HTTPStatus.NOT_FOUND, {"message": "There is no such deal."}
        return HTTPStatus.OK, {"id": number, "properties": self.properties[number]}


class Buffer:
    """What came over one connection, until it is whole requests."""

    def __init__(self) -> None:
        self._data = bytearray()

    def requests(self, data: bytes) -> Iterator[RemoteRequest]:
        """Return those that are complete now."""
        self._data += data
        while (end := self._data.find(_END)) >= 0:
            first, *lines = self._data[:end].decode("latin-1").split("\r\n")
            start, length = end + len(_END), _length(lines)
            if len(self._data) < start + length:
                return
            method, target, _version = first.split(" ")
            body = bytes(self._data[start : start + length])
            del self._data[: start + length]
            yield RemoteRequest(method, target.partition("?")[0], body)


def _length(lines: list[str]) -> int:
    for line in lines:
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            return int(value)
    return 0


class Speaking(asyncio.Protocol):
    """One connection, kept open as long as the client likes."""

    def __init__(self, deals: DealStore) -> None:
        self._deals, self._buffer = deals, Buffer()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        for asked in self._buffer.requests(data):
            status, said = self._deals.answer(asked)
            body = json.dumps(said).encode()
            head = f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"  # noqa: E501
            self._transport.write(head.encode() + _END + body)


async def _serve() -> None:
    deals = DealStore()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Speaking(deals), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
