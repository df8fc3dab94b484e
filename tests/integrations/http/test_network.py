"""Allowed and forbidden network calls."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from threading import Thread
from time import monotonic, sleep
from typing import Any

import httpcore
import httpx
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from integrations.base.adapter import (
    CallFailed,
    Conflict,
    CredentialsRefused,
    NotFound,
    Permanent,
    Temporary,
)
from integrations.base.origins import BadAddress, Origin, origin_of
from integrations.http import network
from integrations.http.client import MAX_ANSWER_BYTES, SafeClient
from integrations.http.network import BlockedAddress, SafeTransport, is_public

PRIVATE = """
    127.0.0.1 127.8.8.8 0.0.0.0 10.0.0.5 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 100.64.0.1 192.0.0.1 192.0.2.1
    198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255 192.88.99.1
    ::1 :: ::7f00:1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::1
    fe80::1 fc00::1 fd00:ec2::254 fec0::1 ff02::1 2001:db8::1 2001::1 2002:7f00:1:: 3fff::1 100::1
""".split()  # noqa: E501, SIM905
PUBLIC = "93.184.215.14 8.8.8.8 ::ffff:8.8.8.8 2606:4700::1111 64:ff9b::808:808 2a00:1450:4001::1".split()  # noqa: E501, SIM905


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_not_public(address: str):
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_that_are_public(address: str):
    assert is_public(ipaddress.ip_address(address))


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer("127.0.0.1") as made:
        made.expect_request("/secret").respond_with_json({"inside": True})
        yield made


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0177.0.0.1",
        "0x7f000001",
        "127.1",
        "0",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
    ],
)
def test_nothing_inside_is_contacted(server: HTTPServer, host: str):
    with pytest.raises(CallFailed), SafeClient(f"http://{host}:{server.port}") as client:
        client.get("/secret")

    # Odd spellings are refused before there is a client. Its transport does not rely on that.
    with (
        httpx.Client(transport=SafeTransport()) as bare,
        pytest.raises((BlockedAddress, httpx.InvalidURL)),
    ):
        bare.get(f"http://{host}:{server.port}/secret")

    assert server.log == []


def test_a_name_that_leads_inside_is_refused_whatever_else_it_leads_to(
    server: HTTPServer, monkeypatch: pytest.MonkeyPatch
):
    both = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, server.port))
        for host in ("93.184.215.14", "127.0.0.1")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: both)

    with (
        SafeClient(f"http://rebinding.example:{server.port}") as client,
        pytest.raises(Permanent, match="private"),
    ):
        client.get("/secret")

    assert server.log == []


def test_a_name_is_looked_up_once(server: HTTPServer, monkeypatch: pytest.MonkeyPatch):
    """
    A name that changes its mind between check and connection is connected to what was checked.
    """
    answers = iter([("127.0.0.1", server.port), ("10.0.0.1", server.port)])
    asked: list[str] = []

    def look_up(host: str, *_args: Any, **_options: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", next(answers))]

    monkeypatch.setattr(network, "is_public", lambda _address: True)
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    # Connecting to an address looks it up as well, without asking anybody: only the name counts.
    monkeypatch.setattr(
        httpcore.SyncBackend,
        "connect_tcp",
        lambda _s, host, *_a: pytest.fail("reconnected") if host != "127.0.0.1" else _stop(),
    )
    with SafeClient(f"http://rebinding.example:{server.port}") as client, pytest.raises(Temporary):
        client.call("POST", "/secret")

    assert asked == ["rebinding.example"]


def _stop() -> None:
    raise httpcore.ConnectError("far enough")


def allowed(server: HTTPServer, **options: Any) -> SafeClient:
    return SafeClient(
        f"http://127.0.0.1:{server.port}",
        private=frozenset({Origin("http", "127.0.0.1", server.port)}),
        **options,
    )


def test_exactly_the_allowed_origin_may_be_private(server: HTTPServer):
    with allowed(server) as client:
        assert client.get("/secret").json() == {"inside": True}
    for origin in (
        Origin("https", "127.0.0.1", server.port),
        Origin("http", "localhost", server.port),
        Origin("http", "127.0.0.1", 1),
    ):
        with (
            SafeClient(f"http://127.0.0.1:{server.port}", private=frozenset({origin})) as client,
            pytest.raises(Permanent),
        ):
            client.get("/secret")


def test_no_redirect_leads_elsewhere_and_no_credential_follows(server: HTTPServer):
    with HTTPServer("127.0.0.1") as other:
        server.expect_request("/r").respond_with_data(
            "", 302, {"Location": other.url_for("/catch")}
        )
        both = frozenset(
            {Origin("http", "127.0.0.1", server.port), Origin("http", "127.0.0.1", other.port)}
        )
        with (
            SafeClient(f"http://127.0.0.1:{server.port}", token="t", private=both) as client,
            pytest.raises(Permanent, match="redirects to another address"),
        ):
            client.get("/r")
        assert other.log == []


def test_a_redirect_at_home_is_followed_for_reading_alone(server: HTTPServer):
    server.expect_request("/r").respond_with_data("", 302, {"Location": "/secret"})

    with allowed(server) as client:
        assert client.get("/r").json() == {"inside": True}
        with pytest.raises(Permanent):
            client.call("POST", "/r")


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/latest/", "file:///etc/passwd", "gopher://x", "//10.0.0.1/"]
)
def test_a_redirect_inside_is_refused(server: HTTPServer, target: str):
    server.expect_request("/r").respond_with_data("", 302, {"Location": target})

    with allowed(server) as client, pytest.raises(Permanent):
        client.get("/r")


def test_the_environment_names_no_proxy(server: HTTPServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    with allowed(server) as client:
        assert client.get("/secret").status == 200


# -- How calls fail --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Permanent),
        (401, CredentialsRefused),
        (403, CredentialsRefused),
        (404, NotFound),
        (409, Conflict),
        (422, Permanent),
        (429, Temporary),
        (500, Temporary),
        (503, Temporary),
    ],
)
def test_statuses_are_temporary_or_permanent(
    server: HTTPServer, status: int, kind: type[CallFailed]
):
    server.expect_request("/x").respond_with_json({"message": "vendor says no"}, status)

    with allowed(server) as client, pytest.raises(kind):
        client.get("/x")


def test_the_vendors_reason_is_told(server: HTTPServer):
    server.expect_request("/x").respond_with_json({"message": "amount must be a number"}, 400)

    with allowed(server) as client, pytest.raises(Permanent, match="amount must be a number"):
        client.get("/x")


def test_retry_after_is_honoured_and_not_slept_on(server: HTTPServer):
    server.expect_request("/x").respond_with_data("", 429, {"Retry-After": "30"})
    start = monotonic()

    with allowed(server) as client, pytest.raises(Temporary) as caught:
        client.get("/x")

    assert caught.value.after_s == 30
    assert (len(server.log), monotonic() - start < 20) == (1, True)


def test_reading_is_repeated_within_seconds_and_writing_never(server: HTTPServer):
    server.expect_request("/x").respond_with_data("", 502)

    with allowed(server) as client:
        for method in ("GET", "POST"):
            with pytest.raises(Temporary):
                client.call(method, "/x")

    assert [request.method for request, _ in server.log] == ["GET", "GET", "GET", "POST"]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("<html>We are back soon</html>", "text/html"),
        ('{"results": [', "application/json"),
        ("", "application/json"),
    ],
)
def test_a_page_or_half_an_answer_is_no_success(server: HTTPServer, body: str, content_type: str):
    server.expect_request("/x").respond_with_data(body, 200, content_type=content_type)

    with allowed(server) as client, pytest.raises(Temporary):
        client.get("/x").json()


@pytest.mark.parametrize("token", ["abc\u2013def", "abc\n", "a b", "a\r\nX-Y: z", "\u00fc"])
def test_h8_a_token_that_no_header_carries_is_refused_before_a_call(token: str):
    with pytest.raises(CredentialsRefused) as refused:
        SafeClient("https://a.example", token=token)

    assert token not in str(refused.value)


@pytest.mark.parametrize(
    "body", ['{"id": NaN}', '{"id": -Infinity}', '{"id": 1e400}', f'{{"id": {"9" * 30}}}']
)
def test_h9_a_number_that_no_column_holds_is_no_success(server: HTTPServer, body: str):
    server.expect_request("/x").respond_with_data(body, content_type="application/json")

    with allowed(server) as client, pytest.raises(Temporary):
        client.get("/x").json()


def test_h9_characters_that_no_column_holds_are_left_out_of_an_answer(server: HTTPServer):
    body = r'{"li\u0000nk": ["a\u0000b\ud800", {"x": "\ud83d\ude00 \udfff"}], "n": 1.5, "i": 2}'
    server.expect_request("/x").respond_with_data(
        body.encode() + b" ", content_type="application/json"
    )

    with allowed(server) as client:
        found = client.get("/x").json()

    assert found == {"link": ["ab", {"x": "\U0001f600 "}], "n": 1.5, "i": 2}


def test_an_answer_that_never_ends_is_cut_off(server: HTTPServer):
    server.expect_request("/x").respond_with_data(b"x" * (MAX_ANSWER_BYTES + 1))

    with allowed(server) as client, pytest.raises(Permanent, match="longer"):
        client.get("/x")


def test_a_dripping_answer_ends_at_the_deadline(server: HTTPServer):
    def drip(_request: Request) -> Response:
        return Response(drops(), content_type="application/json")

    def drops() -> Iterator[bytes]:
        for _ in range(100):
            sleep(0.1)
            yield b"."

    server.expect_request("/x").respond_with_handler(drip)
    start = monotonic()

    with allowed(server, total_s=0.5) as client, pytest.raises(Temporary, match="in time"):
        client.get("/x")

    assert monotonic() - start < 8  # all of it would take 10 s


def test_dripping_headers_end_at_the_deadline():
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    def drip() -> None:
        connection, _ = listener.accept()
        with connection:
            for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 200:
                try:
                    connection.send(bytes([byte]))
                except OSError:
                    return
                sleep(0.05)

    thread = Thread(target=drip, daemon=True)
    thread.start()
    start = monotonic()

    home = frozenset({Origin("http", "127.0.0.1", port)})
    with (
        SafeClient(f"http://127.0.0.1:{port}", private=home, total_s=0.5) as client,
        pytest.raises(Temporary),
    ):
        client.call("POST", "/")

    assert monotonic() - start < 8  # all of it would take 11 s
    thread.join(5)
    listener.close()


def test_a_compressed_answer_is_refused(server: HTTPServer):
    server.expect_request("/x").respond_with_data(b"x", headers={"Content-Encoding": "gzip"})

    with allowed(server) as client, pytest.raises(Permanent, match="compressed"):
        client.get("/x")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example",
        "https://",
        "a.example",
        "https://user:secret@a.example",
        "http://a.example:99999",
        "http://[::1",
    ],
)
def test_addresses_that_are_none(url: str):
    with pytest.raises(BadAddress) as caught:
        origin_of(url)

    assert "secret" not in str(caught.value)


GONE = b'{"code": "db_insert_error", "message": "Could not insert post into the database."}'
CRASHED = b'{"message": "<p>There has been a <b>critical error</b> on this website.</p>"}'
NO_DATABASE = b"<html><title>Error establishing a database connection</title></html>"


@pytest.mark.parametrize(
    ("status", "body", "of_object", "words"),
    [
        (500, GONE, True, "500: Could not insert post into the database."),
        (500, CRASHED, True, "500: There has been a critical error on this website."),
        (500, b"<html>Oops</html>", True, "500: no reason given."),
        (500, b"", True, "500: no reason given."),
        (500, NO_DATABASE, False, "500: no reason given."),
        (500, b'{"message": "write: No space left on device"}', False, "No space left on device"),
        (502, GONE, False, "502: Could not insert"),
        (503, GONE, False, "503: Could not insert"),
        (504, b"", False, "504: no reason given."),
        (507, GONE, False, "507: Could not insert"),
        (429, b'{"message": "Slow down."}', False, "429: Slow down."),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_f1_a_fault_that_may_be_one_objects_own_is_told_by_status_and_body(
    server: HTTPServer, status: int, body: bytes, of_object: bool, words: str, method: str
):
    server.expect_request("/x").respond_with_data(body, status, content_type="application/json")

    with allowed(server) as client, pytest.raises(Temporary) as raised:
        client.call(method, "/x")

    assert (raised.value.of_object, raised.value.status) == (of_object, status)
    assert words in str(raised.value)
