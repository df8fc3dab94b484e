"""What a reader sees of body HTML, in pieces that can be compared: words, links, images, looks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from unicodedata import normalize

from django.utils.translation import gettext_lazy as _

from delivery.deliverables.marks import SeenCode, SeenMark, marked
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
CODE = frozenset({"code", "pre"})
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
    "kbd": _("key to press"),
    "samp": _("sample of output"),
    "q": _("in quotation marks"),
    "cite": _("title of a work"),
    "ins": _("inserted"),
}
NEAR = 8  # words that say where a mark is
AROUND = 300  # letters in which they are looked for


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
    marks: Sequence[SeenMark]
    code: Sequence[SeenCode]


class _BodyReader:
    def __init__(self) -> None:
        self.letters: list[tuple[str, frozenset[str]]] = []
        self.links: list[SeenLink] = []
        self.images: list[SeenImage] = []
        # Tag, words, whether it is told alone, and the number of letters before.
        self.marks: list[tuple[str, str, bool, int]] = []
        self.code: list[SeenCode] = []
        self._code: str | None = None  # of code that is open
        self._open: list[str] = []
        self._link: tuple[str, int] | None = None  # address, and where its text begins

    def open(self, piece: Open) -> None:
        if piece.tag in BLOCKS:
            self._add("\n")
        if said := marked(piece):
            self.marks.append((piece.tag, *said, len(self.letters)))
        if piece.tag in CODE and self._code is None:
            self._code = ""
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
        if self._code is not None and not CODE.intersection(self._open):
            self.code.append(SeenCode(self._code))
            self._code = None
        if piece.tag in BLOCKS:
            self._add("\n")
        elif piece.tag == "a" and self._link:
            href, begin = self._link
            text = " ".join("".join(letter for letter, _ in self.letters[begin:]).split())
            self.links.append(SeenLink(text, href))
            self._link = None

    def text(self, piece: Text) -> None:
        if self._code is not None:
            self._code += normalize("NFC", piece.text)
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
    marks = list(_placed(reader))
    return SeenBody(_lined(reader.letters), reader.links, reader.images, marks, reader.code)


def _placed(reader: _BodyReader) -> Iterator[SeenMark]:
    text = "".join(letter for letter, _looks in reader.letters)
    before = list(accumulate((not letter.isspace() for letter in text), initial=0))
    for tag, words, alone, begin in reader.marks:
        following = text[begin : begin + AROUND].strip().partition("\n")[0].split()[:NEAR]
        earlier = text[max(0, begin - AROUND) : begin].strip().rpartition("\n")[2]
        near = following or earlier.split()[-NEAR:]
        yield SeenMark(tag, words, before[begin], " ".join(near), alone)


def shape_of(html: str) -> str:
    """
    Return sanitised HTML without the spaces that no reader sees.

    Two bodies of one shape look the same. Spaces in code count.
    """
    parts: list[str] = []
    within: list[str] = []
    for piece in read(html):
        if isinstance(piece, Text):
            is_code = bool(CODE.intersection(within))
            parts.append(repr(piece.text) if is_code else re.sub(r"\s+", " ", piece.text))
            continue
        is_block = piece.tag in BLOCKS
        if is_block and parts and not CODE.intersection(within):
            parts[-1] = parts[-1].rstrip(" ")
        if isinstance(piece, Open):
            given = "".join(
                f" {name}={value!r}" for name, value in sorted(piece.attributes.items())
            )
            parts.append(f"<{piece.tag}{given}>")
            within += [piece.tag] if piece.tag not in VOID else []
        else:
            parts.append(f"</{piece.tag}>")
            if piece.tag in within:
                within.remove(piece.tag)
        if is_block:
            parts.append("\n")
    return re.sub(r"\n[ \n]*", "\n", "".join(parts)).strip()


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
