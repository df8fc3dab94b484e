"""HTML as people and browsers take it: its text in blocks, its images, and a form in which two spellings of the same are equal."""  # noqa: E501

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape, unescape
from html.parser import HTMLParser

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


class _VisibleReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[str] = []
        self.images: list[str] = []
        self.links: list[str] = []
        self._parts: list[str] = []
        self._open: list[tuple[str, bool]] = []  # what is open, and whether it hides what is in it

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in _INLINE:
            self.end_block()
        if tag == "img" and (source := given.get("src")):
            self.images.append(source)
        if tag == "a" and (target := given.get("href")):
            self.links.append(target)
        if tag not in _VOID:
            self._open.append((tag, tag in _UNSEEN or "hidden" in given))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)  # outside SVG the slash of <div/> means nothing

    def handle_endtag(self, tag: str) -> None:
        if tag not in _INLINE:
            self.end_block()
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place][0] == tag:
                del self._open[place:]
                return

    def handle_data(self, data: str) -> None:
        if not any(hides for _, hides in self._open):
            self._parts.append(data)

    def end_block(self) -> None:
        text = _SPACE.sub(" ", "".join(self._parts)).strip()
        self._parts = []
        if text:
            self.blocks.append(text)


def seen(html: str) -> VisibleContent:
    """Return the visible parts of some HTML, however broken it is."""
    reader = _VisibleReader()
    reader.feed(html)
    reader.close()
    reader.end_block()
    return VisibleContent(tuple(reader.blocks), tuple(reader.images), tuple(reader.links))


def assets_in(html: str) -> list[str]:
    """The digests of the files it refers to, each once, in order."""
    return list(dict.fromkeys(_ASSET.findall(html)))


def placed(html: str, urls: Mapping[str, str]) -> str:
    """
    With the address of each file in place of its digest.

    :raises KeyError: if it refers to a file that has none
    """
    return _ASSET.sub(lambda found: escape(urls[found.group(1)]), html)


class _Speller(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tokens: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = "".join(
            f' {name}="{_SPACE.sub(" ", value or "").strip()}"'
            for name, value in sorted(attrs, key=lambda pair: pair[0])
        )
        self.tokens.append(f"<{tag}{given}>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            self.tokens.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        text = _SPACE.sub(" ", data).strip()
        if text:
            self.tokens.append(text)


def spelled(html: str) -> list[str]:
    """Its tags and texts one by one, with entities, spaces, the order of attributes and the slash of ``<br />`` made equal; no comments."""  # noqa: E501
    speller = _Speller()
    speller.feed(html)
    speller.close()
    return speller.tokens


def plain(text: str) -> str:
    """One line of text as a field of a form keeps it, whether or not somebody turned & into &amp;."""  # noqa: E501
    return _SPACE.sub(" ", unescape(text)).strip()
