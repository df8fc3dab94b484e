"""Changes of the layout between two versions: what looks different although the words are not."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import zip_longest

from delivery.deliverables.marks import SeenCode, SeenMark, spaces_shown
from delivery.deliverables.reading import SeenBody, Token, looks_in_words, text_of

# Words on each side. Comparing them one by one takes quadratic time.
MOST_COMPARED = 2_000


@dataclass(frozen=True, slots=True)
class LookChange:
    """
    Words that look different, such as a paragraph that became a heading, or beside which something
    is or was, such as a dividing line. One side is empty where something was added or removed.
    """

    text: str
    before: str
    after: str


def layout_changes(old: SeenBody, new: SeenBody, told: Collection[str]) -> Iterator[LookChange]:
    """
    Return the changes that a reader sees and that are none of the words.

    :param told: tags whose changes are told otherwise, such as those of links
    """
    yield from _looks(old.tokens, new.tokens)
    yield from _marks(*(_without(body, told) for body in (old, new)))
    yield from _code(old, new)


def opcodes(
    old: Sequence[Hashable], new: Sequence[Hashable]
) -> Sequence[tuple[str, int, int, int, int]]:
    return SequenceMatcher(None, old, new, autojunk=True).get_opcodes()


def texts_of(tokens: Sequence[Token]) -> list[str]:
    return [token.text for token in tokens]


def _looks(old: Sequence[Token], new: Sequence[Token]) -> list[LookChange]:
    """Return the words whose looks changed, next to each other as one change."""
    if max(len(old), len(new)) > MOST_COMPARED and texts_of(old) != texts_of(new):
        return []  # the text itself changed, and comparing it would take too long
    found: list[tuple[list[Token], str, str]] = []
    last = -1
    for tag, i1, i2, j1, _j2 in opcodes(texts_of(old), texts_of(new)):
        for step in range(i2 - i1) if tag == "equal" else ():
            before, after = old[i1 + step], new[j1 + step]
            if before.text == "\n" or before.looks == after.looks:
                continue
            words = looks_in_words(before.looks), looks_in_words(after.looks)
            if words[0] == words[1]:
                continue
            if found and last == j1 + step - 1 and found[-1][1:] == words:
                found[-1][0].append(after)
            else:
                found.append(([after], *words))
            last = j1 + step
    return [LookChange(text_of(tokens), before, after) for tokens, before, after in found]


def _marks(old: SeenBody, new: SeenBody) -> Iterator[LookChange]:
    """Return what was put beside words or taken away, such as a dividing line."""
    same = texts_of(old.tokens) == texts_of(new.tokens)
    # Where the words changed, lines and lists show in them.
    before = [each for each in old.marks if same or each.alone]
    after = [each for each in new.marks if same or each.alone]
    keys = [each.key(same) for each in before], [each.key(same) for each in after]
    told = _places_of_looks(old.tokens, new.tokens)
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        for gone, come in _side_by_side(before[i1:i2], after[j1:j2]):
            place, near = (come or gone or _NO_MARK).place, (come or gone or _NO_MARK).near
            if place not in told:
                yield LookChange(near, gone.words if gone else "", come.words if come else "")


_NO_MARK = SeenMark("", "", 0, "", alone=False)


def _without(body: SeenBody, tags: Collection[str]) -> SeenBody:
    """Return a body without the marks of tags that are told otherwise."""
    return replace(body, marks=[each for each in body.marks if each.tag not in tags])


def _side_by_side(
    gone: Sequence[SeenMark], come: Sequence[SeenMark]
) -> Iterator[tuple[SeenMark | None, SeenMark | None]]:
    """Pair what was at the same place before and now."""
    places = sorted({each.place for each in (*gone, *come)})
    for place in places:
        yield from zip_longest(
            [each for each in gone if each.place == place],
            [each for each in come if each.place == place],
        )


def _places_of_looks(old: Sequence[Token], new: Sequence[Token]) -> set[int]:
    """Return the places of the words whose changed looks are told already."""
    found: set[int] = set()
    if texts_of(old) != texts_of(new):
        return found
    place = 0
    for before, after in zip(old, new, strict=True):
        if before.text != "\n":
            if looks_in_words(before.looks) != looks_in_words(after.looks):
                found.add(place)
            place += len(after.text)
    return found


def _code(old: SeenBody, new: SeenBody) -> Iterator[LookChange]:
    """Return the lines of code of which the spaces or the line breaks changed."""
    if texts_of(old.tokens) != texts_of(new.tokens) or len(old.code) != len(new.code):
        return
    for before, after in zip(old.code, new.code, strict=True):
        if before != after:
            yield from _code_lines(before, after)


def _code_lines(before: SeenCode, after: SeenCode) -> Iterator[LookChange]:
    old, new = before.text.split("\n"), after.text.split("\n")
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            gone, come = " ↵ ".join(old[i1:i2]), " ↵ ".join(new[j1:j2])
            near = " ".join((come or gone).split()) or " ".join(after.text.split())
            yield LookChange(near, spaces_shown(gone), spaces_shown(come))
