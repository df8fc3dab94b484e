"""Search for terms: whole words, ignoring case and accents, across spaces and inline tags."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from unicodedata import category, normalize

# Scripts without spaces between words. Each character counts as a word, so that a term is found
# inside a sentence.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
)
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+|[^\w\s]|\n")


@dataclass(frozen=True, slots=True)
class Words:
    """A text as folded words with their places. A new block is the word ``\\n``."""

    text: str
    words: tuple[str, ...]
    places: tuple[tuple[int, int], ...]  # in the folded text
    starts: tuple[int, ...]  # where each character of the text begins in the folded one

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Return the start and end of a range of words in the text."""
        begin = bisect_right(self.starts, self.places[first][0]) - 1
        end = bisect_right(self.starts, self.places[last][1] - 1)
        return begin, end


def words(text: str) -> Words:
    # Folding changes lengths ("ß" becomes "ss"), so the place of each character is remembered: the
    # evidence is quoted from the text as it was written.
    folded = [_fold(character) for character in text]
    starts = tuple(accumulate(map(len, folded), initial=0))[:-1]
    found = [(match.group(), match.span()) for match in _TOKEN.finditer("".join(folded))]
    return Words(text, tuple(word for word, _ in found), tuple(place for _, place in found), starts)


def find(terms: Iterable[str], among: Words) -> list[tuple[str, int, int]]:
    """Return each occurrence as the term, its start and its end in the text."""
    # By the first word, so that a thousand terms cost one pass over the text.
    by_first: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for term in dict.fromkeys(terms):
        phrase = words(" ".join(term.split())).words
        if phrase:
            by_first.setdefault(phrase[0], []).append((term, phrase))
    found = []
    for number, word in enumerate(among.words):
        for term, phrase in by_first.get(word, ()):
            if among.words[number : number + len(phrase)] == phrase:
                begin, end = among.span(number, number + len(phrase) - 1)
                found.append((term, begin, end))
    return found


def around(text: str, start: int, end: int, *, most: int) -> str:
    """Return a place with its surroundings on one line, at most so many characters long."""
    room = max(0, most - 2 - (end - start)) // 2
    begin, stop = max(0, start - room), min(len(text), end + room)
    line = " ".join(text[begin:stop].split())[: most - 2]
    return f"{'…' if begin else ''}{line}{'…' if stop < len(text) else ''}"


@lru_cache(maxsize=4096)
def _fold(character: str) -> str:
    if character == "\n":
        return "\n"
    # Casefolding can create characters that decompose again, so normalise before and after it.
    letters = normalize("NFKD", normalize("NFKD", character).casefold())
    # Accents are dropped, and so are invisible characters such as the soft hyphen.
    return "".join(
        letter
        for letter in letters
        if not "\u0300" <= letter <= "\u036f" and category(letter) != "Cf"
    )
