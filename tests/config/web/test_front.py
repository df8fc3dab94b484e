"""H2: whoever is slow waits alone. The front of the web server, with every kind of slow client."""

from __future__ import annotations

import os
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from hashlib import sha256
from statistics import median
from typing import Any

import pytest

from config.web.front import limits
from integrations.inbox.bounds import MAX_BODY_BYTES
from tests.config.web.front import (
    COOKIE,
    LARGE,
    Application,
    ask,
    closed_within,
    dial,
    read_answer,
    request,
    serving,
)

pytestmark = pytest.mark.real_clock

Served = tuple[int, Application]


@pytest.fixture
def served() -> Iterator[Served]:
    with serving() as found:
        yield found


def slow_sockets(stack: ExitStack, port: int, number: int) -> list[socket.socket]:
    """Silent ones, half heads, half bodies of hooks and of uploads, and readers who do not read."""
    starts = (
        b"",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-",
        request("/hooks/x/", method="POST", headers="Content-Length: 900\r\n") + b"{",
        request("/reads", method="POST", headers=f"Content-Length: 9000000\r\n{COOKIE}") + b"--",
        request("/large"),
    )
    made = []
    for place in range(number):
        made.append(stack.enter_context(dial(port)))
        made[-1].sendall(starts[place % len(starts)])
    return made


def test_health_answers_within_100_ms_while_500_slow_sockets_are_open(served: Served) -> None:
    """H2, with two threads: the slow ones have none of them."""
    port, _ = served
    with ExitStack() as stack:
        sockets = slow_sockets(stack, port, 500)
        took = []
        for turn in range(9):
            for each in sockets[turn::20]:
                each.send(b"a")  # a byte now and then
            began = time.monotonic()
            status, _, _ = ask(port, request("/healthz"))
            took.append(time.monotonic() - began)
            assert status == 200
        assert ask(port, request("/reads", method="POST", body=b"abc"))[0] == 200

    assert median(took) < 0.1, took


@pytest.mark.parametrize("start", [b"", b"GET / HTTP/1.1\r\nX-A: "], ids=["silent", "half a head"])
def test_a_head_has_a_deadline_whatever_arrives_meanwhile(
    monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    monkeypatch.setattr(limits, "HEAD_S", 0.3)
    with serving() as (port, _), dial(port) as sock:
        sock.sendall(start)
        closed_within(sock, 3.5, meanwhile=b"a" if start else b"")


def test_a_body_has_a_deadline_whatever_arrives_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BODY_S", 0.3)
    with serving() as (port, application), dial(port) as sock:
        sock.sendall(request("/hooks/x/", method="POST", headers="Content-Length: 500\r\n"))
        closed_within(sock, 3.5, meanwhile=b"a")

        assert application.seen == []


def test_a_longer_body_has_more_time_and_a_bounded_one() -> None:
    assert limits.body_deadline_s(0) == limits.BODY_S
    assert limits.body_deadline_s(50_000_000) < 3600


def test_a_reader_who_does_not_read_is_left_and_keeps_no_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "SEND_S", 0.3)
    with serving(threads=1) as (port, _), ExitStack() as stack:
        readers = [stack.enter_context(dial(port)) for _ in range(10)]
        for reader in readers:
            reader.sendall(request("/large"))

        assert ask(port, request("/"))[0] == 200
        time.sleep(1.2)  # longer than they may take
        got = 0
        readers[0].settimeout(5)
        while part := readers[0].recv(1_000_000):
            got += len(part)
        assert got < LARGE


def test_a_reader_who_takes_it_in_small_steps_gets_all(served: Served) -> None:
    port, _ = served
    with dial(port) as sock:
        sock.sendall(request("/large"))
        status, headers, body = read_answer(sock)

    assert (status, int(headers["content-length"]), len(body)) == (200, LARGE, LARGE)


def test_when_there_is_no_room_the_one_that_waits_longest_goes() -> None:
    with serving(worker_connections=5) as (port, _), ExitStack() as stack:
        silent = [stack.enter_context(dial(port)) for _ in range(12)]
        assert ask(port, request("/"))[0] == 200
        closed_within(silent[0], 3)


def test_pages_that_take_long_leave_threads_to_webhooks_and_probes() -> None:
    with serving(threads=1) as (port, application), ExitStack() as stack:
        pages = [stack.enter_context(dial(port)) for _ in range(3)]
        for page in pages:
            page.sendall(request("/waits"))
        assert ask(port, request("/hooks/x/", method="POST", body=b"{}"))[0] == 200
        assert ask(port, request("/readyz"))[0] == 200
        assert ask(port, request("/healthz"))[0] == 200
        application.go.set()

        assert [read_answer(page)[0] for page in pages] == [200, 200, 200]


def test_whoever_waits_too_long_for_a_thread_is_asked_to_come_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "QUEUE_S", 0.1)
    with serving(threads=1) as (port, application), dial(port) as first, dial(port) as second:
        first.sendall(request("/waits"))
        second.sendall(request("/"))
        time.sleep(0.3)  # longer than anybody waits
        application.go.set()

        assert read_answer(first)[0] == 200
        status, headers, _ = read_answer(second)
        assert (status, headers["retry-after"]) == (503, "5")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"NONSENSE\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nX-A: " + b"a" * 70_000, 431),
        (request("/", method="POST", headers="Transfer-Encoding: chunked\r\n"), 411),
        (
            request("/", method="POST", body=b"a", headers="Transfer-Encoding: chunked\r\n"),
            400,
        ),
        (b"\r\n\r\n\r\n\r\n", 400),
        (request("/", method="TRACE"), 501),
        (request("testserver:443", method="CONNECT"), 501),
    ],
)
def test_what_cannot_be_read_is_refused_without_repeating_it(
    served: Served, sent: bytes, status: int
) -> None:
    port, application = served

    found, headers, body = ask(port, sent)

    assert (found, headers["connection"], application.seen) == (status, "close", [])
    assert b"NONSENSE" not in body
    assert b"aaaa" not in body


