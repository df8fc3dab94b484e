"""
Read a page as its reader gets it: words in order, links, images and headings, and its head.

Every part knows the words before it and the element around it, so that the content can be told from
the theme.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from delivery.deliverables.markup import Open, Piece, Text, read
from integrations.base.markup import INLINE, UNSEEN, VOID
from integrations.proof.typography import normal

ROOT = 0  # the number of the element that holds all others
HEADINGS = {f"h{level}": level for level in range(1, 7)}
# Shown to nobody on a screen. Themes explain links to screen readers with them.
_FOR_READERS_ALOUD = frozenset({"screen-reader-text", "sr-only", "visually-hidden"})
_HIDDEN_STYLE = re.compile(
    r"(?:display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d]))", re.IGNORECASE
)
_PICTURED_TEXT = frozenset({"emoji", "wp-smiley"})
_EXTRAS = frozenset({"iframe", "video", "audio", "object", "embed", "form", "script"})
_DATA_SCRIPTS = ("json", "template", "text/html", "text/plain")
# Stands for a link or an image within the text of a block. A private-use character.
_MARK = "\ue001"
# Signs for looks that change what a text says: raised, lowered and struck through.
_SIGNS = {"sup": "^", "sub": "_", "del": "~", "s": "~", "strike": "~"}
_ENDS_PARAGRAPH = frozenset(
    "address article aside blockquote details div dl fieldset figure footer form h1 h2 h3 h4 h5 h6 "  # noqa: SIM905
    "header hr main nav ol p pre section table ul".split()
)
# By tag: the open tags that it ends, and those that it does not look beyond.
_ENDS = {
    "li": ({"li"}, {"ul", "ol"}),
    "dt": ({"dt", "dd"}, {"dl"}),
    "dd": ({"dt", "dd"}, {"dl"}),
    "td": ({"td", "th"}, {"tr", "table"}),
    "th": ({"td", "th"}, {"tr", "table"}),
    "tr": ({"tr"}, {"table", "thead", "tbody", "tfoot"}),
}
MOST_DEPTH = 200
_LOOKED_AT = 40  # open tags, when one is ended without saying so
# How names of classes begin that the editor of WordPress gives to what people write in it.
_EDITOR = tuple(
    "wp-block- wp-image- wp-container- wp-elements- wp-caption wp-embed embed has- is- align size-".split()  # noqa: E501, SIM905
)
# Themes and plugins put what they add beside a text into other elements.
_PROSE = frozenset({*HEADINGS, "p", "blockquote", "table", "pre"})
_PIXEL = frozenset({"0", "1"})
_EMAIL = re.compile(r"/cdn-cgi/l/email-protection#([0-9a-f]+)")


@dataclass(frozen=True, slots=True)
class PageElement:
    """``author`` is false for elements that only themes and plugins make."""

    tag: str
    parent: int
    author: bool = True


@dataclass(frozen=True, slots=True)
class PageBlock:
    """
    A block of text, normalised, with its place among the words of the page.

    ``level`` is that of a heading, or 0.
    """

    text: str
    start: int
    end: int
    element: int
    level: int = 0


@dataclass(slots=True)
class PageLink:
    text: str
    href: str
    element: int
    at: int = 0
    images: list[PageImage] = field(default_factory=list)


@dataclass(slots=True)
class PageImage:
    """``addresses`` has several if the image is loaded late or in several sizes."""

    addresses: tuple[str, ...]
    alt: str
    element: int
    at: int = 0


@dataclass(slots=True)
class PageExtra:
    """Something that no approved text has: a video, a frame, a form or a script."""

    tag: str
    element: int
    at: int = 0


@dataclass(slots=True)
class PageHead:
    title: str = ""
    robots: list[str] = field(default_factory=list)
    canonical: list[str] = field(default_factory=list)
    refresh: str = ""


@dataclass(slots=True)
class ReadPage:
    words: list[str] = field(default_factory=list)
    blocks: list[PageBlock] = field(default_factory=list)
    links: list[PageLink] = field(default_factory=list)
    images: list[PageImage] = field(default_factory=list)
    extras: list[PageExtra] = field(default_factory=list)
    # Images for browsers without scripts, which stand beside those that load late.
    spare: list[PageImage] = field(default_factory=list)
    elements: list[PageElement] = field(default_factory=lambda: [PageElement("", ROOT)])
    head: PageHead = field(default_factory=PageHead)

    def above(self, element: int) -> Iterator[int]:
        """Yield the element and those around it, from the inside."""
        while element != ROOT:
            yield element
            element = self.elements[element].parent
        yield ROOT


def read_page(html: str) -> ReadPage:
    """Read some HTML, however broken it is."""
    reader = _PublicPageReader()
    for piece in read(html):
        reader.take(piece)
    reader.end_block()
    reader.end_link()
    return reader.page


@dataclass(slots=True)
class _OpenElement:
    tag: str
    number: int
    block: int  # the innermost block around its text
    hides: bool
    level: int


class _PublicPageReader:
    def __init__(self) -> None:
        self.page = ReadPage()
        self._open: list[_OpenElement] = []
        self._tags: Counter[str] = Counter()
        self._hiding = 0
        self._parts: list[str] = []
        self._marked: list[PageLink | PageImage | PageExtra] = []
        self._link: tuple[PageLink, list[str]] | None = None
        self._sources: list[str] = []
        self._titled = False

    def take(self, piece: Piece) -> None:
        if isinstance(piece, Text):
            self._text(piece.text)
            return
        if piece.tag not in INLINE:
            self.end_block()
        if isinstance(piece, Open):
            self._begin(piece.tag, piece.attributes)
        elif self._tags[piece.tag]:
            self._end(piece.tag)

    def end_block(self) -> None:
        """Add the text since the last block, and place what stands within it."""
        page, start = self.page, len(self.page.words)
        marked = iter(self._marked)
        for token in normal("".join(self._parts)).split():
            pieces = token.split(_MARK)
            last = max((place for place, piece in enumerate(pieces) if piece), default=0)
            for place in range(len(pieces) - 1):
                next(marked).at = len(page.words) + (place >= last and bool(pieces[last]))
            if any(pieces):
                page.words.append("".join(pieces))
        if len(page.words) > start:
            text = " ".join(page.words[start:])
            around = self._open[-1] if self._open else _OpenElement("", ROOT, ROOT, False, 0)
            block = PageBlock(text, start, len(page.words), around.block, around.level)
            page.blocks.append(block)
        self._parts, self._marked = [], []
        if self._link:
            self._link[1].append(" ")

    def _text(self, text: str) -> None:
        if self._tags["title"] and not self._tags["svg"]:
            if not self._titled:
                self.page.head.title += text
        elif not self._hiding:
            self._say(text.replace(_MARK, ""))

    def _say(self, text: str) -> None:
        self._parts.append(text)
        if self._link:
            self._link[1].append(text)

    def _mark(self, part: PageLink | PageImage | PageExtra) -> None:
        self._parts.append(_MARK)
        self._marked.append(part)

    # -- Tags --------------------------------------------------------------------------------------

    def _begin(self, tag: str, given: Mapping[str, str]) -> None:
        self._imply(tag)
        if tag in {"meta", "link"}:
            self._head(tag, given)
        elif tag == "img":
            self._image(given)
        elif tag == "source":
            self._sources += _addresses(given)
        elif tag in _EXTRAS and not self._hiding and not _is_data(given):
            extra = PageExtra(tag, self._block)
            self.page.extras.append(extra)
            self._mark(extra)
        elif tag == "a" and given.get("href") and not self._hiding:
            self._begin_link(given["href"])
        if tag not in VOID:
            self._push(tag, given)

    def _push(self, tag: str, given: Mapping[str, str]) -> None:
        classes = given.get("class", "").split()
        hides = tag in UNSEEN or "hidden" in given or not _FOR_READERS_ALOUD.isdisjoint(classes)
        hides = hides or _HIDDEN_STYLE.search(given.get("style", "")) is not None
        # Inside of a frame or a video is only what old browsers show.
        hides = hides or tag in _EXTRAS - {"form"}
        if not hides and not self._hiding:
            self._parts.append(_SIGNS.get(tag, ""))
            if address := _email(given.get("data-cfemail", "")):
                self._say(address)
                hides = True  # its text says “[email protected]”
        number, inner = len(self.page.elements), self._open[-1] if self._open else None
        # Deeper elements count as parts of one, so that no page is slow to climb.
        parent = self._open[:MOST_DEPTH][-1].number if inner else ROOT
        self.page.elements.append(PageElement(tag, parent, _by_author(tag, classes, given)))
        inline = tag in INLINE and inner is not None
        block = inner.block if inline and inner else number
        level = HEADINGS.get(tag, inner.level if inner else 0)
        self._open.append(_OpenElement(tag, number, block, hides, level))
        self._tags[tag] += 1
        self._hiding += hides

    def _end(self, tag: str) -> None:
        """Close the innermost tag of this name and every tag inside it."""
        closed = ""
        while closed != tag:
            element = self._open.pop()
            closed = element.tag
            self._tags[closed] -= 1
            self._hiding -= element.hides
            if closed == "title":
                self._titled = True
            elif closed == "picture":
                self._sources = []
            elif closed == "a":
                self.end_link()
            if not self._hiding and _SIGNS.get(closed) == "~":
                self._parts.append("~")

    def _imply(self, tag: str) -> None:
        """End what the new tag ends without saying so."""
        if tag in _ENDS_PARAGRAPH and self._tags["p"]:
            self._end("p")
        ended, limits = _ENDS.get(tag, (set(), set()))
        for element in reversed(self._open[-_LOOKED_AT:] if ended else []):
            if element.tag in ended:
                self._end(element.tag)
                return
            if element.tag in limits:
                return

    @property
    def _block(self) -> int:
        return self._open[-1].block if self._open else ROOT

    # -- Links, images and the head ----------------------------------------------------------------

    def _begin_link(self, href: str) -> None:
        if found := _EMAIL.search(href):
            href = f"mailto:{_email(found[1])}"
        self.end_link()
        link = PageLink("", href, self._block)
        self._link = link, []
        self._mark(link)

    def end_link(self) -> None:
        if self._link is None:
            return
        link, parts = self._link
        link.text, self._link = normal("".join(parts)), None
        # A sign that leads to the heading beside it, as some themes add.
        if link.href.startswith("#") and len(link.text) <= 1 and not link.text.isalnum():
            if link.text and self._parts[-1:] == [link.text]:
                self._parts.pop()
            return
        self.page.links.append(link)

    def _image(self, given: Mapping[str, str]) -> None:
        alt, classes = normal(given.get("alt", "")), given.get("class", "").split()
        if not _PICTURED_TEXT.isdisjoint(classes):
            if not self._hiding:
                self._say(given.get("alt", ""))
            return
        addresses = (*_addresses(given), *self._sources)
        image = PageImage(addresses, alt, self._block)
        if self._hiding:
            if self._tags["noscript"]:
                self.page.spare.append(image)
            return
        # A place holder or a counter of visits is no image to a reader.
        size = {given.get("width", ""), given.get("height", "")}
        if not addresses or size <= _PIXEL:
            return
        self.page.images.append(image)
        if self._link:
            self._link[0].images.append(image)
        self._mark(image)

    def _head(self, tag: str, given: Mapping[str, str]) -> None:
        head, content = self.page.head, given.get("content", "")
        if tag == "link" and "canonical" in given.get("rel", "").lower().split():
            head.canonical.append(given.get("href", "").strip())
        elif given.get("name", "").lower() in {"robots", "googlebot"}:
            head.robots.append(content)
        elif given.get("http-equiv", "").lower() == "refresh" and "=" in content:
            head.refresh = content.partition("=")[2].strip("'\" ")


def _addresses(given: Mapping[str, str]) -> list[str]:
    found = []
    for name, value in given.items():
        if name == "src":
            found.append(value.strip())
        elif "srcset" in name:
            found += [part.split()[0] for part in value.split(", ") if part.split()]
        elif name.startswith("data-") and "/" in value and " " not in value:
            found.append(value)
    return [each for each in found if each and not each.startswith("data:")]


def _by_author(tag: str, classes: list[str], given: Mapping[str, str]) -> bool:
    """Return whether a person may have made it in the editor, not a theme or a plugin."""
    if tag in _PROSE:
        return True
    if given.get("id") or given.get("role"):
        return False
    return all(name.startswith(_EDITOR) for name in classes)


def _is_data(given: Mapping[str, str]) -> bool:
    """Return whether a script holds data for a program and does nothing."""
    return any(kind in given.get("type", "").lower() for kind in _DATA_SCRIPTS)


def _email(encoded: str) -> str:
    """Return an e-mail address that Cloudflare hides from harvesters, or an empty text."""
    try:
        key, *rest = bytes.fromhex(encoded)
    except ValueError:
        return ""
    return bytes(each ^ key for each in rest).decode(errors="replace")
