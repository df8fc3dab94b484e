"""Encrypt what signing in keeps in the database, under keys that can be rotated."""

from __future__ import annotations

import hmac
from functools import cache

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def box() -> MultiFernet:
    return _box(tuple(settings.ENCRYPTION_KEYS))


@cache
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def digest(purpose: str, text: str) -> str:
    """Return 160 bits that differ between texts and do not reveal them."""
    key = f"{purpose}:{settings.SECRET_KEY}".encode()
    return hmac.digest(key, text.encode(), "sha256").hex()[:40]
