"""
Body HTML as an article may have it, and what a reader sees of it.

The allow-list is ours; parsing and writing are ammonia's (https://github.com/rust-ammonia/ammonia), by nh3: the parser of browsers, so
nothing survives that they would read differently.
"""  # noqa: E501

from __future__ import annotations

import re
from itertools import accumulate
from unicodedata import normalize

import nh3
from django.utils.translation import gettext as _

from delivery.deliverables.markup import Text, read

LIMIT = 200_000  # characters, before and after
TAGS = frozenset(
    "h1 h2 h3 h4 h5 h6 p ul ol li dl dt dd blockquote figure figcaption img a em strong b i s u small mark sub sup abbr q cite"  # noqa: E501, SIM905
    " del ins code kbd samp pre br hr table caption thead tbody tfoot tr th td details summary".split()  # noqa: E501
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
# Their content is no text of an article; nh3 drops the tags of the others and keeps what they say.
UNREAD = set(
    "script style template iframe noscript noembed noframes svg math title textarea xmp plaintext select".split()  # noqa: E501, SIM905
)
BLOCKS = frozenset(
    "h1 h2 h3 h4 h5 h6 p ul ol li dl dt dd blockquote figure figcaption br hr pre table caption thead tbody tfoot tr th td"  # noqa: E501, SIM905
    " details summary".split()
)
_VALUES = {
    "src": re.compile(r"asset:[0-9a-f]{64}|(?i:https)://[^\s\\/?#@][^\s\\]*"),
    "href": re.compile(r"(?!asset:)[^\s\\\x00-\x20][^\\]*", re.IGNORECASE),
    "lang": re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*"),
    "dir": re.compile(r"ltr|rtl|auto"),
    "scope": re.compile(r"col|row|colgroup|rowgroup"),
    **dict.fromkeys(("width", "height", "start", "colspan", "rowspan"), re.compile(r"[0-9]{1,5}")),
}
_CONTROLS = dict.fromkeys([*range(9), 11, 12, *range(14, 32), *range(127, 160)]) | dict.fromkeys(
    range(0xD800, 0xE000), "\ufffd"
)
# A parser opens these again in every block that follows, once for each that differs: a short text can so become a  # noqa: E501
# huge one (https://html.spec.whatwg.org/multipage/parsing.html#reconstruct-the-active-formatting-elements).
_REOPENED = re.compile(
    r"<(?:a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)[\s/]", re.IGNORECASE
)
_MOST_REOPENED = 3_000_000
_TAG = re.compile(r"<(/?)(?!(?:br|hr|img|col|wbr|input|meta|link)\b)[a-z]", re.IGNORECASE)
_MOST_OPEN = 2_000  # at once: each looks through those around it
_ROUNDS = 8


def sanitise(html: str) -> str:
    """
    The HTML with nothing but what an article may have; the same again when given its own answer, and NFC as a whole.

    :raises ValueError: if it is longer than ``LIMIT`` characters, before or after, or so tangled that it has no one reading
    """  # noqa: E501
    _measure(html)
    if len(_REOPENED.findall(html)) * html.count("<") > _MOST_REOPENED:
        raise ValueError(
            _(
                "The text has too many nested formatting tags. Remove the formatting and format it again."  # noqa: E501
            )
        )
    depths = accumulate((-1 if closing else 1 for closing in _TAG.findall(html)), initial=0)
    if max(depths) > _MOST_OPEN:
        message = _(
            "The text has more than %(most)s tags open at once. Remove the formatting and format it again."  # noqa: E501
        )
        raise ValueError(message % {"most": f"{_MOST_OPEN:,}"})
    # What a browser reads from the result can differ from it once more (a link within a link): go on until it does not.  # noqa: E501
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
    """Return the visible text: no tags, single spaces, one line per block, trimmed ends. Images are left out."""  # noqa: E501
    said = []
    for piece in read(
        nh3.clean(
            html.translate(_CONTROLS),
            tags=set(TAGS),
            clean_content_tags=UNREAD,
            attributes={},
            link_rel=None,
        )
    ):
        if isinstance(piece, Text):
            said.append(re.sub(r"\s+", " ", piece.text))
        elif piece.tag in BLOCKS:
            said.append("\n")
    lines = (" ".join(line.split()) for line in "".join(said).split("\n"))
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
    """NFC without U+0338 right after a tag, which would melt with its ``>`` into ``≯`` and undo the tag."""  # noqa: E501
    parts = html.split(">")
    for number, part in enumerate(parts[1:], 1):
        if part and not normalize("NFC", ">" + part).startswith(">"):
            run = re.match(r"[^\w\s<&]*", part)
            end = run.end() if run else 0
            parts[number] = part[:end].replace("\u0338", "") + part[end:]
    return normalize("NFC", ">".join(parts))


def _allowed(tag: str, name: str, value: str) -> str | None:
    value = normalize("NFC", value)
    if name in ("src", "href"):
        value = value.strip()
    pattern = _VALUES.get(name)
    return value if pattern is None or pattern.fullmatch(value) else None
