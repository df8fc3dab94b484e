"""
Signatures of Standard Webhooks (https://www.standardwebhooks.com), version 1.

They are checked over the bytes of the body, so that a body that is no text is told from a forged
one, and as text, so that no other spelling of the same bytes passes.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from integrations.base.adapter import Delivery

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
PREFIX = "whsec_"
TOLERANCE_S = 300  # in both directions
MAX_SIGNATURES = 20  # a sender that rotates its secret sends two
_SECONDS = re.compile("[0-9]{1,12}", re.ASCII)
# Checked when a connection has no secret, so that this answer takes as long as any other.
_NO_SECRET = (PREFIX + "A" * 43 + "=",)


def key_of(secret: str) -> bytes:
    """:raises ValueError: if the secret is no base64"""
    text = secret.removeprefix(PREFIX).rstrip("=")
    return b64decode(text + "=" * (-len(text) % 4), validate=True)


def sign(secret: str, key: str, timestamp: str, body: bytes) -> str:
    """Return the base64 of HMAC-SHA256 over id, time and body."""
    signed = f"{key}.{timestamp}.".encode("utf-8", "surrogateescape") + body
    return b64encode(hmac.new(key_of(secret), signed, sha256).digest()).decode("ascii")


def unsigned(delivery: Delivery, secrets: Sequence[str], at: datetime) -> str:
    """
    Return a code for the reason to distrust a delivery, or an empty string if it is genuine.

    Every secret is tried, even after a match: the time taken must not say which one it was.

    :param at: the current time, aware
    """
    headers = delivery.headers
    key, timestamp = headers.get(ID, ""), headers.get(TIMESTAMP, "")
    given = [each.encode("utf-8", "surrogateescape") for each in _given(headers.get(SIGNATURE, ""))]
    genuine = False
    for secret in secrets or _NO_SECRET:
        wanted = f"v1,{sign(secret, key, timestamp, delivery.body)}".encode()
        for each in given or [b""]:
            genuine |= hmac.compare_digest(wanted, each)
    if not secrets:
        return "no_secret"
    if not key or not given:
        return "no_signature"
    if not genuine:
        return "wrong_signature"
    return "" if _in_time(timestamp, at) else "wrong_time"


def _given(header: str) -> list[str]:
    return header.split(" ")[:MAX_SIGNATURES] if header else []


def _in_time(timestamp: str, at: datetime) -> bool:
    if not _SECONDS.fullmatch(timestamp):
        return False
    return abs(int(at.timestamp()) - int(timestamp)) <= TOLERANCE_S
