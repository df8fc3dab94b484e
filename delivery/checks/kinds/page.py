"""A version as checks see it: the body is read once, in one pass, into flat lists."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from delivery.deliverables.manifest import Manifest
from delivery.deliverables.markup import Close, Open, Text, read
from delivery.deliverables.sanitise import BLOCKS, sanitise

HEADINGS = {f"h{level}": level for level in range(1, 7)}


@dataclass(frozen=True, slots=True)
class BudgetContext:
    """Numbers from outside the version. None means that the number is unknown."""

    estimated_amount: Decimal | None = None
    estimated_hours: Decimal | None = None
    remaining_amount: Decimal | None = None
    remaining_hours: Decimal | None = None
    currency: str = ""


@dataclass(slots=True)
class PagePart:
    """A heading, a link or a table with its text, to which the alt text of images belongs."""

    tag: str
    href: str | None = None
    said: list[str] = field(default_factory=list)
    headers: int = 0
    cells: int = 0

    @property
    def text(self) -> str:
        return " ".join("".join(self.said).split())


@dataclass(frozen=True, slots=True)
class Image:
    src: str
    alt: str | None  # None without the attribute; an empty text means decorative


@dataclass(frozen=True, slots=True)
class CheckedPage:
    manifest: Manifest
    context: BudgetContext
    fault: str = ""  # why the body cannot be read; then all lists are empty
    text: str = ""  # of the body, one line for each block
    headings: tuple[PagePart, ...] = ()
    links: tuple[PagePart, ...] = ()
    tables: tuple[PagePart, ...] = ()
    images: tuple[Image, ...] = ()


def look(manifest: Manifest, context: BudgetContext) -> CheckedPage:
    """
    Read a version for its checks.

    If the body cannot be sanitised, ``fault`` says why; no exception is raised.
    """
    # The rules of the sanitiser may be stricter today than when the version was stored.
    try:
        body = sanitise(manifest.body_html)
    except ValueError as error:
        return CheckedPage(manifest, context, fault=str(error))
    reader = _PageReader()
    for piece in read(body):
        reader.take(piece)
    return CheckedPage(
        manifest,
        context,
        text="".join(reader.text),
        headings=tuple(reader.headings),
        links=tuple(reader.links),
        tables=tuple(reader.tables),
        images=tuple(reader.images),
    )


class _PageReader:
    """Collects the parts of a body from its tags and texts."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.headings: list[PagePart] = []
        self.links: list[PagePart] = []
        self.tables: list[PagePart] = []
        self.images: list[Image] = []
        self.open: dict[str, list[PagePart]] = {"heading": [], "link": [], "table": []}

    def take(self, piece: Open | Close | Text) -> None:
        if isinstance(piece, Text):
            # A line break in the source is a space on the page. Lines are for blocks.
            self.text.append(" ".join(piece.text.split("\n")))
            self.say(piece.text)
            return
        if piece.tag in BLOCKS:
            self.text.append("\n")
            self.say(" ")
        if isinstance(piece, Open):
            self.begin(piece)
        else:
            self.end(piece.tag)

    def say(self, text: str) -> None:
        # A link within a heading: the text belongs to both.
        for parts in self.open.values():
            if parts:
                parts[-1].said.append(text)

    def begin(self, piece: Open) -> None:
        if piece.tag == "img":
            self.images.append(Image(piece.attributes.get("src", ""), piece.attributes.get("alt")))
            # A link or a heading with nothing but an image is described by the alt text.
            self.say(f" {piece.attributes.get('alt', '')} ")
        elif piece.tag in ("th", "td"):
            # Tables may be nested, and broken HTML has cells outside any.
            for table in self.open["table"][-1:]:
                table.headers += piece.tag == "th"
                table.cells += 1
        elif group := _group(piece.tag):
            part = PagePart(piece.tag, piece.attributes.get("href"))
            self.open[group].append(part)
            {"heading": self.headings, "link": self.links, "table": self.tables}[group].append(part)

    def end(self, tag: str) -> None:
        group = _group(tag)
        if group and self.open[group]:
            self.open[group].pop()


def _group(tag: str) -> str:
    if tag in HEADINGS:
        return "heading"
    return {"a": "link", "table": "table"}.get(tag, "")
