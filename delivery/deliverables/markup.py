"""The only reader of HTML: a flat list of tags and texts instead of a tree, so depth is free."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass(frozen=True, slots=True)
class Open:
    tag: str
    # The first of each name counts, as in browsers. An attribute without a value is "".
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Close:
    tag: str


@dataclass(frozen=True, slots=True)
class Text:
    text: str  # character references resolved


Piece = Open | Close | Text
# Replaces the beginning of a comment or section that never ends. A private-use character, which no
# text contains.
_NOT_BEGUN = "<!\ue000"


class _PieceReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[Piece] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # Reversed, so that the first of two attributes with one name wins.
        given = {name: _as_written(value or "") for name, value in reversed(attrs)}
        self.pieces.append(Open(tag, given))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # Browsers ignore the slash of <div/> outside SVG.
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        self.pieces.append(Close(tag))

    def handle_data(self, data: str) -> None:
        self.pieces.append(Text(_as_written(data)))


def read(html: str) -> Iterator[Piece]:
    """Return the opening tags, closing tags and texts of HTML in order, however broken it is."""
    reader = _PieceReader()
    reader.feed(_ended(html))
    reader.close()
    return iter(reader.pieces)


def _ended(html: str) -> str:
    """
    Return HTML in which every tag and comment that begins also ends.

    A tag without an end becomes text. A section becomes a comment, as in browsers.
    """
    # html.parser searches the whole rest for the end of each unfinished tag, which takes quadratic
    # time (https://github.com/python/cpython/issues/135462, fixed in newer Pythons only). It raises
    # an error for sections such as <![x[.
    html = html.replace("<![", f"{_NOT_BEGUN}[")
    commented, end, rest = html.rpartition("-->")
    html = commented + end + rest.replace("<!--", f"{_NOT_BEGUN}--")
    tags, end, rest = html.rpartition(">")
    return tags + end + rest.replace("<", "&lt;")


def _as_written(text: str) -> str:
    return text.replace(_NOT_BEGUN, "<!")
