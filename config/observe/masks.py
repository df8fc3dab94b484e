"""
Mask secrets in text that will be logged, whoever wrote the text.

A secret is found by its place: the password of an address, a query, and a part of a path that looks
random or follows a word such as “key”.
"""

from __future__ import annotations

import re
from itertools import pairwise

HIDDEN = "***"
MOST_CHARACTERS = 20_000  # of one text; a longer one is cut

_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]{1,500}@")  # postgresql://role:password@host
_WORD = re.compile(r"[^\s\"'<>()]+")
_PART = re.compile(r"[A-Za-z0-9]+")
# What follows one of these in a path is its secret, unless it is a step of ours.
_BEFORE_A_SECRET = frozenset(
    (
        *("key", "keys", "token", "tokens", "secret", "reset", "code", "invite", "invitation"),
        *("invitations", "activate", "verify", "confirm", "magic", "unsubscribe", "sent"),
    )
)
_STEPS = frozenset(
    ("", "key", "done", "sent", "change", "confirm", "code", "reset", "set", "resend", "totp")
)
RANDOM_LENGTH = 8  # of letters and digits mixed
LONG_LENGTH = 24  # of letters alone


def mask(text: str) -> str:
    if len(text) > MOST_CHARACTERS:  # the end of a traceback says most
        half = MOST_CHARACTERS // 2
        text = f"{text[:half]} … {text[-half:]}"
    if "/" not in text and "%2F" not in text.upper():
        return text
    return _WORD.sub(_mask_word, _CREDENTIALS.sub(f"{HIDDEN}@", text))


def _mask_word(found: re.Match[str]) -> str:
    word = found.group()
    if "/" not in word:
        return word if "%2F" not in word.upper() else HIDDEN  # a path inside a value
    path, mark, _ = word.partition("?")
    path, fragment, _ = path.partition("#")
    start, places, rest = path.rpartition("://")
    parts = rest.split("/")
    masked = parts[:1]  # a host, or what stands before the first slash
    for before, part in pairwise(parts):
        masked.append(HIDDEN if _is_secret(before, part) else part)
    ending = f"{mark or fragment}{HIDDEN}" if mark or fragment else ""
    return f"{start}{places}{'/'.join(masked)}{ending}"


def _is_secret(before: str, part: str) -> bool:
    if before.lower() in _BEFORE_A_SECRET and part.lower() not in _STEPS:
        return True
    return any(_looks_random(piece) for piece in _PART.findall(part))


def _looks_random(piece: str) -> bool:
    """Return whether this looks random: q7x2k9fa, but not 2026 or campaign."""
    if len(piece) < RANDOM_LENGTH or piece.isdigit():
        return False
    if piece.isalpha():
        return len(piece) >= LONG_LENGTH
    return len(re.findall(r"\d+|[A-Za-z]+", piece)) > 2 or len(piece) >= LONG_LENGTH  # noqa: PLR2004  # as “final2” or “2026a” have
