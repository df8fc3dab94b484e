"""The deadline of a whole call: bytes put it off, time does not."""

from __future__ import annotations

import socket
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

import httpcore
import pytest

from integrations.base.adapter import Temporary
from integrations.base.origins import Origin
from integrations.http import network
from integrations.http.client import TOTAL_S, SafeClient


def test_a_byte_each_half_second_puts_the_deadline_off_for_nobody(monkeypatch: pytest.MonkeyPatch):
    now = 1000.0
    monkeypatch.setattr(network, "monotonic", lambda: now)

    with network.within(10):
        for _ in range(19):
            now += 0.5
            network._carry(1)
        assert network._left_s(None, httpcore.ReadTimeout) == pytest.approx(0.5, abs=0.01)
        now += 0.6
        with pytest.raises(httpcore.ReadTimeout):
            network._left_s(None, httpcore.ReadTimeout)


@pytest.mark.parametrize(
    ("size", "seconds"), [(0, 10), (250_000, 10.5), (500_000, 11), (5_000_000, 20), (10**9, 120)]
)
def test_a_call_has_ten_seconds_and_one_more_for_each_500_kb_and_never_more_than_two_minutes(
    size: int, seconds: float, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(network, "monotonic", lambda: 1000.0)

    with network.within(TOTAL_S):
        network._carry(size)
        assert network._left_s(None, httpcore.ReadTimeout) == pytest.approx(seconds, abs=0.01)


def test_a_call_never_outlasts_what_it_is_a_part_of(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(network, "monotonic", lambda: 1000.0)

    with network.within(3), network.within(10):
        assert network._left_s(None, httpcore.ReadTimeout) == 3


def test_i1_name_servers_that_are_silent_hold_nobody_beyond_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
):
    over = Event()

    def look_up(*_args: Any, **_options: Any) -> list[Any]:
        over.wait(60)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    start = monotonic()

    with SafeClient("http://silent.example", total_s=0.3) as client, pytest.raises(Temporary):
        client.call("POST", "/")

    assert monotonic() - start < 5  # name servers that are silent take half a minute
    over.set()


@pytest.mark.drill
def test_who_reads_what_we_send_a_little_at_a_time_is_cut_off_too():
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    port = listener.getsockname()[1]

    def sip() -> None:
        connection, _ = listener.accept()
        with connection:
            while connection.recv(20_000):
                sleep(0.05)

    thread = Thread(target=sip, daemon=True)
    thread.start()
    start = monotonic()

    home = frozenset({Origin("http", "127.0.0.1", port)})
    with SafeClient(f"http://127.0.0.1:{port}", private=home, total_s=0.5) as client:
        with pytest.raises(Temporary, match="in time"):
            client.call("POST", "/", content=b"x" * 20_000_000)
        assert monotonic() - start < 8  # all of it would take 50 s

    thread.join(20)
    listener.close()
