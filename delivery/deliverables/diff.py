"""Changes between two versions, for reviewers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from delivery.deliverables.manifest import TEXTS, FileEntry, Manifest, normal
from delivery.deliverables.sanitise import visible_text

# Words on each side. Comparing them one by one takes quadratic time.
MOST_COMPARED = 2_000
_WORD = re.compile(r"\n|[^\s]+")


class ChangeKind(StrEnum):
    SAME = "same"
    INSERTED = "inserted"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class TextRun:
    change: ChangeKind
    text: str  # words separated by single spaces; a line break is a word of its own


@dataclass(frozen=True, slots=True)
class FileChange:
    """
    A changed file: added (no ``before``), removed (no ``after``), or replaced or renamed (both).
    """

    before: FileEntry | None
    after: FileEntry | None


@dataclass(frozen=True, slots=True)
class Difference:
    """
    Changes between two versions.

    ``body`` is empty if the visible text is the same. ``markup`` is then true if tags, links or
    images changed.
    """

    fields: tuple[tuple[str, str, str], ...]  # name, before, after
    terms: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]  # kind, added, removed
    body: tuple[TextRun, ...]
    markup: bool
    files: tuple[FileChange, ...]


def difference(before: Manifest, after: Manifest) -> Difference:
    """
    Return the visible changes, in the order of the version's fields.

    Versions with equal digests differ in the order of their files at most.
    """
    old, new = visible_text(before.body_html), visible_text(after.body_html)
    return Difference(
        fields=tuple(
            (name, getattr(before, name), getattr(after, name))
            for name in TEXTS
            if name != "body_html" and normal(getattr(before, name)) != normal(getattr(after, name))
        ),
        terms=_terms(before, after),
        body=runs(old, new) if old != new else (),
        markup=old == new and normal(before.body_html) != normal(after.body_html),
        files=tuple(_files(before.files, after.files)),
    )


def runs(before: str, after: str) -> tuple[TextRun, ...]:
    """
    Return the words of both texts as runs that are the same, deleted or inserted.

    Without the inserted runs they are the old text, without the deleted runs the new one. A middle
    that is too long to compare word by word becomes one replacement.
    """
    # Cutting off the same beginning and end first keeps the usual edit of one paragraph cheap.
    old, new = _WORD.findall(before), _WORD.findall(after)
    head = _shared(old, new)
    tail = _shared(old[head:][::-1], new[head:][::-1])
    old_middle, new_middle = old[head : len(old) - tail], new[head : len(new) - tail]
    found = [
        TextRun(ChangeKind.SAME, _text(old[:head])),
        *_compared(old_middle, new_middle),
        TextRun(ChangeKind.SAME, _text(old[len(old) - tail :])),
    ]
    return tuple(run for run in found if run.text)


def _compared(old: Sequence[str], new: Sequence[str]) -> list[TextRun]:
    if max(len(old), len(new)) > MOST_COMPARED:
        return [TextRun(ChangeKind.DELETED, _text(old)), TextRun(ChangeKind.INSERTED, _text(new))]
    found = []
    # Autojunk skips words that are everywhere, such as "the", which keeps long texts fast.
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=True).get_opcodes():
        if tag == "equal":
            found.append(TextRun(ChangeKind.SAME, _text(old[i1:i2])))
        else:
            found += [
                TextRun(ChangeKind.DELETED, _text(old[i1:i2])),
                TextRun(ChangeKind.INSERTED, _text(new[j1:j2])),
            ]
    return found


def _shared(old: Sequence[str], new: Sequence[str]) -> int:
    """Return the number of words at the start that are the same."""
    for number, (one, other) in enumerate(zip(old, new, strict=False)):
        if one != other:
            return number
    return min(len(old), len(new))


def _text(words: Sequence[str]) -> str:
    return " ".join(words)


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


def _identity(file: FileEntry) -> tuple[str, ...]:
    return (file.role, file.sha256.lower(), normal(file.name), file.type, normal(file.alt))
