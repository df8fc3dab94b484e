"""What people write, before it is kept."""

from __future__ import annotations


def storable(text: str) -> bool:
    """Whether PostgreSQL can keep it: no NUL, and nothing that UTF-8 cannot say."""
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)
