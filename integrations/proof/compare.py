"""Compare a fetched public page with the approved version. Pure functions without I/O."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from html import unescape

from integrations.base.markup import seen, titles

# Undoes typographic quotes, dashes and signs, which content systems put in place of plain ones:
# https://developer.wordpress.org/reference/functions/wptexturize/
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
# WordPress corrects the spelling of its own name (capital_P_dangit).
_NAME = re.compile("wordpress", re.IGNORECASE)
_QUOTES = re.compile("'{2}|`{2}")
_SHOWN = 60  # characters of a text that a sentence quotes


@dataclass(frozen=True, slots=True)
class Shown:
    """The content that a page must show. ``body_html`` has the addresses of its images."""

    title: str
    body_html: str


def normal(text: str) -> str:
    """
    Normalise text, so that typographic changes by a content system make no difference.

    Normalising twice gives the same result as once.
    """
    plain = unicodedata.normalize("NFKC", text.translate(_PLAIN)).translate(_PLAIN)
    plain = _NAME.sub("wordpress", _TRADEMARK.sub("TM", plain))
    return " ".join(_DASHES.sub("-", _QUOTES.sub('"', plain)).split())


def differences(ours: Shown, page: str) -> list[str]:
    """Return one sentence for each part that the page lacks: title, text blocks and images."""
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
    # Blocks must appear in order, so each search starts where the last block ended.
    place, found = 0, []
    for block in blocks:
        wanted = normal(block)
        end = _after(text, wanted, place)
        if end >= 0:
            place = end
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
    Return whether the address occurs anywhere in the page.

    Lazy loading moves it from ``src`` to other attributes.
    """
    return image in page or image in unescape(page)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
