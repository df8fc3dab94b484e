"""
The network below the client.

A name is resolved once, every address it has must be public, and one of these is connected to.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from math import inf
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any, TypeAlias

import httpcore
import httpx

from integrations.base.origins import PORTS, Origin

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address in its last four bytes
_GLOBAL_V6 = ipaddress.ip_network("2000::/3")  # all addresses assigned to the public internet
# Public in the registry, but used by tunnels and relays that can lead anywhere.
_NEVER = [
    ipaddress.ip_network(net)
    for net in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2002::/16", "3fff::/20")
]

BYTES_A_SECOND = 500_000  # a call may take a second longer for each of these
PIECE = 65_536
MOST_S = 120.0  # but no longer than this


@dataclass(slots=True)
class Deadline:
    """The end of a call on the monotonic clock. Transferred bytes extend it."""

    began: float
    total_s: float
    latest: float = inf  # the end of a deadline around this one
    carried: int = 0

    @property
    def moment(self) -> float:
        allowed_s = min(self.total_s + self.carried / BYTES_A_SECOND, max(MOST_S, self.total_s))
        return min(self.began + allowed_s, self.latest)


_deadline: ContextVar[Deadline | None] = ContextVar("_deadline", default=None)


class BlockedAddress(httpx.TransportError):
    """The name resolves to an address that is not public, so a retry cannot help."""


@contextmanager
def within(total_s: float) -> Iterator[None]:
    """
    End all network traffic of this block ``total_s`` seconds from now.

    Each 500 kB transferred adds a second, up to two minutes. An outer deadline applies, too.
    """
    around = _deadline.get()
    latest = around.moment if around else inf
    token = _deadline.set(Deadline(monotonic(), total_s, latest))
    try:
        yield
    finally:
        _deadline.reset(token)


def _left_s(timeout: float | None, late: type[Exception]) -> float | None:
    deadline = _deadline.get()
    if deadline is None:
        return timeout
    left = deadline.moment - monotonic()
    if left <= 0:
        raise late("The call exceeded its total time limit.")
    return left if timeout is None else min(left, timeout)


def _carry(size: int) -> None:
    deadline = _deadline.get()
    if deadline is not None:
        deadline.carried += size


def is_public(address: Address) -> bool:
    """Return whether an address is on the public internet. Unwraps IPv4 addresses in IPv6."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return is_public(address.ipv4_mapped)
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if address not in _GLOBAL_V6:
            return False
    hidden = any(address.version == net.version and address in net for net in _NEVER)
    return address.is_global and not (address.is_multicast or address.is_reserved or hidden)


def resolve(host: str, port: int) -> list[Address]:
    """
    Return every address of a name.

    The resolver also normalises decimal, octal and short forms of an address, which could otherwise
    disguise a private one.

    :raises httpcore.ConnectError: if there is none
    :raises httpcore.ConnectTimeout: if the name servers give no answer before the deadline
    """
    found: SimpleQueue[list[Any] | None] = SimpleQueue()

    def look_up() -> None:
        try:
            found.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError):
            found.put(None)

    if _is_literal(host):
        look_up()
    else:
        # getaddrinfo has no time-out, and name servers that are silent hold it for half a minute.
        # The thread that is left behind ends with it.
        Thread(target=look_up, name="resolver", daemon=True).start()
    try:
        places = found.get(timeout=_left_s(None, httpcore.ConnectTimeout))
    except Empty:
        raise httpcore.ConnectTimeout(f"The name {host} was not resolved in time.") from None
    if places is None:
        raise httpcore.ConnectError(f"No address is known for {host}.")
    return list(
        dict.fromkeys(ipaddress.ip_address(str(place[0]).partition("%")[0]) for *_, place in places)
    )