@pytest.mark.parametrize("name", ["SCRIPT_NAME", "PATH_INFO", "REMOTE_USER", "X_FORWARDED_FOR"])
def test_h7_headers_that_would_replace_what_the_server_knows_are_dropped(
    served: Served, name: str
) -> None:
    port, application = served

    ask(port, request("/accounts/x", headers=f"{name}: /accounts\r\nX-Forwarded-Proto: https\r\n"))

    [environ] = application.seen
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("", "/accounts/x")
    assert "REMOTE_USER" not in environ
    assert f"HTTP_{name}" not in environ or environ[f"HTTP_{name}"] != "/accounts"


def test_h16_a_connection_that_is_called_keep_alive_is_kept(served: Served) -> None:
    """A body that the application did not read is no reason to hang up."""
    port, _ = served
    with dial(port) as sock:
        for _ in range(3):
            sock.sendall(request("/", method="POST", body=b"x" * 300_000, headers=COOKIE))
            status, headers, _ = read_answer(sock)
            assert (status, headers["connection"]) == (200, "keep-alive")


def test_h16_a_body_that_is_too_long_is_not_read_and_its_connection_ends_as_announced(
    served: Served,
) -> None:
    port, application = served
    with dial(port) as sock:
        length = f"Content-Length: {MAX_BODY_BYTES + 1}\r\n"
        sock.sendall(request("/hooks/x/", method="POST", headers=length) + b"x" * 100_000)
        _, headers, _ = read_answer(sock)

        assert headers["connection"] == "close"
        assert closed_within(sock, 5) < 4
    assert application.seen[0]["CONTENT_LENGTH"] == str(MAX_BODY_BYTES + 1)


def test_a_stranger_cannot_fill_the_disk_and_somebody_with_a_session_uploads(
    served: Served,
) -> None:
    port, _ = served
    body = os.urandom(3_000_000)

    with dial(port) as sock:
        sock.sendall(
            request("/reads", method="POST", headers=f"Content-Length: {len(body)}\r\n") + body[:9]
        )
        assert read_answer(sock)[2].startswith(b"0 ")
    assert ask(port, request("/reads", method="POST", body=body, headers=COOKIE))[2] == (
        f"{len(body)} {sha256(body).hexdigest()}".encode()
    )


def test_a_full_disk_is_said_and_the_next_request_is_served(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAULTS 30: /dev/full takes nothing."""
    port, application = served

    def full() -> Any:
        return open("/dev/full", "w+b", buffering=0)  # noqa: PTH123  # closed by the front

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with dial(port) as sock:
        sock.sendall(
            request("/reads", method="POST", headers=f"Content-Length: 900000\r\n{COOKIE}") + b"a"
        )
        assert read_answer(sock)[0] == 507

    assert application.seen == []
    assert ask(port, request("/"))[0] == 200


def test_requests_sent_at_once_are_answered_in_order(served: Served) -> None:
    port, _ = served
    with dial(port) as sock:
        sock.sendall(
            request("/reads", method="POST", body=b"abc")
            + request("/reads", method="POST", body=b"de")
            + request("/")
        )
        sizes = [read_answer(sock)[2].split()[0] for _ in range(3)]

    assert sizes == [b"3", b"2", b"0"]


def test_thousands_of_requests_sent_together_are_answered_one_after_another(
    served: Served,
) -> None:
    """Also by the front itself, which must not call itself for each."""
    port, _ = served
    number = 600
    with dial(port) as sock:
        sock.sendall(request("/healthz") * number)
        assert {read_answer(sock)[0] for _ in range(number)} == {200}


def test_a_client_that_asks_first_is_told_to_go_on(served: Served) -> None:
    port, _ = served
    with dial(port) as sock:
        sock.sendall(
            request(
                "/reads", method="POST", headers="Content-Length: 3\r\nExpect: 100-continue\r\n"
            )
        )
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"abc")
        assert read_answer(sock)[2].startswith(b"3 ")


def test_an_application_that_fails_says_nothing_of_the_inside(served: Served) -> None:
    port, _ = served

    status, headers, body = ask(port, request("/fails"))

    assert (status, headers["connection"]) == (500, "close")
    assert b"secret" not in body
    assert ask(port, request("/"))[0] == 200


def test_a_client_that_leaves_in_the_middle_leaves_nothing(served: Served) -> None:
    port, _ = served
    for sent in (request("/large"), request("/")[:20], request("/waits")[:-2]):
        with dial(port) as sock:
            sock.sendall(sent)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

    assert ask(port, request("/"))[0] == 200


def test_a_worker_that_stops_finishes_what_it_has_begun() -> None:
    with serving() as (port, application):
        sock = dial(port)
        sock.sendall(request("/waits"))
        while not application.seen:
            time.sleep(0.01)
    with sock:
        assert read_answer(sock)[0] == 200
