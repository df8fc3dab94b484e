"""Text without the typography that a content system adds."""

from __future__ import annotations

import re
import unicodedata

# Undoes typographic quotes, dashes and signs, which content systems put in place of plain ones:
# https://developer.wordpress.org/reference/functions/wptexturize/
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("“”„‟«»″‶", '"'),
        **dict.fromkeys("‘’‚‛′‵", "'"),
        **dict.fromkeys("–—‒―−‐‑", "-"),
        "×": "x",
        "…": "...",
        "™": "(tm)",
        # Invisible: soft hyphens, joiners, and selectors of emoji or text.
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff\ufe0e\ufe0f"),
    }
)
_DASHES = re.compile(r"-{2,}")
_TRADEMARK = re.compile(r"\(tm\)", re.IGNORECASE)
# WordPress corrects the spelling of its own name (capital_P_dangit).
_NAME = re.compile("wordpress", re.IGNORECASE)
_QUOTES = re.compile("'{2}|`{2}")
_SHOWN = 60  # characters of a text that a sentence quotes


def normal(text: str) -> str:
    """
    Normalise text, so that typographic changes by a content system make no difference.

    Letters, digits and raised or lowered signs stay what they are. Normalising twice gives the same
    result as once.
    """
    plain = unicodedata.normalize("NFC", text.translate(_PLAIN)).translate(_PLAIN)
    plain = _NAME.sub("wordpress", _TRADEMARK.sub("(tm)", plain))
    return " ".join(_DASHES.sub("-", _QUOTES.sub('"', plain)).split())


def short(text: str) -> str:
    """Return the beginning of a text, as a sentence quotes it."""
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
