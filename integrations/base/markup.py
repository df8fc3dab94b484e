"""Read HTML as people see it: text in blocks, images and links. Compare it despite spelling."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from delivery.deliverables.markup import Open, Piece, Text, read

UNSEEN = frozenset({"head", "script", "style", "template", "noscript", "svg"})
VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())  # noqa: SIM905
INLINE = frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark q ruby s samp small span".split()  # noqa: E501, SIM905
)
INLINE |= frozenset("strike strong sub sup time tt u var wbr".split())  # noqa: SIM905
_ASSET = re.compile(r'(?<=["\'])asset:([0-9a-f]{64})(?=["\'])')
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class VisibleContent:
    """The visible parts of a page, in order. No block of text is empty."""

    blocks: tuple[str, ...]
    images: tuple[str, ...]
    links: tuple[str, ...]


class _VisibleReader:
    """Collects the visible parts of a page, piece by piece."""

    def __init__(self) -> None:
        self.blocks: list[str] = []
        self.images: list[str] = []
        self.links: list[str] = []
        self._parts: list[str] = []
        self._open: list[tuple[str, bool]] = []  # open tags, and whether each hides its content
        # How many of each tag are open. A closing tag without one is skipped at once. Searching the
        # open tags for it would make a hostile page slow.
        self._tags: Counter[str] = Counter()
        self._hiding = 0

    def take(self, piece: Piece) -> None:
        if isinstance(piece, Text):
            if not self._hiding:
                self._parts.append(piece.text)
            return
        if piece.tag not in INLINE:
            self.end_block()
        if isinstance(piece, Open):
            self._begin(piece)
        elif self._tags[piece.tag]:
            self._end(piece.tag)

    def _begin(self, piece: Open) -> None:
        given = piece.attributes
        if piece.tag == "img" and (source := given.get("src")):
            self.images.append(source)
        if piece.tag == "a" and (target := given.get("href")):
            self.links.append(target)
        if piece.tag not in VOID:
            hides = piece.tag in UNSEEN or "hidden" in given
            self._open.append((piece.tag, hides))
            self._tags[piece.tag] += 1
            self._hiding += hides

    def _end(self, tag: str) -> None:
        """Close the innermost tag of this name and every tag inside it."""
        closed = ""
        while closed != tag:
            closed, hides = self._open.pop()
            self._tags[closed] -= 1
            self._hiding -= hides

    def end_block(self) -> None:
        text = _SPACE.sub(" ", "".join(self._parts)).strip()
        self._parts = []
        if text:
            self.blocks.append(text)


def seen(html: str) -> VisibleContent:
    """Return the visible parts of some HTML, however broken it is."""
    reader = _VisibleReader()
    for piece in read(html):
        reader.take(piece)
    reader.end_block()
    return VisibleContent(tuple(reader.blocks), tuple(reader.images), tuple(reader.links))


def titles(html: str) -> str:
    """Return the text of a page's title elements."""
    parts, inside = [], False
    for piece in read(html):
        if isinstance(piece, Text):
            if inside:
                parts.append(piece.text)
        elif piece.tag == "title":
            inside = isinstance(piece, Open)
            parts.append(" ")
    return "".join(parts)


def assets_in(html: str) -> list[str]:
    """Return the digests of the files that the HTML refers to, each once, in order."""
    return list(dict.fromkeys(_ASSET.findall(html)))


def placed(html: str, urls: Mapping[str, str]) -> str:
    """
    Put the address of each file in place of its digest.

    :raises KeyError: if a file has no address
    """
    return _ASSET.sub(lambda found: escape(urls[found.group(1)]), html)


def spelled(html: str) -> list[str]:
    """
    Return the tags and texts of some HTML in a normal form, without comments.

    Entities, spaces, the order of attributes and the slash of ``<br />`` make no difference.
    """
    tokens = []
    for piece in read(html):
        if isinstance(piece, Text):
            tokens.append(_SPACE.sub(" ", piece.text).strip())
        elif isinstance(piece, Open):
            given = "".join(
                f' {name}="{_SPACE.sub(" ", value).strip()}"'
                for name, value in sorted(piece.attributes.items())
            )
            tokens.append(f"<{piece.tag}{given}>")
        elif piece.tag not in VOID:
            tokens.append(f"</{piece.tag}>")
    return [token for token in tokens if token]
