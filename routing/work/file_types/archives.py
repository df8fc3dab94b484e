"""
Office documents, which are zips. They are recognised by their directories; nothing is unpacked.
"""

from __future__ import annotations

import struct
import zipfile
from typing import IO

from routing.work.file_types.refusal import NotKept

_OFFICE = "application/vnd.openxmlformats-officedocument."
MARKS = {
    "word/document.xml": _OFFICE + "wordprocessingml.document",
    "xl/workbook.xml": _OFFICE + "spreadsheetml.sheet",
    "ppt/presentation.xml": _OFFICE + "presentationml.presentation",
}
MOST_DIRECTORY_BYTES = 1 << 20  # zipfile reads a directory whole: some 20,000 names
_END = b"PK\x05\x06"
_END_BYTES, _COMMENT_BYTES = 22, 1 << 16


def office_type(stream: IO[bytes]) -> str:
    """
    Return the type of office document in a zip.

    :raises NotKept: if it is another archive, lists paths that lead outside, holds macros or cannot
        be read
    """
    _check_directory(stream)
    try:
        with zipfile.ZipFile(stream) as archive:
            names = {info.filename for info in archive.infolist()}
    except (
        zipfile.BadZipFile,
        OSError,
        ValueError,
        UnicodeDecodeError,
        NotImplementedError,
    ) as error:
        raise NotKept("broken") from error
    # Nothing is unpacked here, but whoever opens the file unpacks it.
    if any(
        name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") for name in names
    ):
        raise NotKept("archive")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise NotKept("macros")
    found = [kind for mark, kind in MARKS.items() if mark in names]
    if "[Content_Types].xml" not in names or len(found) != 1:
        raise NotKept("archive")
    return found[0]


def _check_directory(stream: IO[bytes]) -> None:
    """Refuse a directory that would fill the memory, before anything reads it."""
    stream.seek(0, 2)
    stream.seek(max(0, stream.tell() - _END_BYTES - _COMMENT_BYTES))
    end = stream.read()
    at = end.rfind(_END)
    if at < 0 or len(end) - at < _END_BYTES:
        raise NotKept("broken")
    (size,) = struct.unpack_from("<L", end, at + 12)
    # This also refuses zip64, which writes 0xFFFFFFFF here. No office document is that large.
    if size > MOST_DIRECTORY_BYTES:
        raise NotKept("archive")
    stream.seek(0)
