"""File types, detected by their bytes. All other types are refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import IO

import filetype

from routing.work.file_types import archives, images
from routing.work.file_types.encodings import BOMS, UTF16
from routing.work.file_types.names import ending_of
from routing.work.file_types.pdfs import check_pdf
from routing.work.file_types.refusal import NotKept
from routing.work.file_types.streams import FileScan

_HEAD = 8192
TABLES = frozenset({"csv", "tsv"})  # endings
# Shortcuts of desktops, set-up scripts, and tables that Excel loads with their formulas or from the
# web, whatever the file is called.
_INSTRUCTIONS = re.compile(
    r"\[(?:internetshortcut|desktop entry|shell|version|autorun)\]"
    r"|web\s*\r?\n\s*\d+\s*\r?\n|id;p[^\r\n]*\r?\n[bcefopw];",
    re.IGNORECASE,
)
PDF = "application/pdf"
_MEDIA = {
    PDF: PDF,
    "video/mp4": "video/mp4",
    "video/x-m4v": "video/mp4",
    "video/quicktime": "video/quicktime",
    "video/webm": "video/webm",
    "audio/mpeg": "audio/mpeg",
    "audio/x-wav": "audio/wav",
    "audio/wav": "audio/wav",
}


@dataclass(frozen=True, slots=True)
class FileType:
    type: str  # MIME
    width: int | None = None  # pixels, for images
    height: int | None = None


def kind_of(stream: IO[bytes], name: str, seen: FileScan, *, most_pixels: int) -> FileType:
    """
    Detect the type of a seekable stream.

    :param name: only distinguishes tables from other text
    :raises NotKept: if the type is not accepted, or the file is damaged or contains code
    """
    stream.seek(0)
    head = stream.read(_HEAD)
    stream.seek(0)
    if head.startswith(b"PK"):
        return FileType(archives.office_type(stream))
    guessed = None if head.startswith(BOMS) else filetype.guess(head)
    mime = guessed.mime if guessed else ""
    if mime == "image/apng":  # a PNG that moves
        mime = "image/png"
    if mime in images.FORMATS:
        width, height = images.measure(stream, mime, most_pixels)
        if seen.holds_code:
            raise NotKept("program")
        return FileType(mime, width, height)
    if mime in _MEDIA:
        if seen.holds_page:
            raise NotKept("code")
        if mime == PDF:
            check_pdf(stream)
        return FileType(_MEDIA[mime])
    if mime or not seen.encoding or seen.holds_code or _is_instruction(head, seen.encoding):
        raise NotKept("archive" if mime in _ARCHIVES else "type")
    is_table = ending_of(name) in TABLES or _is_unicode_text(head, seen.encoding)
    return FileType("text/csv" if is_table else "text/plain")


def _is_unicode_text(head: bytes, encoding: str) -> bool:
    """Return whether this is what Excel calls “Unicode text”: a table in UTF-16 with tabs."""
    first_line = head.decode(encoding, "ignore").partition("\n")[0]
    return encoding == UTF16 and "\t" in first_line


def _is_instruction(head: bytes, encoding: str) -> bool:
    """Return whether a program takes such a text for something to run or to load."""
    text = head.decode(encoding, "replace").lstrip()
    return text.startswith(("#!", "<?", "{\\rtf")) or _INSTRUCTIONS.match(text) is not None


_ARCHIVES = frozenset(
    f"application/{name}"
    for name in (
        "zip",
        "gzip",
        "x-tar",
        "x-rar-compressed",
        "vnd.rar",
        "x-bzip2",
        "x-7z-compressed",
        "x-xz",
        "zstd",
        "x-lzip",
    )
)
