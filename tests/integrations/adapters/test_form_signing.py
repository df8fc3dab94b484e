"""
H13, I12 and FAULTS 42: signatures of forms. Only the very text of a signature passes, over any
bytes, and nothing that is sent makes the check fail.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from integrations.adapters.form.signing import ID, SIGNATURE, TIMESTAMP, sign, unsigned
from integrations.adapters.hubspot import signing as hubspot
from integrations.base.adapter import Delivery

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
NOW_S = str(int(AT.timestamp()))
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + b64encode(b"another key of 24 bytes!").decode()
KEY = "msg_1"

bodies = st.binary(max_size=300)
# What a header can carry: bytes as surrogates, as the server hands them over.
headers = st.binary(max_size=120).map(lambda raw: raw.decode("utf-8", "surrogateescape"))


def delivery(body: bytes, signature: str, timestamp: str = NOW_S, key: str = KEY) -> Delivery:
    given = {ID: key, TIMESTAMP: timestamp, SIGNATURE: signature}
    return Delivery("POST", "https://ops.agency.example/hooks/form/", given, body)


def good(body: bytes, timestamp: str = NOW_S) -> str:
    return f"v1,{sign(SECRET, KEY, timestamp, body)}"


def test_h13_it_is_the_signature_of_the_vendors_library():
    theirs = Webhook(SECRET).sign(KEY, AT, "{}")

    assert theirs == good(b"{}")


@given(bodies)
def test_i12_what_is_signed_is_believed_whatever_its_bytes(body: bytes):
    assert unsigned(delivery(body, good(body)), [OTHER, SECRET], AT) == ""


@given(bodies, st.integers(min_value=0, max_value=10**6), st.integers(min_value=1, max_value=255))
def test_any_changed_byte_is_noticed(body: bytes, place: int, by: int):
    changed = bytearray(body or b"x")
    changed[place % len(changed)] ^= by

    assert unsigned(delivery(bytes(changed), good(body or b"x")), [SECRET], AT)


@given(bodies, st.text(min_size=1, max_size=4), st.integers(min_value=0, max_value=46))
def test_h13_a_signature_with_anything_added_or_left_out_is_refused(
    body: bytes, added: str, place: int
):
    text = good(body)
    longer = f"{text[:place]}{added}{text[place:]}"
    # Several signatures stand in one header with a space between them, which is the exception.
    assume(text not in longer.split(" "))

    assert unsigned(delivery(body, longer), [SECRET], AT) == "wrong_signature"
    assert unsigned(delivery(body, text[:place] + text[place + 1 :]), [SECRET], AT)


@pytest.mark.parametrize("end", ["A", "=", "AA==", "\n", ",", "%", "\u0430"])
def test_h13_letters_that_a_lenient_decoder_drops_are_refused(end: str):
    assert unsigned(delivery(b"{}", good(b"{}") + end), [SECRET], AT) == "wrong_signature"


def test_h13_another_spelling_of_the_same_bytes_is_refused():
    text = sign(SECRET, KEY, NOW_S, b"{}")
    # The last letter before the padding has two bits that mean nothing.
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    twin = text[:-2] + letters[letters.index(text[-2]) ^ 1] + "="

    assert b64decode(twin) == b64decode(text)
    assert unsigned(delivery(b"{}", f"v1,{twin}"), [SECRET], AT) == "wrong_signature"


@given(bodies, headers, headers, headers)
def test_nothing_that_is_sent_makes_it_fail(body: bytes, key: str, timestamp: str, signature: str):
    assert unsigned(delivery(body, signature, timestamp, key), [SECRET], AT)
    assert unsigned(delivery(body, signature, timestamp, key), [], AT) == "no_secret"


@given(st.integers(min_value=-(10**6), max_value=10**6))
def test_time_counts_both_ways(offset_s: int):
    timestamp = str(int(NOW_S) + offset_s)
    found = unsigned(delivery(b"", good(b"", timestamp), timestamp), [SECRET], AT)

    assert found == ("" if abs(offset_s) <= 300 else "wrong_time")


@pytest.mark.parametrize("timestamp", ["", "nan", "1e9", "-1", " 1", "٣", f"{NOW_S}.0", "9" * 400])
def test_a_signed_time_that_is_none_is_wrong(timestamp: str):
    assert unsigned(delivery(b"", good(b"", timestamp), timestamp), [SECRET], AT) == "wrong_time"


@pytest.mark.parametrize("version", ["v0", "v2", "V1", "v1a", ""])
def test_other_versions_are_refused(version: str):
    text = f"{version},{sign(SECRET, KEY, NOW_S, b'{}')}"

    assert unsigned(delivery(b"{}", text), [SECRET], AT) == "wrong_signature"


def test_one_of_several_signatures_is_enough_during_a_rotation():
    both = f"v1,{sign(OTHER, KEY, NOW_S, b'{}')} {good(b'{}')}"

    assert unsigned(delivery(b"{}", both), [SECRET], AT) == ""


@given(bodies, st.text(min_size=1, max_size=4), st.integers(min_value=0, max_value=44))
def test_h13_the_signature_of_hubspot_is_compared_as_text_too(body: bytes, added: str, place: int):
    url, stamp = "https://ops.agency.example/hooks/main/", str(int(AT.timestamp() * 1000))
    text = hubspot.sign("s", "POST", url, body, stamp)
    given = {hubspot.SIGNATURE: f"{text[:place]}{added}{text[place:]}", hubspot.TIMESTAMP: stamp}

    assert hubspot.unsigned(Delivery("POST", url, given, body), ["s"], AT) == "wrong_signature"
