"""
Where an AVIF keeps its metadata.

The file is made of boxes (ISO/IEC 14496-12). One lists the items in it, and one says where the
bytes of each item are.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

MOST_HEAD = 1 << 20  # bytes of the box that describes the items
MOST_PARTS = 10_000
_TOLD = (b"Exif", b"mime", b"uri ")  # what a camera says, and XMP
_OFFSETS_IN_FILE, _OFFSETS_IN_HEAD = 0, 1


class UnreadableBoxes(ValueError):
    """The boxes of the file contradict each other."""


@dataclass(frozen=True, slots=True)
class Extent:
    """A part of an item's bytes, from its position in the file."""

    kind: bytes
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class _Box:
    kind: bytes
    start: int  # of its content
    end: int


class _Cursor:
    """Big-endian numbers, read one after another."""

    def __init__(self, raw: bytes, place: int, end: int) -> None:
        self._raw, self.place, self._end = raw, place, end

    def take(self, size: int) -> bytes:
        if self.place + size > self._end:
            raise UnreadableBoxes
        self.place += size
        return self._raw[self.place - size : self.place]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size))


def metadata_extents(stream: IO[bytes]) -> list[Extent]:
    """
    Return where the file has EXIF and XMP.

    :raises UnreadableBoxes: if that cannot be determined
    """
    head_start, head = _head(stream)
    boxes = {box.kind: box for box in _boxes(head, 4, len(head))}
    if b"iinf" not in boxes or b"iloc" not in boxes:
        return []
    told = dict(_items(head, boxes[b"iinf"]))
    inner = boxes.get(b"idat")
    found = []
    bases = {_OFFSETS_IN_FILE: 0}
    if inner is not None:
        bases[_OFFSETS_IN_HEAD] = head_start + inner.start
    for number, (item, method, start, size) in enumerate(_places(head, boxes[b"iloc"])):
        # A part takes no byte if all its numbers are left out, so a small file could list billions.
        if number > MOST_PARTS or (told.get(item) in _TOLD and method not in bases):
            raise UnreadableBoxes
        if told.get(item) in _TOLD:
            found.append(Extent(told[item], bases[method] + start, size))
    return found


def _head(stream: IO[bytes]) -> tuple[int, bytes]:
    """Return the position and the content of the box that describes the items."""
    stream.seek(0)
    while head := stream.read(8):
        if len(head) < 8:  # noqa: PLR2004
            break
        size, kind = struct.unpack(">I4s", head)
        if size == 1:  # a longer size follows
            size = int.from_bytes(stream.read(8)) - 8
        if kind == b"meta" and 12 <= size <= MOST_HEAD:  # noqa: PLR2004
            start, raw = stream.tell(), stream.read(size - 8)
            if len(raw) == size - 8:
                return start, raw
        if size < 8 or kind == b"meta":  # noqa: PLR2004
            break
        stream.seek(size - 8, 1)
    raise UnreadableBoxes


def _boxes(raw: bytes, start: int, end: int) -> Iterator[_Box]:
    cursor = _Cursor(raw, start, end)
    while cursor.place < end:
        begin = cursor.place
        size, kind = cursor.number(4), cursor.take(4)
        if size == 1:
            size = cursor.number(8)
        if not cursor.place - begin <= size <= end - begin:
            raise UnreadableBoxes
        yield _Box(kind, cursor.place, begin + size)
        cursor.place = begin + size


def _items(raw: bytes, box: _Box) -> Iterator[tuple[int, bytes]]:
    """Yield the number and the type of each item."""
    cursor = _Cursor(raw, box.start, box.end)
    version = cursor.number(4) >> 24
    cursor.number(4 if version else 2)
    for entry in _boxes(raw, cursor.place, box.end):
        if entry.kind == b"infe":
            item = _Cursor(raw, entry.start, entry.end)
            wide = item.number(4) >> 24 > 2  # noqa: PLR2004
            number = item.number(4 if wide else 2)
            item.number(2)
            yield number, item.take(4)


def _places(raw: bytes, box: _Box) -> Iterator[tuple[int, int, int, int]]:
    """Yield number, method, position and size of each part of an item."""
    cursor = _Cursor(raw, box.start, box.end)
    version = cursor.number(4) >> 24
    sizes = cursor.number(2)
    offset_size, length_size, base_size, index_size = (
        sizes >> shift & 15 for shift in (12, 8, 4, 0)
    )
    for _ in range(cursor.number(4 if version > 1 else 2)):
        item = cursor.number(4 if version > 1 else 2)
        method = cursor.number(2) & 15 if version else _OFFSETS_IN_FILE
        cursor.number(2)
        base = cursor.number(base_size)
        for _ in range(cursor.number(2)):
            if version:
                cursor.number(index_size)
            start = base + cursor.number(offset_size)
            yield item, method, start, cursor.number(length_size)
