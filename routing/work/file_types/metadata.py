"""
Take metadata out of images without decoding them: where, when, with what and by whom a photo was
taken. Pixels, colour profile and animation stay as they are.

What the format does not need is dropped, so that nothing unknown is kept, and so are bytes behind
the end of the image, which can be a file of another type.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping
from threading import Lock
from typing import IO

from PIL import Image

from routing.work.file_types.avif import UnreadableBoxes, metadata_extents
from routing.work.file_types.drawing import DAMAGED_ERRORS, ORIENTATION, TURNED

CHUNK = 1 << 16
# Pillow reads an AVIF or a WebP whole, so in one process only one image at a time is opened.
OPENING = Lock()
_MOST_EXIF = 1 << 20
_MOST_PARTS = 500_000  # of one image; more would only take time


class Unreadable(ValueError):
    """The parts of the image cannot be told apart."""


class _Parts:
    """The bytes of an image, read part by part."""

    def __init__(self, source: IO[bytes], out: IO[bytes]) -> None:
        self._source, self._out = source, out
        self._parts = 0

    def read(self, size: int) -> bytes:
        """:raises Unreadable: if the file ends before"""
        found = self.read_up_to(size)
        if len(found) < size:
            raise Unreadable
        return found

    def read_up_to(self, size: int) -> bytes:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise Unreadable
        return self._source.read(size) if size > 0 else b""

    def write(self, content: bytes) -> None:
        self._out.write(content)

    def copy(self, size: int) -> None:
        while size > 0:
            chunk = self.read(min(size, CHUNK))
            self._out.write(chunk)
            size -= len(chunk)

    def skip(self, size: int) -> None:
        """Leave out bytes. A negative number goes back."""
        self._source.seek(size, 1)


def strip(source: IO[bytes], out: IO[bytes], kind: str) -> int:
    """
    Copy an image without its metadata, and return its orientation, 1 if it is upright.

    :raises Unreadable: if its parts cannot be told apart
    """
    source.seek(0)
    if kind == "image/avif":
        return _avif(source, out)
    try:
        return _STRIPPED[kind](_Parts(source, out), out)
    except (struct.error, IndexError) as error:
        raise Unreadable from error


# -- JPEG: https://www.w3.org/Graphics/JPEG/itu-t81.pdf, annex B -----------------------------------

_EOI, _SOS, _COM = 0xD9, 0xDA, 0xFE
_APP0, _APP1, _APP2, _APP14, _APP15 = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF
_ALONE = {0x01, *range(0xD0, 0xD8)}  # markers without a length
# In the coded pixels, 0xFF is followed by 0 or by a restart marker. Anything else ends them.
_ENDS = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")
_JFIF, _ICC, _ADOBE, _EXIF = b"JFIF\0", b"ICC_PROFILE\0", b"Adobe", b"Exif\0\0"


def _jpeg(parts: _Parts, _out: IO[bytes]) -> int:
    orientation = 1
    parts.copy(2)
    while marker := _marker(parts):
        if marker == _EOI:
            parts.write(bytes((0xFF, _EOI)))
            break
        if marker in _ALONE:
            parts.write(bytes((0xFF, marker)))
            continue
        (length,) = struct.unpack(">H", parts.read(2))
        content = parts.read(length - 2)
        if marker == _APP1 and content.startswith(_EXIF):
            orientation = _orientation(content.removeprefix(_EXIF))
        kept = _jpeg_segment(marker, content)
        if kept is not None:
            parts.write(struct.pack(">BBH", 0xFF, marker, len(kept) + 2) + kept)
        if marker == _SOS:
            _copy_coded(parts)
    return orientation


def _jpeg_segment(marker: int, content: bytes) -> bytes | None:
    """Return what is kept of a segment, or None to leave it out."""
    if marker != _COM and not _APP0 <= marker <= _APP15:
        return content
    if marker == _APP0 and content.startswith(_JFIF):
        return content[:12] + b"\0\0"  # without its thumbnail
    if marker == _APP2 and content.startswith(_ICC):
        return content
    if marker == _APP14 and content.startswith(_ADOBE):
        return content
    return None


def _marker(parts: _Parts) -> int:
    """Return the next marker, or 0 at the end of a file that was cut off."""
    while byte := parts.read_up_to(1):
        if byte != b"\xff":
            continue  # decoders skip such bytes, too
        while byte == b"\xff":
            byte = parts.read_up_to(1)
        if byte not in (b"\0", b""):
            return byte[0]
    return 0


def _copy_coded(parts: _Parts) -> None:
    """Copy coded pixels, up to the marker behind them."""
    while chunk := parts.read_up_to(CHUNK):
        if end := _ENDS.search(chunk):
            parts.write(chunk[: end.start()])
            parts.skip(end.start() - len(chunk))
            return
        kept = chunk
        if len(chunk) == CHUNK:  # the marker may lie across the border
            kept = chunk.rstrip(b"\xff")
        parts.write(kept)
        if kept:
            parts.skip(len(kept) - len(chunk))


# -- PNG: https://www.w3.org/TR/png-3/#5Chunk-layout -----------------------------------------------

_PNG_KEPT = {
    *(b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"bKGD", b"hIST", b"pHYs", b"sBIT", b"sPLT"),
    *(b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"mDCV", b"cLLI", b"acTL", b"fcTL", b"fdAT"),
}


def _png(parts: _Parts, _out: IO[bytes]) -> int:
    orientation = 1
    parts.copy(8)
    while head := parts.read_up_to(8):
        size, name = struct.unpack(">I4s", head)
        if name in _PNG_KEPT:
            parts.write(head)
            parts.copy(size + 4)
        elif name == b"eXIf" and size <= _MOST_EXIF:
            orientation = _orientation(parts.read(size))
            parts.skip(4)
        else:
            parts.skip(size + 4)
        if name == b"IEND":
            break
    return orientation


# -- WebP: https://developers.google.com/speed/webp/docs/riff_container ----------------------------

_WEBP_KEPT = {b"ICCP", b"ANIM", b"ANMF", b"ALPH", b"VP8 ", b"VP8L"}
_HAS_EXIF, _HAS_XMP = 0x08, 0x04


def _webp(parts: _Parts, out: IO[bytes]) -> int:
    orientation, start = 1, out.tell()
    head = parts.read(12)
    (left,) = struct.unpack_from("<I", head, 4)
    left -= 4
    parts.write(head)
    while left >= 8:  # noqa: PLR2004
        name, size = struct.unpack("<4sI", parts.read(8))
        left -= 8 + size + size % 2
        if name == b"VP8X":
            flags = parts.read(size)
            shown = flags[0] & ~(_HAS_EXIF | _HAS_XMP)
            parts.write(struct.pack("<4sIB", name, size, shown) + flags[1:])
        elif name in _WEBP_KEPT:
            parts.write(struct.pack("<4sI", name, size))
            parts.copy(size)
        elif name == b"EXIF" and size <= _MOST_EXIF:
            orientation = _orientation(parts.read(size).removeprefix(_EXIF))
        else:
            parts.skip(size)
        if size % 2:  # an even number of bytes each, though some files leave out the last one
            parts.read_up_to(1)
            if name in _WEBP_KEPT:
                parts.write(b"\0")
    end = out.tell()
    out.seek(start + 4)
    out.write(struct.pack("<I", end - start - 8))
    out.seek(end)
    return orientation


# -- GIF: https://www.w3.org/Graphics/GIF/spec-gif89a.txt ------------------------------------------

_GIF_APPLICATIONS = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")  # loops, and colours
_CONTROL, _APPLICATION = 0xF9, 0xFF


def _gif(parts: _Parts, _out: IO[bytes]) -> int:
    head = parts.read(13)
    parts.write(head)
    parts.copy(_colours(head[10]))
    while (sign := parts.read_up_to(1)) not in (b";", b""):
        if sign == b",":
            place = parts.read(9)
            parts.write(sign + place)
            parts.copy(_colours(place[8]) + 1)
            _blocks(parts, keep=True)
        elif sign == b"!":
            label, size = parts.read(2)
            first = parts.read(size)
            kept = label == _CONTROL or (label == _APPLICATION and first in _GIF_APPLICATIONS)
            if kept:
                parts.write(sign + bytes((label, size)) + first)
            if size:
                _blocks(parts, keep=kept)
        else:
            raise Unreadable
    parts.write(b";")
    return 1


def _colours(flags: int) -> int:
    """Return the size of a colour table in bytes."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _blocks(parts: _Parts, *, keep: bool) -> None:
    """Copy blocks up to the empty one that ends them, or leave them out."""
    while True:
        size = parts.read(1)
        block = parts.read(size[0])
        if keep:
            parts.write(size + block)
        if not block:
            return


