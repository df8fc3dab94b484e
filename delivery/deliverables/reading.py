"""What a reader sees of body HTML, in pieces that can be compared: words, links, images, looks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from unicodedata import normalize

from django.utils.translation import gettext_lazy as _

from delivery.deliverables.markup import Close, Open, Text, read
from delivery.deliverables.sanitise import BLOCKS
from routing.work.gates import Words

RAISED = str.maketrans("0123456789+-=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ")
LOWERED = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")
# Scripts that put no spaces between words are compared by character.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_TOKEN = re.compile(rf"\n|[{_UNSPACED}]|[^\s{_UNSPACED}]+")
VOID = frozenset({"br", "hr", "img"})
LOOKS: dict[str, Words] = {
    "h1": _("heading 1"),
    "h2": _("heading 2"),
    "h3": _("heading 3"),
    "h4": _("heading 4"),
    "h5": _("heading 5"),
    "h6": _("heading 6"),
    "ul": _("bulleted list"),
    "ol": _("numbered list"),
    "blockquote": _("quotation"),
    "figcaption": _("caption"),
    "caption": _("caption"),
    "td": _("table cell"),
    "th": _("table heading"),
    "pre": _("preformatted"),
    "b": _("bold"),
    "strong": _("bold"),
    "i": _("italic"),
    "em": _("italic"),
    "u": _("underlined"),
    "s": _("struck through"),
    "del": _("struck through"),
    "mark": _("highlighted"),
    "small": _("small"),
    "code": _("code"),
}


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a character of a script without spaces, or a line break."""

    text: str
    glued: bool = False  # no space before it
    looks: frozenset[str] = frozenset()  # tags around it


@dataclass(frozen=True, slots=True)
class SeenLink:
    text: str
    href: str


@dataclass(frozen=True, slots=True)
class SeenImage:
    source: str
    alt: str


@dataclass(frozen=True, slots=True)
class SeenBody:
    tokens: Sequence[Token]
    links: Sequence[SeenLink]
    images: Sequence[SeenImage]


class _BodyReader:
    def __init__(self) -> None:
        self.letters: list[tuple[str, frozenset[str]]] = []
        self.links: list[SeenLink] = []
        self.images: list[SeenImage] = []
        self._open: list[str] = []
        self._link: tuple[str, int] | None = None  # address, and where its text begins

    def open(self, piece: Open) -> None:
        if piece.tag in BLOCKS:
            self._add("\n")
        if piece.tag == "img":
            given = piece.attributes
            self.images.append(SeenImage(given.get("src", ""), given.get("alt", "")))
        elif piece.tag == "a" and piece.attributes.get("href"):
            self._link = piece.attributes["href"], len(self.letters)
        if piece.tag not in VOID:
            self._open.append(piece.tag)

    def close(self, piece: Close) -> None:
        if piece.tag in self._open:
            while self._open.pop() != piece.tag:
                pass
        if piece.tag in BLOCKS:
            self._add("\n")
        elif piece.tag == "a" and self._link:
            href, begin = self._link
            text = " ".join("".join(letter for letter, _ in self.letters[begin:]).split())
            self.links.append(SeenLink(text, href))
            self._link = None

    def text(self, piece: Text) -> None:
        text = normalize("NFC", re.sub(r"\s+", " ", piece.text))
        if "sup" in self._open:
            text = _small(text, RAISED, "^")
        elif "sub" in self._open:
            text = _small(text, LOWERED, "_")
        self._add(text)

    def _add(self, text: str) -> None:
        looks = frozenset(self._open) & LOOKS.keys()
        self.letters += [(letter, looks) for letter in text]


def read_body(html: str) -> SeenBody:
    """Read sanitised HTML. The visible text alone is ``sanitise.visible_text``."""
    reader = _BodyReader()
    for piece in read(html):
        if isinstance(piece, Open):
            reader.open(piece)
        elif isinstance(piece, Close):
            reader.close(piece)
        else:
            reader.text(piece)
    return SeenBody(_lined(reader.letters), reader.links, reader.images)


def tokens_of(text: str) -> list[Token]:
    return _lined([(letter, frozenset()) for letter in text])


def text_of(tokens: Sequence[Token]) -> str:
    """Return the text of tokens, without a space at its start."""
    parts = [token.text if token.glued else f" {token.text}" for token in tokens]
    return "".join(parts).removeprefix(" ")


def looks_in_words(looks: frozenset[str]) -> str:
    named = dict.fromkeys(str(LOOKS[tag]) for tag in LOOKS if tag in looks)
    return ", ".join(named) or str(_("plain text"))


def _small(text: str, letters: dict[int, int], sign: str) -> str:
    """Return raised or lowered text as characters of its own, so that 10² is not 102."""
    if not text.strip():
        return text
    if all(ord(letter) in letters for letter in text.strip()):
        return text.translate(letters)
    return f"{sign}({text.strip()})"


def _lined(letters: Sequence[tuple[str, frozenset[str]]]) -> list[Token]:
    """Return the tokens of a text, with one line break between lines that have words."""
    found: list[Token] = []
    for token in _tokens(letters):
        if token.text != "\n":
            found.append(token)
        elif found and found[-1].text != "\n":
            found.append(Token("\n"))
    if found and found[-1].text == "\n":
        found.pop()
    return found


def _tokens(letters: Sequence[tuple[str, frozenset[str]]]) -> Iterator[Token]:
    text, end = "".join(letter for letter, _looks in letters), 0
    for match in _TOKEN.finditer(text):
        looks: frozenset[str] = frozenset()
        if match.group() != "\n":
            looks = looks.union(*(each for _letter, each in letters[match.start() : match.end()]))
        glued = match.start() == end and end > 0 and text[end - 1] != "\n"
        yield Token(match.group(), glued and match.group() != "\n", looks)
        end = match.end()
