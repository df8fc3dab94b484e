"""
Text from outside without invisible characters, so that what is stored is what people read.

Removed are control characters, signs that turn the direction of the text around them, and signs
without any width. Joiners stay where they belong: inside emoji and inside words of scripts that
need them.
"""

from __future__ import annotations

import re
from unicodedata import category, normalize

JOINERS = "\u200c\u200d"
# Blank, although Unicode counts them as letters or symbols.
BLANK = "\u115f\u1160\u3164\uffa0\u2800"
# Embeddings, overrides and isolates show text in another order than it is read by everything else.
_TURNING = "\u202a-\u202e\u2066-\u2069"
_WITHOUT_WIDTH = (
    "\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb"
)
_CONTROL = "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff"
_REMOVED = re.compile(f"[{_TURNING}{_WITHOUT_WIDTH}{_CONTROL}]")
_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_SPACE = re.compile(r"\s+")
_LOOSE = re.compile(rf"(?<!\S)[{JOINERS}]+|[{JOINERS}]+(?!\S)|([{JOINERS}])[{JOINERS}]+")


def one_line(text: str) -> str:
    """Return a name or title on one line, or an empty string if nothing in it can be seen."""
    return _seen(_SPACE.sub(" ", _shown(_LINE_END.sub(" ", text))).strip())


def lines(text: str) -> str:
    """Return a longer text with its line breaks, or an empty string if nothing can be seen."""
    return _seen(_shown(_LINE_END.sub("\n", text)).strip())


def _shown(text: str) -> str:
    return _LOOSE.sub(r"\1", normalize("NFC", _REMOVED.sub("", text)))


def _seen(text: str) -> str:
    return text if any(_is_seen(sign) for sign in text) else ""


def _is_seen(sign: str) -> bool:
    # Marks alone, such as accents without a letter, count as nothing, too.
    return sign not in BLANK and category(sign)[0] not in "CZM"
