"""Gunicorn's worker of the product: one thread for all clients, some for the application."""

from __future__ import annotations

import contextlib
import os
import resource
import selectors
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from queue import SimpleQueue
from typing import Any

from gunicorn.http import get_parser
from gunicorn.http.body import LengthReader
from gunicorn.http.errors import NoMoreData, ParseException
from gunicorn.workers.base import Worker

from config.web.front import limits
from config.web.front.client import ClientConnection, ClientStage, Incoming
from config.web.front.exchange import Exchange
from config.web.front.guard import guarded
from config.web.front.lanes import Lanes
from config.web.front.refusals import refusal, status_of

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
END = b"\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
ALIVE = "/healthz"  # needs no thread, so it is answered while all of them are busy
UNUSED_METHODS = ("TRACE", "CONNECT")
SWEEP_S = 0.5
REPORT_S = 60.0


class FrontWorker(Worker):
    """Reads whole requests before a thread sees them, and sends responses by itself."""

    @classmethod
    def check_config(cls, config: Any, log: Any) -> None:
        if config.is_ssl:
            raise RuntimeError("This worker speaks no TLS. Put a proxy in front of it.")

    def init_process(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.clients: set[ClientConnection] = set()
        self.lanes = Lanes()
        self.worked: SimpleQueue[ClientConnection] = SimpleQueue()
        self.bell = os.pipe()
        for end in self.bell:
            os.set_blocking(end, False)
        self.unread: deque[ClientConnection] = deque()
        self.accepting = False
        self.refused: Counter[str] = Counter()
        self.next_report = time.monotonic() + REPORT_S
        self.room = min(self.cfg.worker_connections, _descriptors() - limits.SPARE_FILES)
        super().init_process()

    # -- The loop ----------------------------------------------------------------------------------

    def run(self) -> None:
        for number in range(self.cfg.threads + limits.RESERVED_THREADS):
            reserved = number >= self.cfg.threads
            threading.Thread(target=self.work, args=[reserved], daemon=True).start()
        self.selector.register(self.bell[0], READ, (self.rung, None))
        self.selector.register(self.PIPE[0], READ, (self.rung, None))  # written to by signals
        self.accept_clients(wanted=True)
        swept = 0.0
        while self.alive:
            swept = self.turn(swept)
        self.drain(swept)

    def drain(self, swept: float) -> None:
        """Finish what has begun, and close what waits for a next request."""
        self.accept_clients(wanted=False)
        soon = time.monotonic() + limits.LINGER_S
        for client in self.clients:
            if client.is_idle:
                client.until = min(client.until, soon)
        last = time.monotonic() + self.cfg.graceful_timeout
        while self.clients and time.monotonic() < last:
            swept = self.turn(swept)
        self.lanes.close()
        for client in self.clients:
            if client.stage is not ClientStage.RUNNING:  # a thread may still write to it
                client.close()
        for listener in self.sockets:
            listener.close()
        self.selector.close()

    def turn(self, swept: float) -> float:
        """Handle events, and now and then passed deadlines. Return when these were last checked."""
        for key, _ in self.selector.select(0 if self.unread else SWEEP_S):
            act, client = key.data
            if client is None:
                act()
            else:
                self.guard(act, client)
        for _ in range(len(self.unread)):
            self.guard(self.read_next, self.unread.popleft())
        now = time.monotonic()
        if now - swept < SWEEP_S:
            return swept
        self.notify()
        if self.ppid != os.getppid():
            self.log.info("Parent changed, shutting down: %s", self)
            self.alive = False
        self.sweep(now)
        return now

    def guard(self, act: Callable[[ClientConnection], None], client: ClientConnection) -> None:
        if not guarded(act, client, self.log):
            self.close(client)

    def rung(self) -> None:
        for end in (self.bell[0], self.PIPE[0]):
            with contextlib.suppress(BlockingIOError):
                os.read(end, 4096)
        while not self.worked.empty():
            self.guard(self.answered, self.worked.get())

    def sweep(self, now: float) -> None:
        for client in [each for each in self.clients if each.until < now]:
            self.guard(self.late, client)
        if self.refused and now > self.next_report:
            # Together, so that an attack does not fill the log. Nothing of a request is in it.
            counts = ", ".join(f"{name}: {count}" for name, count in sorted(self.refused.items()))
            self.log.warning("Connections closed by the front in the last minute: %s", counts)
            self.refused.clear()
            self.next_report = now + REPORT_S

    def late(self, client: ClientConnection) -> None:
        if client.stage is ClientStage.RUNNING:
            return  # the thread that has it, or will, decides
        if client.stage is ClientStage.LINGERING or client.is_idle:
            self.close(client)
        elif client.stage is ClientStage.SENDING:
            self.refused["slow reader"] += 1
            self.close(client)
        else:
            self.refuse(client, HTTPStatus.REQUEST_TIMEOUT)

    # -- Clients come and go -----------------------------------------------------------------------

    def accept_clients(self, *, wanted: bool) -> None:
        if wanted == self.accepting:
            return
        self.accepting = wanted
        for listener in self.sockets:
            if wanted:
                listener.setblocking(False)
                self.selector.register(listener, READ, (partial(self.accept, listener), None))
            else:
                self.selector.unregister(listener)

    def accept(self, listener: Any) -> None:
        # One at a time, so that connections spread over the web processes.
        if len(self.clients) >= self.room and not self.make_room():
            self.accept_clients(wanted=False)
            return
        try:
            sock, address = listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # another process was quicker
        except OSError as error:  # no descriptors left
            self.refused[f"not accepted: {error.strerror}"] += 1
            self.accept_clients(wanted=bool(self.make_room()))
            return
        sock.setblocking(False)
        client = ClientConnection(sock, address, listener.getsockname())
        self.clients.add(client)
        self.listen(client)

    def make_room(self) -> bool:
        """Close the client that has waited longest, so that an attacker locks nobody out."""
        waiting = [each for each in self.clients if each.stage is not ClientStage.RUNNING]
        if not waiting:
            return False
        self.refused["no room"] += 1
        self.close(min(waiting, key=lambda each: each.since))
        return True

    def close(self, client: ClientConnection) -> None:
        self.unregister(client)
        self.clients.discard(client)
        client.close()
        if self.alive and not self.accepting:
            self.accept_clients(wanted=True)

    def unregister(self, client: ClientConnection) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self.selector.unregister(client.socket)

    def listen(self, client: ClientConnection) -> None:
        self.selector.register(client.socket, READ, (self.readable, client))

    # -- Reading -----------------------------------------------------------------------------------

    def readable(self, client: ClientConnection) -> None:
        try:
            data = client.socket.recv(limits.READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self.close(client)
        elif client.stage is ClientStage.HEAD:
            if not client.head:
                client.turn(ClientStage.HEAD, limits.HEAD_S)
            client.head += data
            self.read_head(client)
        elif client.stage is ClientStage.BODY:
            self.read_body(client, data)
        else:
            client.discarded += len(data)
            if client.discarded > limits.LINGER_BYTES:
                self.close(client)

    def read_head(self, client: ClientConnection) -> None:
        if client.head.find(END, max(0, client.searched - len(END))) < 0:
            client.searched = len(client.head)
            if client.searched > limits.HEAD_BYTES:
                self.refuse(client, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            return
        parser = get_parser(self.cfg, [bytes(client.head)], client.address)
        try:
            request = next(parser)
        except (ParseException, NoMoreData, StopIteration) as error:
            self.refuse(client, status_of(error))
            return
        client.head = bytearray()
        client.request = request
        reader = request.body.reader
        if request.method in UNUSED_METHODS:
            self.refuse(client, HTTPStatus.NOT_IMPLEMENTED)
            return
        if not isinstance(reader, LengthReader):
            self.refuse(client, HTTPStatus.LENGTH_REQUIRED)
            return
        self.begin_body(client, reader.length, parser.unreader.take_buffered())

    def begin_body(self, client: ClientConnection, length: int, start: bytes) -> None:
        request = client.request
        expects, request._expected_100_continue = request._expected_100_continue, False  # noqa: SLF001  # we answer it
        if length > limits.body_bytes(request):
            # The view says so in its own words: it sees the length, and no body.
            client.closes, length, start = True, 0, b""
        client.turn(ClientStage.BODY, limits.body_deadline_s(length))
        try:
            client.body = Incoming(length)
        except OSError as error:
            self.refuse_body(client, error)
            return
        if expects and len(start) < length:
            client.outgoing.sendall(CONTINUE)
            with contextlib.suppress(OSError):
                client.outgoing.flush()
        self.read_body(client, start)

    def read_body(self, client: ClientConnection, data: bytes) -> None:
        assert client.body
        try:
            client.head += client.body.take(data)
        except OSError as error:
            self.refuse_body(client, error)
            return
        if not client.body.missing:
            self.enqueue(client)
        elif client.body.held > limits.MEMORY_BYTES:
            self.bound_bodies()

    def refuse_body(self, client: ClientConnection, error: OSError) -> None:
        self.refused[f"body not kept: {error.strerror}"] += 1
        self.refuse(client, HTTPStatus.INSUFFICIENT_STORAGE)

    def bound_bodies(self) -> None:
        """Drop the upload that has taken longest if all uploads together are too large."""
        uploads = [each for each in self.clients if each.stage is ClientStage.BODY]
        if sum(each.held for each in uploads) > 2 * limits.most_body_bytes():
            slowest = min(uploads, key=lambda each: each.since)
            self.refuse(slowest, HTTPStatus.SERVICE_UNAVAILABLE)

    # -- Answering ---------------------------------------------------------------------------------

    def enqueue(self, client: ClientConnection) -> None:
        self.unregister(client)
        quick = limits.is_quick(client.request)
        client.turn(ClientStage.RUNNING, limits.QUICK_QUEUE_S if quick else limits.QUEUE_S)
        if client.exchange is None:
            assert client.body
            client.request.body = client.body.file()
            self.nr += 1
            self.alive = self.alive and self.nr < self.max_requests
        if client.request.path == ALIVE:
            self.advance(client)
            self.answered(client)
        else:
            self.lanes.put(client, quick=quick)

    def work(self, reserved: bool) -> None:
        """Run requests. Each thread does nothing else."""
        while client := self.lanes.get(reserved=reserved):
            self.advance(client)
            self.worked.put(client)
            with contextlib.suppress(BlockingIOError):
                os.write(self.bell[1], b"!")

    def advance(self, client: ClientConnection) -> None:
        if guarded(self.run_request, client, self.log):
            return
        if client.exchange is not None and client.exchange.response.headers_sent:
            client.exchange.failed = True
            return
        client.exchange = None
        client.outgoing.sendall(refusal(HTTPStatus.INTERNAL_SERVER_ERROR))

    def run_request(self, client: ClientConnection) -> None:
        if client.exchange is None:
            if time.monotonic() > client.until:
                client.outgoing.sendall(refusal(HTTPStatus.SERVICE_UNAVAILABLE))
                return
            closes = client.closes or not self.alive or not self.cfg.keepalive
            client.exchange = Exchange(client, self.cfg, closes=closes)
        client.exchange.advance(self.wsgi)

    def answered(self, client: ClientConnection) -> None:
        """Continue after a thread: send the rest, have more made, or read the next request."""
        exchange = client.exchange
        if exchange is not None and exchange.failed:
            self.close(client)
            return
        try:
            emptied = client.outgoing.flush()
        except OSError:
            self.close(client)
            return
        if not emptied:
            client.turn(ClientStage.SENDING, limits.SEND_S)
            client.outgoing.sent = 0
            self.selector.register(client.socket, WRITE, (self.writable, client))
        elif exchange is not None and not exchange.done:
            self.enqueue(client)
        elif exchange is None or client.closes or exchange.closes:
            self.linger(client)
        else:
            client.next_request()
            client.turn(ClientStage.HEAD, self.cfg.keepalive if self.alive else limits.LINGER_S)
            if client.head:  # not at once: a client could send thousands of requests together
                self.unread.append(client)
            else:
                self.listen(client)

    def read_next(self, client: ClientConnection) -> None:
        """Read what arrived with the previous request first, and only then more."""
        if client not in self.clients:
            return
        client.turn(ClientStage.HEAD, limits.HEAD_S)
        self.listen(client)
        self.read_head(client)

    def writable(self, client: ClientConnection) -> None:
        try:
            emptied = client.outgoing.flush()
        except OSError:
            self.close(client)
            return
        if emptied:
            self.unregister(client)
            self.answered(client)
        elif client.outgoing.sent >= limits.SEND_BYTES:
            client.outgoing.sent = 0
            client.until = time.monotonic() + limits.SEND_S

    def refuse(self, client: ClientConnection, status: HTTPStatus) -> None:
        """Answer without a thread, and end the connection."""
        self.refused[status.phrase] += 1
        client.forget_body()
        client.outgoing.sendall(refusal(status))
        with contextlib.suppress(OSError):
            client.outgoing.flush()
        self.unregister(client)
        self.linger(client)

    def linger(self, client: ClientConnection) -> None:
        """
        Say that nothing follows, and let the client read it.

        Closing at once would reset the connection if the client still sends, and it would never see
        its response.
        """
        client.forget_body()
        try:
            client.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.close(client)
            return
        client.turn(ClientStage.LINGERING, limits.LINGER_S)
        self.listen(client)


def _descriptors() -> int:
    """Allow as many open files as the system grants, and return their number."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return max(soft, most)
