"""
Sanitising of body HTML, and its visible text.

The allow-list is ours. Parsing and writing are done by ammonia (through nh3), which reads HTML as
browsers do, so nothing passes that they would read differently.
"""

from __future__ import annotations

import re
from itertools import accumulate
from unicodedata import category, normalize

import nh3
from django.utils.translation import gettext as _

from delivery.deliverables.markup import Text, read
from routing.kernel.clean_text import JOINERS

LIMIT = 200_000  # characters, before and after
TAGS = frozenset(
    "h1 h2 h3 h4 h5 h6 p ul ol li dl dt dd blockquote figure figcaption img a em strong "  # noqa: SIM905
    "b i s u small mark sub sup abbr q cite del ins code kbd samp pre br hr "
    "table caption thead tbody tfoot tr th td details summary".split()
)
ATTRIBUTES = {
    "*": {"lang", "dir"},
    "a": {"href"},
    "abbr": {"title"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start", "reversed"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
SCHEMES = {"https", "http", "mailto", "tel", "asset"}
# These are removed with their content, which is not text of an article. Of all other unknown tags
# nh3 keeps the content.
UNREAD = set(
    "script style template iframe noscript noembed noframes svg math title textarea xmp "  # noqa: SIM905
    "plaintext select".split()
)
BLOCKS = frozenset(
    "h1 h2 h3 h4 h5 h6 p ul ol li dl dt dd blockquote figure figcaption br hr pre "  # noqa: SIM905
    "table caption thead tbody tfoot tr th td details summary".split()
)
_VALUES = {
    "src": re.compile(r"asset:[0-9a-f]{64}|(?i:https)://[^\s\\/?#@][^\s\\]*"),
    # References to files are for images only.
    "href": re.compile(r"(?!asset:)[^\s\\\x00-\x20][^\\]*", re.IGNORECASE),
    "lang": re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*"),
    "dir": re.compile(r"ltr|rtl|auto"),
    "scope": re.compile(r"col|row|colgroup|rowgroup"),
    **dict.fromkeys(("width", "height", "start", "colspan", "rowspan"), re.compile(r"[0-9]{1,5}")),
}
_LEFT_OUT = re.compile(r"[\t\n\r]")
_SCHEME = re.compile(r"https?:", re.IGNORECASE)
_AFTER_HOST = re.compile(r"[/?#\\]")
# Control characters, which HTML forbids, and lone surrogates, which UTF-8 cannot encode.
_CONTROLS = dict.fromkeys([*range(9), 11, 12, *range(14, 32), *range(127, 160)]) | dict.fromkeys(
    range(0xD800, 0xE000), "\ufffd"
)
# A parser opens unclosed formatting tags again in every block that follows, so a short text can
# grow into a huge one. See
# https://html.spec.whatwg.org/multipage/parsing.html#reconstruct-the-active-formatting-elements
_REOPENED = re.compile(
    r"<(?:a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)[\s/]", re.IGNORECASE
)
_MOST_REOPENED = 3_000_000
_TAG = re.compile(r"<(/?)(?!(?:br|hr|img|col|wbr|input|meta|link)\b)[a-z]", re.IGNORECASE)
# Tags open at once. The parser searches all of them for each new one.
_MOST_OPEN = 2_000
_ROUNDS = 8


def sanitise(html: str) -> str:
    """
    Return HTML that contains allowed tags and attributes only, in NFC.

    Sanitising the result again does not change it.

    :raises ValueError: if the HTML is longer than ``LIMIT`` characters, before or after, or its
        tags are nested too badly to read
    """
    _measure(html)
    if len(_REOPENED.findall(html)) * html.count("<") > _MOST_REOPENED:
        raise ValueError(
            _(
                "The text has too many nested formatting tags. Remove the formatting and format "
                "it again."
            )
        )
    depths = accumulate((-1 if closing else 1 for closing in _TAG.findall(html)), initial=0)
    if max(depths) > _MOST_OPEN:
        message = _(
            "The text has more than %(most)s tags open at once. Remove the formatting and format "
            "it again."
        )
        raise ValueError(message % {"most": f"{_MOST_OPEN:,}"})
    # A parser may change its own output again, for example a link within a link. The digest needs a
    # body that stays the same, so repeat until it does.
    cleaned = _clean(html)
    for _round in range(_ROUNDS):
        _measure(cleaned)
        again = _clean(cleaned)
        if again == cleaned:
            return cleaned
        cleaned = again
    raise ValueError(
        _("The text has badly nested tags. Remove the formatting and format it again.")
    )


def visible_text(html: str) -> str:
    """
    Return the visible text without images.

    Words are separated by single spaces, and each block is a line.
    """
    cleaned = nh3.clean(
        html.translate(_CONTROLS),
        tags=set(TAGS),
        clean_content_tags=UNREAD,
        attributes={},
        link_rel=None,
    )
    texts = []
    for piece in read(cleaned):
        if isinstance(piece, Text):
            texts.append(re.sub(r"\s+", " ", piece.text))
        elif piece.tag in BLOCKS:
            texts.append("\n")
    lines = (" ".join(line.split()) for line in "".join(texts).split("\n"))
    return normalize("NFC", "\n".join(line for line in lines if line))


def _measure(html: str) -> None:
    if len(html) > LIMIT:
        message = _(
            "The text has %(found)s characters including tags; the limit is %(most)s. Split it."
        )
        raise ValueError(message % {"found": f"{len(html):,}", "most": f"{LIMIT:,}"})


def _clean(html: str) -> str:
    cleaned = nh3.clean(
        _composed(html.replace("\r\n", "\n").replace("\r", "\n").translate(_CONTROLS)),
        tags=set(TAGS),
        clean_content_tags=UNREAD,
        attributes=ATTRIBUTES,
        attribute_filter=_allowed,
        url_schemes=SCHEMES,
        link_rel="noopener",
    )
    return _composed(cleaned)


def _composed(html: str) -> str:
    """Return HTML in NFC, with all tags intact."""
    # U+0338 right after a tag would combine with its ">" into "≯", and the tag would be gone.
    parts = html.split(">")
    for number, part in enumerate(parts[1:], 1):
        if part and not normalize("NFC", ">" + part).startswith(">"):
            run = re.match(r"[^\w\s<&]*", part)
            end = run.end() if run else 0
            parts[number] = part[:end].replace("\u0338", "") + part[end:]
    return normalize("NFC", ">".join(parts))


def _misleads(address: str) -> bool:
    """Return whether an address looks like another one, by a user name or by turned letters."""
    unseen = (sign for sign in address if sign not in JOINERS)
    return _has_user(address) or any(category(sign) == "Cf" for sign in unseen)


def _has_user(address: str) -> bool:
    """Return whether a user name stands before the host, so that it looks like another site."""
    # As browsers read it: without tabs and line ends, and with any number of slashes after http.
    text = _LEFT_OUT.sub("", address)
    scheme = _SCHEME.match(text)
    rest = text[scheme.end() :] if scheme else text
    host = rest.lstrip("/\\")
    if not scheme and len(rest) - len(host) < len("//"):
        return False
    return "@" in _AFTER_HOST.split(host, maxsplit=1)[0]


def _allowed(tag: str, name: str, value: str) -> str | None:
    value = normalize("NFC", value)
    if name in ("src", "href"):
        value = value.strip()
        if _misleads(value):
            return None
    pattern = _VALUES.get(name)
    if pattern is None or pattern.fullmatch(value):
        return value
    return None
