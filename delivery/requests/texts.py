"""Checks of text before it is stored."""

from __future__ import annotations


def storable(text: str) -> bool:
    """Return whether PostgreSQL can store it: no NUL, and valid in UTF-8."""
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)
