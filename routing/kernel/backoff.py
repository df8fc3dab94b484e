"""Delays before retries."""

from __future__ import annotations

from hashlib import sha256

FIRST_S, CAP_S, JITTER = 5.0, 1800.0, 0.2


def backoff_s(attempts: int, *, key: int) -> float:
    """
    Seconds before the next attempt: doubled each time from five, at most half an hour, spread by a
    fifth either way.

    The spread comes from ``key`` and the attempt, so that many failing rows do not come back
    together.
    """
    # In [0, 1].
    spread = int.from_bytes(sha256(f"{key}:{attempts}".encode()).digest()[:4]) / 0xFFFFFFFF
    wait = min(CAP_S, FIRST_S * 2 ** min(attempts - 1, 16))
    return float(wait * (1 - JITTER + 2 * JITTER * spread))
