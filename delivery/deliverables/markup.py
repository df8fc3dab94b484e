"""
HTML read as a flat list of what opens, closes and is said: never a tree, so depth costs nothing.
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


class _PieceReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[Piece] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.pieces.append(Open(tag, {name: value or "" for name, value in reversed(attrs)}))

    def handle_endtag(self, tag: str) -> None:
        self.pieces.append(Close(tag))

    def handle_data(self, data: str) -> None:
        self.pieces.append(Text(data))


def read(clean: str) -> Iterator[Piece]:
    """
    Return the opening tags, closing tags and texts of some HTML, in order.

    Give it only what nh3 has written: html.parser takes time by the square for tags that never end.
    """
    reader = _PieceReader()
    reader.feed(clean)
    reader.close()
    return iter(reader.pieces)
