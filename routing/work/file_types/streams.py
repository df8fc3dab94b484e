"""
One pass over the bytes of a file: its digest, and signs of viruses, programs and text.
"""

from __future__ import annotations

import hashlib
import re
from codecs import BOM_UTF8
from dataclasses import dataclass
from itertools import product
from typing import IO

from routing.work.file_types.encodings import BOMS, TextScan

CHUNK = 1 << 16
# https://www.eicar.org/download-anti-malware-testfile/; written in two halves so that no scanner
# takes this file for it.
EICAR = (b"X5O!P%@AP[4\\PZX54(P^)7CC)7}" + b"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*").lower()
# Marks of code, which no image, film, table or text needs.
PAGE = (b"<?php", b"<script", b"<html", b"<!doctype", b"<iframe")
# Four signs alone are found by chance in one of a hundred large photos.
_DRAWING = re.compile(rb"<svg[\s/>:]")


def _wide(*marks: bytes) -> tuple[bytes, ...]:
    """Return marks as they stand in UTF-16."""
    both = product(marks, ("utf-16-le", "utf-16-be"))
    return tuple(mark.decode().encode(order) for mark, order in both)


_VIRUSES = (EICAR, *_wide(EICAR))
_PAGES = (*PAGE, *_wide(*PAGE))
_DRAWINGS = _wide(b"<svg")
_LONGEST = max(len(mark) for mark in (*_VIRUSES, *_PAGES, *_DRAWINGS))


@dataclass(frozen=True, slots=True)
class FileScan:
    sha256: str
    size: int  # bytes
    is_infected: bool
    holds_code: bool
    holds_page: bool  # code other than a drawing
    is_blank: bool  # nothing but the mark of an encoding
    encoding: str  # of text, or empty: see ``encodings``


def look(stream: IO[bytes]) -> FileScan:
    """Read a seekable stream from beginning to end."""
    stream.seek(0)
    digest, size, tail = hashlib.sha256(), 0, b""
    infected = page = drawing = False
    text = TextScan()
    while chunk := stream.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
        # With the end of the chunk before, because a mark may lie across the border.
        window = tail + chunk.lower()
        infected = infected or any(mark in window for mark in _VIRUSES)
        page = page or any(mark in window for mark in _PAGES)
        drawing = drawing or _holds_drawing(window)
        tail = window[-_LONGEST:]
        text.feed(chunk)
    blank = tail in (BOM_UTF8, *BOMS)
    return FileScan(digest.hexdigest(), size, infected, page or drawing, page, blank, text.end())


def _holds_drawing(window: bytes) -> bool:
    return _DRAWING.search(window) is not None or any(mark in window for mark in _DRAWINGS)
