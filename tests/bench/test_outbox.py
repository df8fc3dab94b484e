"""The outbox workload: what the other side counts, and what is made of the figures."""

from __future__ import annotations

import subprocess
import sys
from http import HTTPStatus

import httpx
import pytest

from bench.checkout import ROOT
from bench.measure import Spread
from bench.outbox_figures import arrivals, ratios
from bench.remote import COUNTED, KEY, Buffer, DealStore, RemoteRequest

DEAL = "/crm/objects/2026-09/deals/7"
PATCH = b"PATCH %s?x=1 HTTP/1.1\r\nHost: a\r\ncontent-length: 2\r\n\r\n{}" % DEAL.encode()


def change(key):
    return RemoteRequest("PATCH", DEAL, f'{{"properties": {{"{KEY}": "{key}"}}}}'.encode())


def test_a_change_is_kept_and_read_back():
    deals = DealStore()

    assert deals.answer(RemoteRequest("GET", DEAL))[0] == HTTPStatus.NOT_FOUND
    deals.answer(change("ours-1"))

    assert deals.answer(RemoteRequest("GET", DEAL)) == (
        HTTPStatus.OK,
        {"id": "7", "properties": {KEY: "ours-1"}},
    )


def test_every_arrival_of_a_change_is_counted_and_a_read_is_none():
    deals = DealStore()
    for asked in (change("a"), change("b"), change("a"), RemoteRequest("GET", DEAL)):
        deals.answer(asked)

    assert deals.answer(RemoteRequest("GET", COUNTED))[1] == {
        "changes": {"a": 2, "b": 1},
        "requests": 4,
    }


@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_requests_are_the_same_however_their_bytes_are_cut(size):
    data, buffer = PATCH + b"GET /counted HTTP/1.1\r\n\r\n", Buffer()

    found = [
        asked for at in range(0, len(data), size) for asked in buffer.requests(data[at : at + size])
    ]

    assert found == [RemoteRequest("PATCH", DEAL, b"{}"), RemoteRequest("GET", COUNTED)]


@pytest.mark.parametrize(
    ("arrived", "lost", "twice"),
    [({"a": 1, "b": 1}, False, False), ({"a": 1}, True, False), ({"a": 1, "b": 2}, False, True)],
    ids=["each once", "one lost", "one twice"],
)
def test_a_change_that_is_lost_or_comes_twice_breaks_a_check(arrived, lost, twice):
    assert arrivals(["a", "b"], arrived) == {"none lost": not lost, "none twice": not twice}


def test_a_ratio_is_ours_over_theirs_of_the_same_repetition():
    found = ratios(
        {"ours": [100, 300, 90], "celery": [200, 300, 100], "procrastinate": [50, 100, 30]}
    )

    assert found == {"celery": Spread(0.9, 0.5, 1.0), "procrastinate": Spread(3.0, 2.0, 3.0)}


def test_the_other_side_serves_over_one_open_connection():
    with subprocess.Popen(
        [sys.executable, "-m", "bench.remote"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            address = f"http://127.0.0.1:{int(process.stdout.readline())}"
            with httpx.Client(base_url=address, trust_env=False) as client:
                client.patch(DEAL, json={"properties": {KEY: "celery-1"}}).raise_for_status()
                read = client.get(DEAL, params={"properties": KEY}).json()
                counted = client.get(COUNTED).json()
        finally:
            process.terminate()

    assert read == {"id": "7", "properties": {KEY: "celery-1"}}
    assert counted == {"changes": {"celery-1": 1}, "requests": 2}
