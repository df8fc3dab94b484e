"""Words found as people mean them: whole, whatever their case and accents, across spaces and inline tags."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import category, normalize

# Scripts that write no spaces: each letter counts as a word, so that a term is found inside a sentence.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+|[^\w\s]|\n")


@dataclass(frozen=True, slots=True)
class Words:
    """A text as folded words with where each stands; a new block is the word ``\\n``, which no term has."""

    text: str
    words: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]  # in `text`


def words(text: str) -> Words:
    folded = [_fold(character) for character in text]
    starts, at = [], 0
    for part in folded:
        starts.append(at)
        at += len(part)
    found = [(match.group(), match.start(), match.end()) for match in _TOKEN.finditer("".join(folded))]
    spans = tuple((bisect_right(starts, start) - 1, bisect_right(starts, end - 1)) for _, start, end in found)
    return Words(text, tuple(word for word, _, _ in found), spans)


def find(terms: Iterable[str], among: Words) -> list[tuple[str, int, int]]:
    """Every place of every term: the term as given, and where it begins and ends in the text."""
    by_first: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for term in dict.fromkeys(terms):
        phrase = words(" ".join(term.split())).words
        if phrase:
            by_first.setdefault(phrase[0], []).append((term, phrase))
    return [
        (term, among.spans[number][0], among.spans[number + len(phrase) - 1][1])
        for number, word in enumerate(among.words)
        for term, phrase in by_first.get(word, ())
        if among.words[number : number + len(phrase)] == phrase
    ]


def around(text: str, start: int, end: int, *, most: int) -> str:
    """The place with what stands around it, on one line, at most so many characters."""
    room = max(0, most - 2 - (end - start)) // 2
    begin, stop = max(0, start - room), min(len(text), end + room)
    line = " ".join(text[begin:stop].split())[: most - 2]
    return f"{'…' if begin else ''}{line}{'…' if stop < len(text) else ''}"


@lru_cache(maxsize=4096)
def _fold(character: str) -> str:
    if character == "\n":
        return "\n"
    letters = normalize("NFKD", normalize("NFKD", character).casefold())
    return "".join(letter for letter in letters if not "\u0300" <= letter <= "\u036f" and category(letter) != "Cf")
