"""HTML as people and browsers take it: its text in blocks, its images, and a form in which two spellings of the same are equal."""  # noqa: E501

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape, unescape

from delivery.deliverables.markup import Open, Piece, Text, read

_UNSEEN = frozenset({"head", "script", "style", "template", "noscript", "svg"})
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())  # noqa: SIM905
_INLINE = frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark q ruby s samp small span".split()  # noqa: E501, SIM905
)
_INLINE |= frozenset("strike strong sub sup time tt u var wbr".split())  # noqa: SIM905
_ASSET = re.compile(r'(?<=["\'])asset:([0-9a-f]{64})(?=["\'])')
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class VisibleContent:
    """Visible parts of a page: ``blocks`` of text in order, none empty; ``images`` and ``links`` as written, in order."""  # noqa: E501

    blocks: tuple[str, ...]
    images: tuple[str, ...]
    links: tuple[str, ...]


class _VisibleReader:
    """What a person sees of the pieces that it takes."""

    def __init__(self) -> None:
        self.blocks: list[str] = []
        self.images: list[str] = []
        self.links: list[str] = []
        self._parts: list[str] = []
        self._open: list[tuple[str, bool]] = []  # what is open, and whether it hides what is in it
        # Of what is open, so that no closing tag looks in vain.
        self._tags: Counter[str] = Counter()
        self._hiding = 0

    def take(self, piece: Piece) -> None:
        if isinstance(piece, Text):
            if not self._hiding:
                self._parts.append(piece.text)
            return
        if piece.tag not in _INLINE:
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
        if piece.tag not in _VOID:
            hides = piece.tag in _UNSEEN or "hidden" in given
            self._open.append((piece.tag, hides))
            self._tags[piece.tag] += 1
            self._hiding += hides

    def _end(self, tag: str) -> None:
        """Close the innermost of this name, and all that is open in it."""
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
    sight = _VisibleReader()
    for piece in read(html):
        sight.take(piece)
    sight.end_block()
    return VisibleContent(tuple(sight.blocks), tuple(sight.images), tuple(sight.links))


def titles(html: str) -> str:
    """Return what the titles of a page say."""
    said, inside = [], False
    for piece in read(html):
        if isinstance(piece, Text):
            said += [piece.text] if inside else []
        elif piece.tag == "title":
            inside = isinstance(piece, Open)
            said.append(" ")
    return "".join(said)


def assets_in(html: str) -> list[str]:
    """The digests of the files it refers to, each once, in order."""
    return list(dict.fromkeys(_ASSET.findall(html)))


def placed(html: str, urls: Mapping[str, str]) -> str:
    """
    With the address of each file in place of its digest.

    :raises KeyError: if it refers to a file that has none
    """
    return _ASSET.sub(lambda found: escape(urls[found.group(1)]), html)


def spelled(html: str) -> list[str]:
    """
    Return its tags and texts one by one, with entities, spaces, the order of attributes and the
    slash of ``<br />`` made equal; no comments.
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
        elif piece.tag not in _VOID:
            tokens.append(f"</{piece.tag}>")
    return [token for token in tokens if token]


def plain(text: str) -> str:
    """One line of text as a field of a form keeps it, whether or not somebody turned & into &amp;."""  # noqa: E501
    return _SPACE.sub(" ", unescape(text)).strip()
