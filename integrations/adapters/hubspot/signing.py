"""
HubSpot's request signature, version 3.

Versions 1 and 2 are refused: they sign no time, so a request could be replayed for ever.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from urllib.parse import unquote

from integrations.base.adapter import Delivery

SIGNATURE, TIMESTAMP = "x-hubspot-signature-v3", "x-hubspot-request-timestamp"
MAX_DIGITS = 15
# In both directions. HubSpot's own SDK accepts any time in the future, and so any replay.
TOLERANCE_MS = 300_000

# HubSpot decodes these escapes before it signs, and no others:
# https://developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests
_UNDONE = {
    "3A": ":",
    "2F": "/",
    "3F": "?",
    "40": "@",
    "21": "!",
    "24": "$",
    "27": "'",
    "28": "(",
    "29": ")",
    "2A": "*",
    "2C": ",",
    "3B": ";",
}
_ESCAPE = re.compile("%(" + "|".join(_UNDONE) + ")", re.IGNORECASE)
# Tried when there is no secret, so that a refusal takes as long as a check.
_NO_SECRET = ("the secret of a connection without one",)


def decoded(url: str) -> str:
    """Decode a URL the way HubSpot does before it signs it."""
    return _ESCAPE.sub(lambda escape: _UNDONE[escape.group(1).upper()], url)


def sign(secret: str, method: str, url: str, body: bytes, timestamp: str) -> str:
    """
    Return the base64 of HMAC-SHA256 under the app's client secret.

    :param url: decoded, as it is signed
    :param timestamp: milliseconds since 1970, as in the header
    """
    source = b"".join(
        (
            method.encode(),
            url.encode("utf-8", "surrogateescape"),
            body,
            timestamp.encode("utf-8", "surrogateescape"),
        )
    )
    return b64encode(hmac.new(secret.encode(), source, sha256).digest()).decode("ascii")


def unsigned(delivery: Delivery, secrets: Sequence[str], at: datetime) -> str:
    """
    Return a code for the reason to distrust a delivery, or an empty string if it is genuine.

    Always tries every secret and computes every digest, so that the time taken reveals nothing.

    :param at: the current time, aware
    """
    given, timestamp = delivery.headers.get(SIGNATURE, ""), delivery.headers.get(TIMESTAMP, "")
    # Headers can hold any bytes, and compare_digest accepts only ASCII strings, so this is bytes.
    claimed = given.encode("utf-8", "surrogateescape")
    # HubSpot documents the first form. Some senders were seen to decode every escape.
    urls = {decoded(delivery.url), unquote(delivery.url)}
    genuine = False
    for secret in secrets or _NO_SECRET:
        for url in urls:
            genuine |= hmac.compare_digest(
                sign(secret, delivery.method, url, delivery.body, timestamp).encode(), claimed
            )
    if not given or not secrets:
        return "no_signature" if secrets else "no_secret"
    if not genuine:
        return "wrong_signature"
    return "" if _in_time(timestamp, at) else "wrong_time"


def _in_time(timestamp: str, at: datetime) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= MAX_DIGITS):
        return False
    return abs(int(at.timestamp() * 1000) - int(timestamp)) <= TOLERANCE_MS
