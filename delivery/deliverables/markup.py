"""
The one reader of HTML: a flat list of what opens, closes and is said, never a tree, so that depth
costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass(frozen=True, slots=True)
class Open:
    tag: str
    # The first of each name, as browsers do; "" without a value.
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Close:
    tag: str


@dataclass(frozen=True, slots=True)
class Text:
    text: str  # character references resolved


Piece = Open | Close | Text
# Stands where a section or a comment would begin that never ends. Private use: nobody writes it.
_NOT_BEGUN = "<!\ue000"


class _PieceReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[Piece] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: _as_written(value or "") for name, value in reversed(attrs)}
        self.pieces.append(Open(tag, given))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)  # outside SVG the slash of <div/> means nothing

    def handle_endtag(self, tag: str) -> None:
        self.pieces.append(Close(tag))

    def handle_data(self, data: str) -> None:
        self.pieces.append(Text(_as_written(data)))


def read(html: str) -> Iterator[Piece]:
    """
    Return the opening tags, closing tags and texts of some HTML, in order, however broken it is.
    """
    reader = _PieceReader()
    reader.feed(_ended(html))
    reader.close()
    return iter(reader.pieces)


def _ended(html: str) -> str:
    """
    Return HTML in which every tag and comment that begins also ends.

    For each one that does not, html.parser looks through all the rest, which takes time by the
    square (https://github.com/python/cpython/issues/135462, mended only in newer Pythons), and it
    raises an error for sections such as ``<![x[``. What never ends becomes text, and a section
    becomes the comment that browsers take it for.
    """
    html = html.replace("<![", f"{_NOT_BEGUN}[")
    commented, end, rest = html.rpartition("-->")
    html = commented + end + rest.replace("<!--", f"{_NOT_BEGUN}--")
    tags, end, rest = html.rpartition(">")
    return tags + end + rest.replace("<", "&lt;")


def _as_written(text: str) -> str:
    return text.replace(_NOT_BEGUN, "<!")
