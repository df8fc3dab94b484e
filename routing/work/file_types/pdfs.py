"""
PDFs that act by themselves: scripts, programs that are started, forms that are sent, and programs
inside.

A reader finds the objects of a PDF by a table, and tolerates nearly any damage to it. So nothing is
parsed here: the names of such actions are searched for in all bytes, however they are spelled, and
in the objects that are packed together. Those that cannot be unpacked are refused.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import IO

from routing.work.file_types.refusal import NotKept
from routing.work.file_types.streams import EICAR

CHUNK = 1 << 18
MOST_PACKED = 10_000  # streams of objects
MOST_UNPACKED_BYTES = 64 << 20  # together
_NEAR = 4096  # bytes between the beginning of a dictionary, its type and its stream
_OVERLAP = 256
# A reader does these when the file is opened, when a page is shown, or at any click.
_ACTIONS = (
    "JavaScript",
    "Launch",
    "ImportData",
    "SubmitForm",
    "Rendition",
    "RichMedia",
    "RichMediaExecute",
    "GoToE",
    "GoToR",  # the file of another computer, which is signed in to
)
_FILTERS = ("FlateDecode", "Fl")
_PROGRAMS = (b"MZ", b"\x7fELF", b"#!", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"Rar!", b"7z\xbc\xaf")
_STREAM = re.compile(rb"stream(?:\r\n|\n|\r)")


def _spelled(name: str) -> str:
    """Return a pattern for a name, each letter of which may be written as a number."""
    signs = []
    for sign in name:
        code = f"{ord(sign):02x}"
        high, low = code[0], code[1]
        signs.append(f"(?:{sign}|#{high}[{low}{low.upper()}])")
    return "".join(signs)


def _named(*names: str) -> re.Pattern[bytes]:
    """Return a pattern for any of these names, and nothing that only begins like one."""
    either = "|".join(_spelled(name) for name in names)
    return re.compile(f"/({either})(?=[\\x00\\t\\n\\f\\r /<>\\[\\](){{}}%]|$)".encode())


_ACTING = _named(*_ACTIONS)
_PACKED, _WITHIN, _PROTECTED = _named("ObjStm"), _named("EmbeddedFile"), _named("Encrypt")
_UNPACKED = _named(*_FILTERS)
_FILTER, _PREDICTOR = _named("Filter"), _named("Predictor")
_OTHER_FILTERS = _named(
    *("ASCIIHexDecode", "AHx", "ASCII85Decode", "A85", "LZWDecode", "LZW", "RunLengthDecode", "RL"),
    *("CCITTFaxDecode", "CCF", "DCTDecode", "DCT", "JBIG2Decode", "JPXDecode", "Crypt"),
)


def check_pdf(stream: IO[bytes]) -> None:
    """:raises NotKept: if the PDF acts by itself, holds a program, or cannot be looked into"""
    packed, within, protected = _places(stream)
    budget = MOST_UNPACKED_BYTES
    for place in packed:
        start, description = _stream_at(stream, place)
        if not start:
            continue
        if protected or not _is_readable(description):
            raise NotKept("sealed")
        plain = _unpacked(stream, start, budget, is_flate=bool(_FILTER.search(description)))
        budget -= max(_NEAR, len(plain))
        if budget < 0:
            raise NotKept("sealed")
        _check(plain)
    for place in within:
        start, description = _stream_at(stream, place)
        if start and _holds_program(stream, start, description):
            raise NotKept("embedded", what="EmbeddedFile")


def _places(stream: IO[bytes]) -> tuple[list[int], list[int], bool]:
    """Return where objects are packed, where files are embedded, and whether they are encrypted."""
    packed: set[int] = set()
    within: set[int] = set()
    protected = False
    for offset, window in _windows(stream):
        _check(window)
        packed.update(offset + found.start() for found in _PACKED.finditer(window))
        within.update(offset + found.start() for found in _WITHIN.finditer(window))
        protected = protected or _PROTECTED.search(window) is not None
        if len(packed) + len(within) > MOST_PACKED:
            raise NotKept("sealed")
    return sorted(packed), sorted(within), protected


def _windows(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the bytes in overlapping parts, each with its position."""
    stream.seek(0)
    offset, tail = 0, b""
    while chunk := stream.read(CHUNK):
        window = tail + chunk
        yield offset - len(tail), window
        offset += len(chunk)
        tail = window[-_OVERLAP:]


def _check(content: bytes) -> None:
    if EICAR in content.lower():
        raise NotKept("virus")
    if found := _ACTING.search(content):
        name = re.sub(rb"#([0-9a-fA-F]{2})", lambda code: bytes([int(code[1], 16)]), found[1])
        raise NotKept("acts", what=name.decode("ascii"))


def _stream_at(stream: IO[bytes], place: int) -> tuple[int, bytes]:
    """Return where the stream begins that is described here, or 0, and its description."""
    before = min(place, _NEAR)
    stream.seek(place - before)
    near = stream.read(2 * _NEAR)
    begun = _STREAM.search(near, before)
    if begun is None:
        return 0, b""
    first = max(0, near.rfind(b"obj", 0, before))
    return place - before + begun.end(), near[first : begun.start()]


def _is_readable(description: bytes) -> bool:
    if _OTHER_FILTERS.search(description) or _PREDICTOR.search(description):
        return False
    return not _FILTER.search(description) or _UNPACKED.search(description) is not None


def _unpacked(stream: IO[bytes], start: int, most: int, *, is_flate: bool) -> bytes:
    stream.seek(start)
    if not is_flate:
        return b""  # its bytes were looked at with the rest
    plain, reader = bytearray(), zlib.decompressobj()
    while not reader.eof and len(plain) <= most and (chunk := stream.read(CHUNK)):
        try:
            plain += reader.decompress(chunk, most + 1 - len(plain))
        except zlib.error:
            break  # readers show what came before it, too
    return bytes(plain)


def _holds_program(stream: IO[bytes], start: int, description: bytes) -> bool:
    head = _unpacked(stream, start, _NEAR, is_flate=True)
    if not head:
        stream.seek(start)
        head = stream.read(_NEAR)
    return head.startswith(_PROGRAMS) or not _is_readable(description)
