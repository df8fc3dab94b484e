"""Find the content within a page, and say how its text differs from what was approved."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate

from django.utils.translation import gettext as _

from delivery.deliverables.sanitise import TAGS
from integrations.proof.page import ROOT, PageBlock, ReadPage
from integrations.proof.typography import short

MOST_PLACES = 5  # at which a page may show the whole text, such as for printing
# Blocks of a page and of a text that are compared one by one when they differ.
MOST_BLOCKS = 1_000
_AROUND = 3  # words that a sentence quotes before and after a difference
_NEAR = 10  # blocks among which a changed one is looked for
_ALIKE = 0.4  # of two blocks that are versions of one


@dataclass(frozen=True, slots=True)
class PageRegion:
    """
    The words of a page from ``start`` to before ``end``, and the element that holds them.

    ``whole`` is true if they are the approved words, one after another.
    """

    start: int
    end: int
    container: int
    whole: bool


def whole_regions(page: ReadPage, words: Sequence[str]) -> Iterator[PageRegion]:
    """Yield the places at which the page shows these words, in order, with nothing added."""
    text, wanted = f" {' '.join(page.words)} ", f" {' '.join(words)} "
    starts = list(accumulate((len(word) + 1 for word in page.words), initial=0))
    found, place = 0, text.find(wanted)
    while place >= 0 and found < MOST_PLACES:
        start = bisect_right(starts, place) - 1
        yield region_of(page, start, start + len(words), whole=True)
        found, place = found + 1, text.find(wanted, place + 1)


def region_of(page: ReadPage, start: int, end: int, *, whole: bool) -> PageRegion:
    ends = [block.end for block in page.blocks]
    first = bisect_right(ends, start)
    last = max(first, bisect_right([block.start for block in page.blocks], end - 1) - 1)
    if first >= len(page.blocks):
        return PageRegion(start, end, ROOT, whole)
    elements = [page.blocks[first].element, page.blocks[last].element]
    return PageRegion(start, end, container_of(page, elements), whole)


def container_of(page: ReadPage, elements: Sequence[int]) -> int:
    """Return the innermost element around these that content of ours cannot have itself."""
    shared = set(page.above(elements[0]))
    for element in elements[1:]:
        shared &= set(page.above(element))
    return next(
        element
        for element in page.above(elements[0])
        if element in shared and page.elements[element].tag not in TAGS
    )


def changed_text(
    page: ReadPage, wanted: ReadPage, ignored: Collection[str]
) -> tuple[PageRegion | None, list[str]]:
    """
    Compare block by block. Return the region of the content, and a sentence for each difference.

    :param ignored: texts that may stand before the content, such as its title
    """
    blocks = _blocks_near(page, wanted)
    ours = wanted.blocks[:MOST_BLOCKS]
    pairs = _paired(ours, blocks, ignored)
    if not pairs:
        return None, [_missing(block) for block in ours]
    found = _said(ours, blocks, pairs, ignored)
    there = [blocks[place] for place in pairs.values()]
    region = region_of(page, there[0].start, there[-1].end, whole=False)
    return region, found or [_("The page does not show the text as it was approved.")]


def _blocks_near(page: ReadPage, wanted: ReadPage) -> list[PageBlock]:
    """Return the blocks of the element whose words are most like the wanted ones."""
    vocabulary = set(wanted.words)
    total: Counter[int] = Counter()
    shared: Counter[int] = Counter()
    for block in page.blocks[: MOST_BLOCKS * 2]:
        words = page.words[block.start : block.end]
        known = sum(word in vocabulary for word in words)
        for element in page.above(block.element):
            total[element] += len(words)
            shared[element] += known
    length = len(wanted.words)
    best = max(total, key=lambda each: shared[each] / (total[each] + length), default=ROOT)
    best = container_of(page, [best])
    inside = [block for block in page.blocks if best in page.above(block.element)]
    return inside[:MOST_BLOCKS]


def _paired(
    ours: Sequence[PageBlock], theirs: Sequence[PageBlock], ignored: Collection[str]
) -> dict[int, int]:
    """Return, for places of our blocks, the places of the same blocks and of changed ones."""
    texts = [block.text for block in ours], [block.text for block in theirs]
    pairs: dict[int, int] = {}
    for kind, begin, end, first, last in SequenceMatcher(None, *texts).get_opcodes():
        if kind == "equal":
            pairs |= dict(zip(range(begin, end), range(first, last), strict=True))
        elif kind == "replace":
            free = [place for place in range(first, last) if theirs[place].text not in ignored]
            pairs |= _versions(ours, theirs, range(begin, end), free)
    return pairs


def _versions(
    ours: Sequence[PageBlock], theirs: Sequence[PageBlock], places: Sequence[int], free: list[int]
) -> dict[int, int]:
    """Return which of their free blocks is a changed version of ours at these places."""
    if len(places) == len(free) == 1:
        return {places[0]: free[0]}
    pairs: dict[int, int] = {}
    for place in places:
        alike = (n for n in free[:_NEAR] if _is_alike(ours[place], theirs[n]))
        found = next(alike, None)
        if found is not None:
            pairs[place] = found
            free = [n for n in free if n > found]
    return pairs


def _is_alike(one: PageBlock, other: PageBlock) -> bool:
    words, others = Counter(one.text.split()), Counter(other.text.split())
    return 2 * (words & others).total() >= _ALIKE * (words.total() + others.total())


def _said(
    ours: Sequence[PageBlock],
    theirs: Sequence[PageBlock],
    pairs: dict[int, int],
    ignored: Collection[str],
) -> list[str]:
    """Return one sentence for each block that was changed, moved, left out or added."""
    found = []
    for place, other in pairs.items():
        if ours[place].text != theirs[other].text:
            found.append(_changed(ours[place].text.split(), theirs[other].text.split()))
    added, missing = _unpaired(ours, theirs, pairs, ignored)
    everywhere = {block.text for block in theirs}
    for block in missing:
        if block.text in everywhere:
            found.append(_("The page shows “%(text)s” in another place.") % _quoted(block))
        else:
            found.append(_missing(block))
    moved = {block.text for block in missing}
    for block in added:
        if block.text not in moved:
            said = _("The page also shows “%(text)s”, which was not approved.")
            found.append(said % _quoted(block))
    return found


def _unpaired(
    ours: Sequence[PageBlock],
    theirs: Sequence[PageBlock],
    pairs: dict[int, int],
    ignored: Collection[str],
) -> tuple[list[PageBlock], list[PageBlock]]:
    """Return the blocks that only the page has, between those that both have, and only we have."""
    taken = set(pairs.values())
    between = [theirs[place] for place in range(min(taken), max(taken)) if place not in taken]
    added = [block for block in between if block.text not in ignored]
    missing = [block for place, block in enumerate(ours) if place not in pairs]
    # A paragraph that was split or joined has the same text.
    if len(added) != len(missing) and _text(added) == _text(missing):
        return [], []
    return added, missing


def _text(blocks: Sequence[PageBlock]) -> str:
    return " ".join(block.text for block in blocks)


def _missing(block: PageBlock) -> str:
    return _("The page does not show “%(text)s”.") % _quoted(block)


def _quoted(block: PageBlock) -> dict[str, str]:
    return {"text": short(block.text)}


def _changed(ours: list[str], theirs: list[str]) -> str:
    """Quote the words that differ, with a few words around them."""
    start = 0
    while start < min(len(ours), len(theirs)) and ours[start] == theirs[start]:
        start += 1
    same = 0
    while same < min(len(ours), len(theirs)) - start and ours[-1 - same] == theirs[-1 - same]:
        same += 1
    begin = max(0, start - _AROUND)
    return _("The page says “%(found)s” instead of “%(wanted)s”.") % {
        "found": short(_cut(theirs, begin, len(theirs) - same + _AROUND)),
        "wanted": short(_cut(ours, begin, len(ours) - same + _AROUND)),
    }


def _cut(words: Sequence[str], begin: int, end: int) -> str:
    before = "…" if begin else ""
    after = "…" if end < len(words) else ""
    return f"{before}{' '.join(words[begin:end])}{after}"
