"""
The first version of the comparison: every part is there, in order, whatever is added or changed.

Outcomes that it proved are judged by it until the present version has seen their page.
"""

from __future__ import annotations

import re
import unicodedata
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


def _normal(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text.translate(_PLAIN)).translate(_PLAIN)
    plain = _NAME.sub("wordpress", _TRADEMARK.sub("TM", plain))
    return " ".join(_DASHES.sub("-", _QUOTES.sub('"', plain)).split())


def lacks(title_text: str, body_html: str, page: str) -> list[str]:
    """Return one sentence for each part that the page lacks: title, text blocks and images."""
    shown = seen(page)
    text = _normal(" ".join(shown.blocks))
    head = _normal(titles(page))
    wanted = seen(body_html)
    found = []
    title = _normal(title_text)
    if title and _after(text, title, 0) < 0 and title not in head:
        found.append(f"The page does not show the title “{_short(title_text)}”.")
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
        wanted = _normal(block)
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
