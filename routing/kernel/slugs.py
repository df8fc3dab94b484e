"""
Slugs: parts of addresses and file names, spelled in Latin letters.

A title of a script that cannot be spelled reliably gives none, so that a person is asked for one.
"""

from __future__ import annotations

import re
from unicodedata import category, name, normalize

from anyascii import anyascii

MOST = 80  # characters, as for one step of an address in a folder of pages
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
# Scripts whose letters spell their sounds one after another. Arabic and Hebrew leave out vowels,
# Thai puts no spaces between words, and a Chinese character is read otherwise in Japanese: what a
# table makes of them is not what a reader would say.
_SPELLED = frozenset(
    {
        "LATIN",
        "GREEK",
        "CYRILLIC",
        "ARMENIAN",
        "GEORGIAN",
        "HANGUL",
        "HIRAGANA",
        "KATAKANA",
        "KATAKANA-HIRAGANA",
        "MODIFIER",
    }
)
# In a German word, Ü is written Ue. Other languages use these letters too, but none of them has ß.
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
_APOSTROPHES = re.compile("['`\u2018\u2019\u02bc\u02b9\u2032]")
_SYMBOLS = {"So", "Sk", "Cf", "Cn", "Co", "Cs"}  # emoji, and what is not seen


def is_slug(text: str) -> bool:
    """Return whether a text is lower-case letters a to z and digits, joined by single hyphens."""
    return _SLUG.fullmatch(text) is not None


def slug_of(text: str) -> str:
    """
    Return a readable slug of at most ``MOST`` characters.

    It is empty if a person must choose one: for a script that cannot be spelled reliably, and for a
    text without letters or digits.
    """
    return "" if _has_other_script(text) else spelled(text, most=MOST)


def spelled(text: str, *, most: int) -> str:
    """
    Return a text in the form of a slug, as well as a table can spell it. It may be empty.

    :param most: characters; the text ends before the word that would be cut
    """
    words = [_german(word) for word in normalize("NFKC", text).split()]
    seen = "".join(sign for sign in " ".join(words) if category(sign) not in _SYMBOLS)
    # Once more after the table, which spells some letters with an apostrophe: soft signs.
    letters = _APOSTROPHES.sub("", anyascii(_APOSTROPHES.sub("", seen)))
    return _shortened(re.sub(r"[^a-z0-9]+", "-", letters.lower()).strip("-"), most)


def _german(word: str) -> str:
    return word.translate(_GERMAN) if "ß" in word or "ẞ" in word else word


def _shortened(slug: str, most: int) -> str:
    if len(slug) <= most:
        return slug
    head, hyphen, _rest = slug[: most + 1].rpartition("-")
    return head if hyphen else slug[:most]


def _has_other_script(text: str) -> bool:
    letters = {sign for sign in normalize("NFKC", text) if category(sign).startswith("L")}
    return any(name(sign, "?").split(" ")[0] not in _SPELLED for sign in letters)
