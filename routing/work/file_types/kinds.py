"""File types, detected by their bytes. All other types are refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO

import filetype

from routing.work.file_types import archives, images
from routing.work.file_types.refusal import NotKept
from routing.work.file_types.streams import FileScan

_HEAD = 8192
_MEDIA = {
    "application/pdf": "application/pdf",
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

    :param name: only distinguishes CSV from other text
    :raises NotKept: if the type is not accepted, or the file is damaged or contains code
    """
    stream.seek(0)
    head = stream.read(_HEAD)
    stream.seek(0)
    if head.startswith(b"PK"):
        return FileType(archives.office_type(stream))
    guessed = filetype.guess(head)
    mime = guessed.mime if guessed else ""
    if mime in images.FORMATS:
        width, height = images.measure(stream, mime, most_pixels)
        if seen.holds_code:
            raise NotKept("program")
        return FileType(mime, width, height)
    if mime in _MEDIA:
        return FileType(_MEDIA[mime])
    if (
        mime
        or not seen.is_text
        or seen.holds_code
        or head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"#!", b"<?", b"{\\rtf"))
    ):
        raise NotKept("archive" if mime in _ARCHIVES else "type")
    return FileType("text/csv" if name.lower().endswith(".csv") else "text/plain")


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
