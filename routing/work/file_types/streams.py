"""
One pass over the bytes of a file: its digest, and signs of viruses, programs and text.
"""

from __future__ import annotations

import codecs
import hashlib
from dataclasses import dataclass
from typing import IO

CHUNK = 1 << 16
# https://www.eicar.org/download-anti-malware-testfile/; written in two halves so that no scanner
# takes this file for it.
EICAR = (b"X5O!P%@AP[4\\PZX54(P^)7CC)7}" + b"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*").lower()
# Marks of code, which no image, table or text needs.
CODE = (b"<?php", b"<script", b"<html", b"<svg", b"<!doctype", b"<iframe")
_LONGEST = max(len(mark) for mark in (EICAR, *CODE))


@dataclass(frozen=True, slots=True)
class FileScan:
    sha256: str
    size: int  # bytes
    is_infected: bool
    holds_code: bool
    is_text: bool  # UTF-8 without a NUL


def look(stream: IO[bytes]) -> FileScan:
    """Read a seekable stream from beginning to end."""
    stream.seek(0)
    digest, size, tail = hashlib.sha256(), 0, b""
    decoder = codecs.getincrementaldecoder("utf-8")()
    infected = code = False
    text = True
    while chunk := stream.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
        # With the end of the chunk before, because a mark may lie across the border.
        window = tail + chunk.lower()
        infected = infected or EICAR in window
        code = code or any(mark in window for mark in CODE)
        tail = window[-_LONGEST:]
        text = text and b"\0" not in chunk and _decodes(decoder, chunk, final=False)
    text = text and _decodes(decoder, b"", final=True)
    return FileScan(digest.hexdigest(), size, infected, code, text)


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True
