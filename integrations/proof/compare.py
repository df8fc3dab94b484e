"""
Comparison of a public page with the approved version.

Pure: the page has already been fetched.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from html import unescape

from integrations.base.markup import seen, titles

# What content systems make of plain quotes, dashes and signs, turned back. https://developer.wordpress.org/reference/functions/wptexturize/
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("“”„‟«»″‶", '"'),
        **dict.fromkeys("‘’‚‛′‵", "'"),
        **dict.fromkeys("–—‒―−‐‑", "-"),
        "×": "x",
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff"),
    }
)
_DASHES = re.compile(r"-{2,}")
_TRADEMARK = re.compile(r"\(tm\)", re.IGNORECASE)
# Which WordPress spells its own way (capital_P_dangit).
_NAME = re.compile("wordpress", re.IGNORECASE)
_QUOTES = re.compile("'{2}|`{2}")
_SHOWN = 60  # characters of a text in a sentence about it


@dataclass(frozen=True, slots=True)
class Shown:
    """Content that a page must show: ``body_html`` with the addresses of its images in place."""

    title: str
    body_html: str


def normal(text: str) -> str:
    """
    Text in which whatever a content system may change about its looks is gone; doing it twice is
    the same as once.
    """
    plain = unicodedata.normalize("NFKC", text.translate(_PLAIN)).translate(_PLAIN)
    plain = _NAME.sub("wordpress", _TRADEMARK.sub("TM", plain))
    return " ".join(_DASHES.sub("-", _QUOTES.sub('"', plain)).split())


def differences(ours: Shown, page: str) -> list[str]:
    """
    Return one sentence for each missing part of the page: the title, text blocks in order, images.
    """
    shown = seen(page)
    text = normal(" ".join(shown.blocks))
    head = normal(titles(page))
    wanted = seen(ours.body_html)
    found = []
    title = normal(ours.title)
    if title and _after(text, title, 0) < 0 and title not in head:
        found.append(f"The page does not show the title “{_short(ours.title)}”.")
    found += _blocks(text, wanted.blocks)
    found += [
        f"The page does not show the image {image}."
        for image in dict.fromkeys(wanted.images)
        if not _uses(page, image)
    ]
    return found


def _blocks(text: str, blocks: tuple[str, ...]) -> list[str]:
    place, found = 0, []
    for block in blocks:
        wanted = normal(block)
        here = _after(text, wanted, place)
        if here >= 0:
            place = here
        elif _after(text, wanted, 0) >= 0:
            found.append(f"The page shows “{_short(block)}” in another place.")
        else:
            found.append(f"The page does not show “{_short(block)}”.")
    return found


def _after(text: str, wanted: str, start: int) -> int:
    """Return the end of ``wanted``, as whole words, in ``text`` at or after ``start``, or -1."""
    match = re.compile(r"(?<!\w)" + re.escape(wanted) + r"(?!\w)").search(text, start)
    return match.end() if match else -1


def _uses(page: str, image: str) -> bool:
    """
    Return whether the address occurs anywhere: lazy loading moves it from ``src`` to another
    attribute.
    """
    return image in page or image in unescape(page)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