def _is_literal(host: str) -> bool:
    """Return whether the host is an address already, so that no name server is asked."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class _Stream(httpcore.NetworkStream):
    """
    A connection that keeps the deadline of the whole call.

    A time-out of httpcore counts from the last byte, so a server that sends one byte now and then
    would never reach it.
    """

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        read = self._inner.read(max_bytes, _left_s(timeout, httpcore.ReadTimeout))
        _carry(len(read))
        return read

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write piece by piece. httpcore's own loop would restart its time-out for each piece."""
        pipe = self._inner.get_extra_info("socket")
        rest = memoryview(buffer)
        while rest:
            pipe.settimeout(_left_s(timeout, httpcore.WriteTimeout))
            try:
                sent = pipe.send(rest[:PIECE])
            except TimeoutError as error:
                raise httpcore.WriteTimeout(str(error)) from error
            except OSError as error:
                raise httpcore.WriteError(str(error)) from error
            _carry(sent)
            rest = rest[sent:]

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        return _Stream(
            self._inner.start_tls(
                ssl_context, server_hostname, _left_s(timeout, httpcore.ConnectTimeout)
            )
        )

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.SyncBackend):
    """
    Resolves a name once and connects to a checked address.

    If the name were resolved again to connect, it could lead elsewhere by then (DNS rebinding).
    """

    def __init__(self, *, public_only: bool) -> None:
        self._public_only = public_only

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = resolve(host, port)
        if self._public_only and not all(is_public(address) for address in addresses):
            raise BlockedAddress(
                f"{host} resolves to a private address, which is not allowed. To allow exactly "
                f"this address, use `manage.py connect … --allow-private`."
            )
        # One address after the other, as some may not be reachable from here (IPv6).
        failure: Exception = httpcore.ConnectError(f"No address is known for {host}.")
        for address in addresses:
            try:
                left = _left_s(timeout, httpcore.ConnectTimeout)
                return _Stream(
                    super().connect_tcp(str(address), port, left, local_address, socket_options)
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    def connect_unix_socket(self, *_args: Any, **_options: Any) -> httpcore.NetworkStream:
        raise httpcore.ConnectError("Unix sockets are not allowed.")


@cache
def _tls() -> ssl.SSLContext:
    """Load the certificates once per process: that takes longer than many calls."""
    return httpx.create_ssl_context(trust_env=False)


class SafeTransport(httpx.BaseTransport):
    """
    A transport for httpx with checked addresses.

    Only the origins in ``private`` may be private addresses. They have a pool of their own, whose
    backend does not check addresses.
    """

    def __init__(self, private: frozenset[Origin] = frozenset()) -> None:
        self._private = private
        tls = _tls()
        self._pools = {
            public_only: httpcore.ConnectionPool(
                ssl_context=tls,
                max_connections=4,
                keepalive_expiry=5.0,
                network_backend=_Backend(public_only=public_only),
            )
            for public_only in (True, False)
        }

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        host = url.raw_host.decode("ascii").lower()
        origin = Origin(url.scheme, host, url.port or PORTS.get(url.scheme, 0))
        pool = self._pools[origin not in self._private]
        asked = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _as_httpx():
            answer = pool.handle_request(asked)
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Body(answer),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx():
            yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


_KINDS: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (httpcore.ConnectTimeout, httpx.ConnectTimeout),
    (httpcore.ReadTimeout, httpx.ReadTimeout),
    (httpcore.WriteTimeout, httpx.WriteTimeout),
    (httpcore.PoolTimeout, httpx.PoolTimeout),
    (httpcore.ConnectError, httpx.ConnectError),
    (httpcore.NetworkError, httpx.ReadError),
    (httpcore.RemoteProtocolError, httpx.RemoteProtocolError),
    (httpcore.LocalProtocolError, httpx.LocalProtocolError),
    (httpcore.UnsupportedProtocol, httpx.UnsupportedProtocol),
)


@contextmanager
def _as_httpx() -> Iterator[None]:
    """Translate httpcore's errors: httpx and its retries know only their own."""
    try:
        yield
    except tuple(kind for kind, _ in _KINDS) as error:
        error_type = next(error_type for kind, error_type in _KINDS if isinstance(error, kind))
        raise error_type(str(error)) from error
