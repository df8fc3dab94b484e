"""
Fields of a Word text that ask a program, or a file of another computer, for what they show.

Word asks before it starts a program for a DDE field. Its words are the author's, so people agree.
"""

from __future__ import annotations

import re
from typing import IO
from xml.parsers import expat

from routing.work.file_types.part_lists import is_share
from routing.work.file_types.refusal import NotKept

CHUNK = 1 << 16
MOST_TEXT_BYTES = 256 << 20  # of all texts of a document together
_OVERLAP = 16
_MARKS = (b"nstrText", b"fldSimple")
_ASKING = frozenset({"DDE", "DDEAUTO"})
_TAKING_IN = frozenset({"INCLUDE", "INCLUDETEXT", "INCLUDEPICTURE", "IMPORT", "LINK", "RD"})
_WORD = re.compile(r'"([^"]*)"|(\S+)')


def has_fields(stream: IO[bytes]) -> bool:
    """Return whether a part may hold fields, without parsing it."""
    tail = b""
    while chunk := stream.read(CHUNK):
        plain = tail + chunk.replace(b"\0", b"")  # also in UTF-16
        if any(mark in plain for mark in _MARKS):
            return True
        tail = plain[-_OVERLAP:]
    return False


def check_fields(stream: IO[bytes]) -> None:
    """
    :raises NotKept: if a field starts a program or opens a file of another computer, hides its name
        in another field, or the part cannot be read
    """
    reading = _Reading()
    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = reading.begin, reading.end
    parser.CharacterDataHandler = reading.say
    parser.StartDoctypeDeclHandler = _declared
    try:
        while chunk := stream.read(CHUNK):
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except (expat.ExpatError, UnicodeError, LookupError) as error:
        raise NotKept("broken") from error
    for instruction in reading.open:  # Word ends them itself
        _check(instruction)


class _Reading:
    """The fields that are open at a place of the text, each with its instruction so far."""

    def __init__(self) -> None:
        self.open: list[str] = []
        self._shown = 0  # of them, from the first: those whose result has begun
        self._listens = False

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        what = name.rpartition(":")[2]
        given = {key.rpartition(":")[2]: value for key, value in attributes.items()}
        if what == "fldSimple":
            _check(given.get("instr", ""))
        elif what == "fldChar":
            self._mark(given.get("fldCharType", ""))
        self._listens = what in {"instrText", "delInstrText"}

    def end(self, _name: str) -> None:
        self._listens = False

    def say(self, text: str) -> None:
        if self._listens and self.open:
            self.open[-1] += text

    def _mark(self, kind: str) -> None:
        if kind == "begin":
            is_named = len(self.open) == self._shown
            # The result of the inner one would be in the name of the outer one.
            if not is_named and "DDEAUTO".startswith(self.open[-1].lstrip().upper()):
                raise NotKept("embedded", what="DDE")
            self.open.append("")
        elif self.open and kind == "separate":
            _check(self.open[-1])
            self._shown = len(self.open)
        elif self.open and kind == "end":
            _check(self.open.pop())
            self._shown = min(self._shown, len(self.open))


def _declared(*_what: object) -> None:
    raise NotKept("broken")


def _check(instruction: str) -> None:
    words = [quoted or plain for quoted, plain in _WORD.findall(instruction)]
    name = words[0].upper() if words else ""
    if name in _ASKING:
        raise NotKept("embedded", what=name)
    if name in _TAKING_IN and any(is_share(word) for word in words[1:]):
        raise NotKept("embedded", what=name)
