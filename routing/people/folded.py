"""
Text without case, accents, encodings and invisible signs, with the places in the original.

Pure. The database's ``routing_fold`` serves searching; this one also undoes the encodings of HTML,
addresses, JSON and e-mails.
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import unquote

_SPECIAL = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ı": "i",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "ð": "d",
        "\u2019": "'",
    }
)
_INVISIBLE = frozenset({"Mn", "Me", "Cf"})
# One sign, or an encoding of some: HTML, percent, JSON, and quoted-printable with its soft breaks.
_PIECE = re.compile(
    r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]\w{1,30});"
    r"|(?:%[0-9A-Fa-f]{2})+"
    r"|\\u[0-9A-Fa-f]{4}"
    r"|=\r?\n"
    r"|(?:=[0-9A-F]{2})+"
    r"|.",
    re.DOTALL,
)
_ENCODED = re.compile(r"[&%=\\]")


def fold(text: str) -> str:
    """Return the text in lower case, without accents and invisible signs, digits as ASCII."""
    if text.isascii():
        return text.lower()
    signs = unicodedata.normalize("NFKD", text).casefold()
    kept = [sign for sign in signs if unicodedata.category(sign) not in _INVISIBLE]
    return "".join(_digit(sign) for sign in kept).translate(_SPECIAL)


def fold_decoded(text: str) -> str:
    """Return the text folded, with encoded signs decoded."""
    if _ENCODED.search(text):
        text = _PIECE.sub(lambda piece: _decoded(piece[0]), text)
    return fold(text)


def _digit(sign: str) -> str:
    if sign.isascii() or not sign.isdecimal():
        return sign
    return str(unicodedata.decimal(sign))


def _decoded(piece: str) -> str:
    if len(piece) == 1:
        return piece
    if piece.startswith("&"):
        return html.unescape(piece)
    if piece.startswith("%"):
        return unquote(piece, errors="replace")
    if piece.startswith("\\"):
        return chr(int(piece.replace("\\u", ""), 16))
    if piece.endswith("\n"):
        return ""
    return bytes.fromhex(piece.replace("=", "")).decode(errors="replace")


@dataclass(frozen=True, slots=True)
class FoldedText:
    """``starts`` and ``ends`` have the place in the original of each sign of ``text``."""

    text: str
    starts: list[int]
    ends: list[int]

    @classmethod
    def of(cls, original: str) -> FoldedText:
        signs: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        for piece in _PIECE.finditer(original):
            folded = fold(_decoded(piece[0]))
            if not folded and ends:
                # A combining or invisible sign belongs to the one before it.
                ends[-1] = piece.end()
            for sign in folded:
                signs.append(sign)
                starts.append(piece.start())
                ends.append(piece.end())
        return cls("".join(signs), starts, ends)

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return the place in the original of a match in ``text``."""
        return self.starts[start], self.ends[end - 1]