_STRIPPED: Mapping[str, Callable[[_Parts, IO[bytes]], int]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _webp,
    "image/gif": _gif,
}


# -- AVIF: see ``avif`` ----------------------------------------------------------------------------

_NO_EXIF = b"\0\0\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"  # a directory without entries


def _avif(source: IO[bytes], out: IO[bytes]) -> int:
    """Overwrite the metadata in place, because other parts are found by their positions."""
    try:
        told = metadata_extents(source)
    except UnreadableBoxes as error:
        raise Unreadable from error
    source.seek(0)
    size = 0
    while chunk := source.read(CHUNK):
        size += out.write(chunk)
    for extent in told:
        if extent.start + extent.size > size or extent.size > _MOST_EXIF:
            raise Unreadable
        out.seek(extent.start)
        if extent.kind == b"Exif":
            out.write(_NO_EXIF[: extent.size].ljust(extent.size, b"\0"))
        else:
            out.write(b" " * extent.size)
    out.seek(0, 2)
    return 1  # turned by its container, if at all


def _orientation(exif: bytes) -> int:
    found = Image.Exif()
    try:
        found.load(exif)
        orientation = found.get(ORIENTATION, 1)
    except DAMAGED_ERRORS:
        return 1
    return orientation if orientation in TURNED else 1
