"""
Office documents, which are zips.

They are recognised by their directories. Nothing is unpacked but the beginnings of their parts and
the lists of what they refer to, each bounded.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from io import BytesIO
from typing import IO

from routing.work.file_types.part_lists import CONTENT_TYPES, check_list, is_list
from routing.work.file_types.refusal import NotKept
from routing.work.file_types.word_fields import MOST_TEXT_BYTES, check_fields, has_fields

_OFFICE = "application/vnd.openxmlformats-officedocument."
WORD = _OFFICE + "wordprocessingml.document"
EXCEL = _OFFICE + "spreadsheetml.sheet"
POWERPOINT = _OFFICE + "presentationml.presentation"
MARKS = {
    "word/document.xml": WORD,
    "xl/workbook.xml": EXCEL,
    "ppt/presentation.xml": POWERPOINT,
}
MOST_DIRECTORY_BYTES = 1 << 20  # zipfile reads a directory whole: some 20,000 names
MOST_READ_BYTES = 8 << 20  # of the lists and the documents in it, together
_END = b"PK\x05\x06"
_END_BYTES, _COMMENT_BYTES = 22, 1 << 16
_HEAD = 64
# The parts that the programs themselves write. Fonts are obfuscated, so they look like nothing.
_TEXTS = frozenset({"xml", "rels", "vml"})
_PARTS = _TEXTS | frozenset(
    "png jpg jpeg jpe gif bmp tif tiff emf wmf emz wmz wdp webp svg ico odttf fntdata ttf "  # noqa: SIM905
    "mp3 mp4 m4a m4v mov wav wma wmv avi json psmdcp sigs".split()
)
# Settings of a printer, and the key of a document in Mac's Word: neither is run.
_HARMLESS = re.compile(
    r"(?:xl|word|ppt)/(?:printerSettings/printerSettings\d*\.bin|calcChain\.bin)", re.IGNORECASE
)
# A chart has its numbers in a workbook.
_NESTED = re.compile(r"(?:word|ppt|xl)/embeddings/[^/]+\.(?:xlsx|docx|pptx)", re.IGNORECASE)
_MACROS = re.compile(
    r"vbaproject\.bin$|(?:^|/)vbadata\.xml$|^xl/(?:macrosheets|dialogsheets)/", re.IGNORECASE
)
_PROGRAMS = (b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe")
_CONTAINERS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")
_READ_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    ValueError,
    RuntimeError,  # encrypted
    NotImplementedError,
)


def office_type(stream: IO[bytes]) -> str:
    """
    Return the type of office document in a zip.

    :raises NotKept: if it is another archive, lists paths that lead outside, holds macros, programs
        or other files, or cannot be read
    """
    return _office_type(stream, nested=False)


def _office_type(stream: IO[bytes], *, nested: bool) -> str:
    _check_directory(stream)
    try:
        with zipfile.ZipFile(stream) as archive:
            parts = archive.infolist()
            # Another archive before it: programs differ in which of the two they unpack.
            if parts and all(part.header_offset for part in parts):
                raise NotKept("broken")
            kind = _kind_of({part.filename for part in parts})
            _check_parts(archive, parts, nested=nested)
            if kind == WORD:
                _check_texts(archive, parts)
    except _READ_ERRORS as error:
        if isinstance(error, NotKept):
            raise
        raise NotKept("broken") from error
    return kind


def _kind_of(names: set[str]) -> str:
    # Nothing is unpacked here, but whoever opens the file unpacks it.
    if any(
        name.startswith(("/", "\\")) or ":" in name or ".." in name.replace("\\", "/").split("/")
        for name in names
    ):
        raise NotKept("archive")
    if any(_MACROS.search(name) for name in names):
        raise NotKept("macros")
    found = [kind for mark, kind in MARKS.items() if mark in names]
    if CONTENT_TYPES not in names or len(found) != 1:
        raise NotKept("archive")
    return found[0]


class _Budget:
    """Bytes that may be unpacked from one document."""

    def __init__(self) -> None:
        self._left = MOST_READ_BYTES

    def take(self, part: zipfile.ZipInfo) -> None:
        """:raises NotKept: if the part is larger than what is left"""
        self._left -= part.file_size
        if self._left < 0:
            raise NotKept("archive")


def _check_parts(archive: zipfile.ZipFile, parts: list[zipfile.ZipInfo], *, nested: bool) -> None:
    """:raises NotKept: if a part is a program or another file, or loads one"""
    budget, seen = _Budget(), set()
    for part in parts:
        name = part.filename
        # Programs differ in which of two parts with one name they read.
        if name.lower() in seen:
            raise NotKept("broken")
        seen.add(name.lower())
        ending = name.rpartition(".")[2].lower()
        if part.is_dir():
            continue
        if _NESTED.fullmatch(name) and not nested:
            budget.take(part)
            _office_type(BytesIO(archive.read(part)), nested=True)
        elif ending not in _PARTS and not _HARMLESS.fullmatch(name):
            raise NotKept("embedded", what=name[-60:])
        elif is_list(name):
            budget.take(part)
            check_list(archive.read(part), name)
        elif ending not in _TEXTS:
            _check_head(archive, part)


def _check_texts(archive: zipfile.ZipFile, parts: list[zipfile.ZipInfo]) -> None:
    """:raises NotKept: if a text has a field that asks something outside"""
    texts = [part for part in parts if part.filename.rpartition(".")[2].lower() in _TEXTS]
    if sum(part.file_size for part in texts) > MOST_TEXT_BYTES:
        raise NotKept("archive")
    for part in texts:
        with archive.open(part) as stream:
            is_asked = has_fields(stream)
        if is_asked:
            with archive.open(part) as stream:
                check_fields(stream)


def _check_head(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """:raises NotKept: if a part that should be a picture or a sound is a program or an archive"""
    with archive.open(part) as stream:
        head = stream.read(_HEAD)
    if head.startswith(_PROGRAMS + _CONTAINERS):
        raise NotKept("embedded", what=part.filename[-60:])


def _check_directory(stream: IO[bytes]) -> None:
    """Refuse a directory that would fill the memory, before anything reads it."""
    stream.seek(0, 2)
    stream.seek(max(0, stream.tell() - _END_BYTES - _COMMENT_BYTES))
    end = stream.read()
    at = end.rfind(_END)
    if at < 0 or len(end) - at < _END_BYTES:
        raise NotKept("broken")
    size, _start, comment = struct.unpack_from("<LLH", end, at + 12)
    if len(end) - at != _END_BYTES + comment:
        raise NotKept("broken")  # something else hides behind it
    # This also refuses zip64, which writes 0xFFFFFFFF here. No office document is that large.
    if size > MOST_DIRECTORY_BYTES:
        raise NotKept("archive")
    stream.seek(0)
