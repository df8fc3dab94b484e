"""
Keys that are not in the database: of the digests of sealed text, and of the terms of an erasure.

Both come from ERASURE_KEY, which never changes.
"""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from functools import cache

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

_NAME_LENGTH = 16


class LostTerms(ValueError):
    """The terms of an erasure were encrypted under another ERASURE_KEY."""


def key_name() -> str:
    """Return a name of the key, by which a seal says which one it was made with."""
    return _derived("name of the key of sealed text").hex()[:_NAME_LENGTH]


def keyed(ledger: str, row_id: int, digest: str) -> str:
    """
    Return the keyed form of a digest of text, as hex, or nothing for no text.

    Table and row are part of it: equal texts of two rows then have different digests, so that one
    text does not give away the other.
    """
    if not digest:
        return ""
    message = f"{ledger}:{row_id}:{digest}".encode()
    return hmac.digest(_derived("sealed text"), message, "sha256").hex()


def closed(terms: Mapping[str, Sequence[str]]) -> str:
    """Encrypt the names, addresses and numbers of a person."""
    return _box().encrypt(json.dumps(terms).encode()).decode()


def opened(terms: str) -> dict[str, list[str]]:
    """:raises LostTerms: if the key is another one"""
    try:
        found: dict[str, list[str]] = json.loads(_box().decrypt(terms.encode()))
    except InvalidToken:
        raise LostTerms("ERASURE_KEY is not the one that was in use.") from None
    return found


def _box() -> Fernet:
    return Fernet(urlsafe_b64encode(_derived("terms of an erasure")))


def _derived(purpose: str) -> bytes:
    return _derive(settings.ERASURE_KEY, purpose)


@cache
def _derive(key: str, purpose: str) -> bytes:
    return hmac.digest(key.encode(), purpose.encode(), "sha256")
