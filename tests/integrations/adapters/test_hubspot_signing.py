"""HubSpot's signature, for any request."""

from __future__ import annotations

import hmac
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.adapters.hubspot.signing import SIGNATURE, TIMESTAMP, decoded, sign, unsigned
from integrations.base.adapter import Delivery

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
MS = str(int(AT.timestamp() * 1000))
URL = "https://ops.agency.example/hooks/main/"

bodies = st.binary(max_size=300)
secrets = st.text(min_size=1, max_size=60).filter(lambda text: text.isprintable())


def delivery(body: bytes, signature: str, timestamp: str = MS, url: str = URL) -> Delivery:
    return Delivery("POST", url, {SIGNATURE: signature, TIMESTAMP: timestamp}, body)


def test_it_is_the_signature_the_vendor_describes():
    source = f"POST{URL}[]{MS}".encode()

    assert (
        sign("abc", "POST", URL, b"[]", MS)
        == b64encode(hmac.new(b"abc", source, sha256).digest()).decode()
    )


@given(bodies, secrets)
def test_what_is_signed_is_believed(body: bytes, secret: str):
    assert (
        unsigned(delivery(body, sign(secret, "POST", URL, body, MS)), ["old", secret, "older"], AT)
        == ""
    )


@given(
    bodies,
    secrets,
    st.integers(min_value=0, max_value=10**6),
    st.integers(min_value=1, max_value=255),
)
def test_any_changed_byte_is_noticed(body: bytes, secret: str, place: int, by: int):
    changed = bytearray(body or b"x")
    changed[place % len(changed)] ^= by

    assert (
        unsigned(
            delivery(bytes(changed), sign(secret, "POST", URL, body or b"x", MS)), [secret], AT
        )
        == "wrong_signature"
    )


@given(secrets, st.integers(min_value=-(10**9), max_value=10**9))
def test_time_counts_both_ways(secret: str, offset_ms: int):
    timestamp = str(int(MS) + offset_ms)
    made = unsigned(
        delivery(b"", sign(secret, "POST", URL, b"", timestamp), timestamp), [secret], AT
    )

    assert made == ("" if abs(offset_ms) <= 300_000 else "wrong_time")


@given(st.text(max_size=80), st.text(max_size=40))
def test_nothing_that_is_sent_makes_it_fail(signature: str, timestamp: str):
    assert unsigned(delivery(b"x", signature, timestamp), ["secret"], AT) in {
        "wrong_signature",
        "no_signature",
    }


@pytest.mark.parametrize("timestamp", ["", "-1", "1e3", "٣", " 1", "9" * 400, "NaN"])
def test_a_signed_time_that_is_none_is_wrong(timestamp: str):
    assert (
        unsigned(delivery(b"", sign("s", "POST", URL, b"", timestamp), timestamp), ["s"], AT)
        == "wrong_time"
    )


@pytest.mark.parametrize(
    ("sent", "as_signed"),
    [
        ("?a=%2F%3a", "?a=/:"),
        ("?a=%3F%40%21%24%27%28%29%2A%2C%3B", "?a=?@!$'()*,;"),
        ("?a=%20%26%25", "?a=%20%26%25"),
        ("", ""),
    ],
)
def test_exactly_the_listed_escapes_are_undone(sent: str, as_signed: str):
    assert decoded(URL + sent) == URL + as_signed


def test_no_live_secret_believes_nothing():
    assert unsigned(delivery(b"", sign("", "POST", URL, b"", MS)), [], AT) == "no_secret"


def test_the_edge_of_the_tolerance():
    for offset, answer in ((300, ""), (301, "wrong_time"), (-300, ""), (-301, "wrong_time")):
        assert (
            unsigned(
                delivery(b"", sign("s", "POST", URL, b"", MS)),
                ["s"],
                AT + timedelta(seconds=offset),
            )
            == answer
        )
