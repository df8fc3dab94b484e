"""
One pass over the bytes of a file: its digest, and signs of viruses, programs and text.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import IO

from routing.work.file_types.encodings import TextScan

CHUNK = 1 << 16
# https://www.eicar.org/download-anti-malware-testfile/; written in two halves so that no scanner
# takes this file for it.
EICAR = (b"X5O!P%@AP[4\\PZX54(P^)7CC)7}" + b"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*").lower()
# Marks of code, which no image, table or text needs.
CODE = (b"<?php", b"<script", b"<html", b"<svg", b"<!doctype", b"<iframe")
_WIDE = (
    *(mark.decode().encode("utf-16-le") for mark in CODE),
    *(mark.decode().encode("utf-16-be") for mark in CODE),
)
_LONGEST = max(len(mark) for mark in (EICAR, *CODE, *_WIDE))


@dataclass(frozen=True, slots=True)
class FileScan:
    sha256: str
    size: int  # bytes
    is_infected: bool
    holds_code: bool
    encoding: str  # of text, or empty: see ``encodings``


def look(stream: IO[bytes]) -> FileScan:
    """Read a seekable stream from beginning to end."""
    stream.seek(0)
    digest, size, tail = hashlib.sha256(), 0, b""
    infected = code = False
    text = TextScan()
    while chunk := stream.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
        # With the end of the chunk before, because a mark may lie across the border.
        window = tail + chunk.lower()
        infected = infected or EICAR in window
        code = code or any(mark in window for mark in (*CODE, *_WIDE))
        tail = window[-_LONGEST:]
        text.feed(chunk)
    return FileScan(digest.hexdigest(), size, infected, code, text.end())
