"""Changes between two versions, for reviewers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import chain, zip_longest
from typing import TypeVar

from delivery.deliverables.layout import (
    MOST_COMPARED,
    LookChange,
    layout_changes,
    opcodes,
    texts_of,
)
from delivery.deliverables.manifest import TEXTS, FileEntry, Manifest, digest, normal
from delivery.deliverables.reading import (
    SeenImage,
    SeenLink,
    Token,
    read_body,
    shape_of,
    text_of,
    tokens_of,
)

ENDS = frozenset(".!?。！？")  # of sentences
Seen = TypeVar("Seen", SeenLink, SeenImage)


class ChangeKind(StrEnum):
    SAME = "same"
    INSERTED = "inserted"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class TextRun:
    change: ChangeKind
    text: str  # words separated by single spaces; a line break is a word of its own
    glued: bool = False  # no space before it, as between the characters of Japanese


@dataclass(frozen=True, slots=True)
class FileChange:
    """
    A changed file: added (no ``before``), removed (no ``after``), or replaced or renamed (both).
    """

    before: FileEntry | None
    after: FileEntry | None


@dataclass(frozen=True, slots=True)
class LinkChange:
    """A link that leads elsewhere, or was added (no ``before``) or removed (no ``after``)."""

    text: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ImageChange:
    """An image in the text with its alt text. Added or removed, one side is empty."""

    before: str
    after: str
    alt_before: str
    alt_after: str


@dataclass(frozen=True, slots=True)
class Difference:
    """
    Changes between two versions.

    ``body`` is empty if the visible text is the same. ``markup`` is then true if tags, links or
    images changed. ``moved`` are the lines that only stand elsewhere, and ``reordered`` is whether
    the same files come in another order.
    """

    fields: tuple[tuple[str, str, str], ...]  # name, before, after
    terms: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]  # kind, added, removed
    body: tuple[TextRun, ...]
    markup: bool
    files: tuple[FileChange, ...]
    links: tuple[LinkChange, ...] = ()
    images: tuple[ImageChange, ...] = ()
    looks: tuple[LookChange, ...] = ()
    moved: tuple[str, ...] = ()
    reordered: bool = False

    @property
    def unnamed(self) -> bool:
        """Whether the layout changed in a way that no other part of the difference says."""
        return self.markup and not (self.links or self.images or self.looks)

    @property
    def nothing(self) -> bool:
        parts = (self.fields, self.terms, self.body, self.files, self.links, self.images)
        return not (any(parts) or self.markup or self.looks or self.reordered)


def difference(before: Manifest, after: Manifest) -> Difference:
    """
    Return the visible changes, in the order of the version's fields.

    Versions with equal digests differ in the order of their files at most.
    """
    old, new = read_body(before.body_html), read_body(after.body_html)
    same_text = texts_of(old.tokens) == texts_of(new.tokens)
    links, images = tuple(_links(old.links, new.links)), tuple(_images(before, after))
    told = {tag for tag, changes in (("a", links), ("img", images)) if changes}
    return Difference(
        fields=tuple(
            (name, getattr(before, name), getattr(after, name))
            for name in TEXTS
            if name != "body_html" and normal(getattr(before, name)) != normal(getattr(after, name))
        ),
        terms=_terms(before, after),
        body=() if same_text else _runs(old.tokens, new.tokens),
        markup=same_text and shape_of(before.body_html) != shape_of(after.body_html),
        files=tuple(_files(before.files, after.files)),
        links=links,
        images=images,
        looks=tuple(layout_changes(old, new, told)),
        moved=tuple(_moved(old.tokens, new.tokens)),
        reordered=_is_reordered(before.files, after.files),
    )


def looks_the_same(before: Manifest, after: Manifest) -> bool:
    """Return whether no reader can tell the two apart, such as after a space between two tags."""
    one, other = (replace(each, body_html=shape_of(each.body_html)) for each in (before, after))
    return digest(one) == digest(other)


def runs(before: str, after: str) -> tuple[TextRun, ...]:
    """
    Return the words of both texts as runs that are the same, deleted or inserted.

    Without the inserted runs they are the old text, without the deleted runs the new one. A middle
    that is too long to compare word by word is compared by sentences first.
    """
    return _runs(tokens_of(before), tokens_of(after))


def _runs(old: Sequence[Token], new: Sequence[Token]) -> tuple[TextRun, ...]:
    found = []
    for change, part in _steps(old, new):
        if part:
            found.append(TextRun(change, text_of(part), glued=part[0].glued))
    return tuple(found)


Step = tuple[ChangeKind, Sequence[Token]]


def _steps(old: Sequence[Token], new: Sequence[Token]) -> Iterator[Step]:
    before, after = _lines(old), _lines(new)
    if Counter(_words(before)) == Counter(_words(after)):
        yield from _by_line(before, after)
        return
    # Cutting off the same beginning and end first keeps the usual edit of one paragraph cheap.
    head = _shared(old, new)
    tail = _shared(old[head:][::-1], new[head:][::-1])
    yield ChangeKind.SAME, new[:head]
    yield from _compared(old[head : len(old) - tail], new[head : len(new) - tail])
    yield ChangeKind.SAME, new[len(new) - tail :]


def _compared(old: Sequence[Token], new: Sequence[Token]) -> Iterator[Step]:
    if max(len(old), len(new)) > MOST_COMPARED:
        yield from _by_sentence(old, new)
        return
    # Autojunk skips words that are everywhere, such as "the", which keeps long texts fast.
    for tag, i1, i2, j1, j2 in opcodes(texts_of(old), texts_of(new)):
        if tag == "equal":
            yield ChangeKind.SAME, new[j1:j2]
        else:
            yield ChangeKind.DELETED, old[i1:i2]
            yield ChangeKind.INSERTED, new[j1:j2]


def _by_sentence(old: Sequence[Token], new: Sequence[Token]) -> Iterator[Step]:
    """Compare long texts by sentences, and the words of the sentences that differ."""
    before, after = _sentences(old), _sentences(new)
    keys = [tuple(texts_of(part)) for part in before], [tuple(texts_of(part)) for part in after]
    for tag, i1, i2, j1, j2 in opcodes(*keys):
        gone, come = list(chain(*before[i1:i2])), list(chain(*after[j1:j2]))
        if tag == "equal":
            yield ChangeKind.SAME, come
        elif max(len(gone), len(come)) > MOST_COMPARED:
            yield ChangeKind.DELETED, gone
            yield ChangeKind.INSERTED, come
        else:
            yield from _compared(gone, come)


def _by_line(before: Sequence[Sequence[Token]], after: Sequence[Sequence[Token]]) -> Iterator[Step]:
    """Compare texts whose lines only change places, so that each of them stays whole."""
    for tag, i1, i2, j1, j2 in opcodes(_words(before), _words(after)):
        if tag == "equal":
            yield ChangeKind.SAME, list(chain(*after[j1:j2]))
        else:
            yield ChangeKind.DELETED, list(chain(*before[i1:i2]))
            yield ChangeKind.INSERTED, list(chain(*after[j1:j2]))


def _moved(old: Sequence[Token], new: Sequence[Token]) -> Iterator[str]:
    """Return the lines that were taken from one place and put at another."""
    before, after = _lines(old), _lines(new)
    gone: Counter[tuple[str, ...]] = Counter()
    come: list[Sequence[Token]] = []
    for tag, i1, i2, j1, j2 in opcodes(_words(before), _words(after)):
        if tag != "equal":
            gone.update(_words(before[i1:i2]))
            come += after[j1:j2]
    for line in come:
        words = _words_in(line)
        if gone[words]:
            gone[words] -= 1
            yield " ".join(text_of(line).split())


def _lines(tokens: Sequence[Token]) -> list[Sequence[Token]]:
    """Return the lines of a text, each with the line break after it."""
    found: list[list[Token]] = [[]]
    for token in tokens:
        found[-1].append(token)
        if token.text == "\n":
            found.append([])
    return [line for line in found if line]


def _words(lines: Sequence[Sequence[Token]]) -> list[tuple[str, ...]]:
    """Return the lines as they are compared: the last one has no line break."""
    return [_words_in(line) for line in lines]


def _words_in(line: Sequence[Token]) -> tuple[str, ...]:
    return tuple(token.text for token in line if token.text != "\n")


def _sentences(tokens: Sequence[Token]) -> list[Sequence[Token]]:
    found, begin = [], 0
    for number, token in enumerate(tokens, start=1):
        if token.text == "\n" or token.text[-1] in ENDS:
            found.append(tokens[begin:number])
            begin = number
    found.append(tokens[begin:])
    return [part for part in found if part]


def _shared(old: Sequence[Token], new: Sequence[Token]) -> int:
    """Return the number of words at the start that are the same."""
    for number, (one, other) in enumerate(zip(old, new, strict=False)):
        if one.text != other.text:
            return number
    return min(len(old), len(new))


# -- Links and images -----------------------------------------------------------------------


def _links(old: Sequence[SeenLink], new: Sequence[SeenLink]) -> Iterator[LinkChange]:
    for before, after in _pairs(old, new):
        text = after.text if after else before.text if before else ""
        yield LinkChange(text, before.href if before else "", after.href if after else "")


def _images(before: Manifest, after: Manifest) -> Iterator[ImageChange]:
    names = {f"asset:{file.sha256}": file.name for file in (*before.files, *after.files)}
    old, new = read_body(before.body_html).images, read_body(after.body_html).images
    for gone, come in _pairs(old, new):
        yield ImageChange(
            names.get(gone.source, gone.source) if gone else "",
            names.get(come.source, come.source) if come else "",
            gone.alt if gone else "",
            come.alt if come else "",
        )


def _pairs(old: Sequence[Seen], new: Sequence[Seen]) -> Iterator[tuple[Seen | None, Seen | None]]:
    """Return what was replaced, removed or added, in order."""
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            yield from zip_longest(old[i1:i2], new[j1:j2])


def _terms(
    before: Manifest, after: Manifest
) -> tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]:
    found = []
    for kind in sorted({*before.terms, *after.terms}):
        old = set(map(normal, before.terms.get(kind, ())))
        new = set(map(normal, after.terms.get(kind, ())))
        if old != new:
            found.append((kind, tuple(sorted(new - old)), tuple(sorted(old - new))))
    return tuple(found)


def _files(before: Sequence[FileEntry], after: Sequence[FileEntry]) -> list[FileChange]:
    """
    Pair the removed files with the added ones that replace them.

    Unchanged files are left out.
    """
    old, new = set(map(_identity, before)), set(map(_identity, after))
    gone = [file for file in before if _identity(file) not in new]
    come = [file for file in after if _identity(file) not in old]
    found: dict[int, FileChange] = {}
    # The strongest resemblance first: the same bytes, the same role and name, the same role.
    for alike in (lambda f: f.sha256, lambda f: (f.role, f.name), lambda f: f.role):
        waiting: dict[object, list[FileEntry]] = {}
        for file in gone:
            waiting.setdefault(alike(file), []).append(file)
        for number, file in enumerate(come):
            if number not in found and waiting.get(alike(file)):
                found[number] = FileChange(waiting[alike(file)].pop(0), file)
        taken = {id(change.before) for change in found.values()}
        gone = [file for file in gone if id(file) not in taken]
    changed = [found.get(number, FileChange(None, file)) for number, file in enumerate(come)]
    return [*changed, *(FileChange(file, None) for file in gone)]


def _is_reordered(before: Sequence[FileEntry], after: Sequence[FileEntry]) -> bool:
    old, new = list(map(_identity, before)), list(map(_identity, after))
    return old != new and sorted(old) == sorted(new)


def _identity(file: FileEntry) -> tuple[str, ...]:
    return (file.role, file.sha256.lower(), normal(file.name), file.type, normal(file.alt))
