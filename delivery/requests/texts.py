"""Checks of text before it is stored."""

from __future__ import annotations


def storable(text: str) -> bool:
    """Return whether PostgreSQL can store a text: no NUL, and valid UTF-8."""
    if "\x00" in text:
        return False
    # Lone surrogates come from broken JSON escapes and have no encoding in UTF-8.
    return not any("\ud800" <= character <= "\udfff" for character in text)
