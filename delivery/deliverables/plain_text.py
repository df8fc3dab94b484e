"""Plain texts of a version, such as its title, as all systems store them."""

from __future__ import annotations

import re
from unicodedata import normalize

# Control characters, which no system shows and some do not store, and what ends a line.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_ENDS = re.compile(r"\r\n|[\r\n\u2028\u2029\x85]")
_SURROGATES = re.compile("[\ud800-\udfff]")  # half of a character, which UTF-8 cannot encode


def one_line(text: str) -> str:
    """Return the text on one line, without control characters."""
    return lines(text).replace("\n", " ").replace("\t", " ")


def lines(text: str) -> str:
    """Return the text in NFC without control characters, its lines ended by ``\\n``."""
    trimmed = "\n".join(line.strip(" \t") for line in _ENDS.split(text))
    whole = _SURROGATES.sub("\ufffd", trimmed)
    return normalize("NFC", _CONTROLS.sub("", whole)).strip()
