"""Find one person in text and in JSON, and write the text without them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Any

from routing.kernel.canonical import as_json
from routing.people.folded import FoldedText, fold, fold_decoded
from routing.people.naming import PersonTerms, near_patterns, sure_patterns, words_of

MARK = "[redacted]"
AROUND = 40  # characters of an excerpt on both sides
_NEVER = r"(?!)"


class Finder:
    """
    Searches for one person, however name, addresses and numbers are written.

    Case, accents, encodings, invisible signs and punctuation do not matter. Phone numbers are
    compared by their digits.
    """

    def __init__(self, identity: PersonTerms) -> None:
        self.identity = identity
        self._sure = _compiled(sure_patterns(identity))
        self._near = _compiled(near_patterns(identity))
        split = [words_of(name) for name in identity.names if name not in identity.shared]
        # First and last names that stand in two values of one object.
        self._pairs = [(fold(each[0]), fold(each[-1])) for each in split if len(each) > 1]

    def has(self, value: Any) -> bool:
        """Return whether text, bytes or JSON contains the person for sure."""
        return self.without(value) is not value

    def without(self, value: Any, mark: str = MARK) -> Any:
        """
        Return a value without the person, or the same object if it does not contain them.

        Text that is JSON stays JSON. Bytes are emptied, because their form is unknown.
        """
        if isinstance(value, str):
            return self._text(value, mark)
        if isinstance(value, bytes | bytearray | memoryview):
            return b"" if self._in_bytes(bytes(value)) else value
        if isinstance(value, Mapping):
            return self._object(value, mark)
        if isinstance(value, list | tuple):
            found = [self.without(each, mark) for each in value]
            same = all(new is old for new, old in zip(found, value, strict=True))
            return value if same else type(value)(found)
        if isinstance(value, int | float) and not isinstance(value, bool):
            # A phone number may have become a number on its way.
            return value if self._text(str(value), mark) == str(value) else mark
        return value

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return the places of all sure matches in the original text, in order."""
        if not self._sure.search(fold_decoded(text)):
            return []
        folded = FoldedText.of(text)
        return [folded.original(*found.span()) for found in self._sure.finditer(folded.text)]

    def near(self, value: Any) -> list[str]:
        """Return an excerpt for each near match that is no sure match."""
        text = flat(value)
        folded = fold_decoded(text)
        if not self._near.search(folded):
            return []
        rest = self._sure.sub(lambda found: "\x00" * len(found[0]), folded)
        return [
            " ".join(folded[max(found.start() - AROUND, 0) : found.end() + AROUND].split())
            for found in self._near.finditer(rest)
        ]

    def _text(self, text: str, mark: str) -> str:
        if not text:
            return text
        if text[:1] in "{[" and text[-1:] in "}]":
            written = self._json(text, mark)
            if written is not None:
                return written
        spans = self.spans(text)
        if not spans:
            return text
        parts, end = [], 0
        for start, stop in spans:
            if start >= end:
                parts += [text[end:start], mark]
            end = max(end, stop)
        return "".join([*parts, text[end:]])

    def _json(self, text: str, mark: str) -> str | None:
        """Return JSON text without the person, or None if it is no JSON."""
        try:
            # Python reads NaN and infinity, which JSON does not have. They become text.
            value = json.loads(text, parse_constant=str, parse_float=_finite)
        except (ValueError, RecursionError):
            return None
        if not isinstance(value, dict | list):
            return None
        found = self.without(value, mark)
        if found is value:
            return text
        return as_json(found)

    def _object(self, value: Mapping[Any, Any], mark: str) -> Mapping[Any, Any]:
        parts = self._split_names(value)
        found: dict[Any, Any] = {}
        same = True
        for name, each in value.items():
            new = mark if name in parts else self.without(each, mark)
            key = self._text(name, mark) if isinstance(name, str) else name
            while key != name and key in found:
                key += "_"
            same = same and new is each and key == name
            found[key] = new
        return value if same else found

    def _split_names(self, value: Mapping[Any, Any]) -> set[Any]:
        """Return the keys of an object that hold the first and the last name apart."""
        words = {name: fold(each).strip() for name, each in value.items() if isinstance(each, str)}
        found: set[Any] = set()
        for first, last in self._pairs:
            names = {name for name, word in words.items() if word in {first, last}}
            if {words[name] for name in names} == {first, last}:
                found |= names
        return found

    def _in_bytes(self, raw: bytes) -> bool:
        text = raw.decode("utf-8", errors="replace")
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return bool(self.spans(text))
        return self.without(value) is not value or bool(self.spans(text))


def _finite(number: str) -> float | str:
    found = float(number)
    return found if isfinite(found) else number


def _compiled(patterns: Iterable[str]) -> re.Pattern[str]:
    found = list(patterns)
    return re.compile("|".join(f"(?:{each})" for each in found) or _NEVER)


def flat(value: Any) -> str:
    """Return all text of a value, each part on a line of its own."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", errors="replace")
    if isinstance(value, Mapping):
        return "\n".join(f"{name}\n{flat(each)}" for name, each in value.items())
    if isinstance(value, Sequence):
        return "\n".join(flat(each) for each in value)
    return "" if value is None else str(value)
