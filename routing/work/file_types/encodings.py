"""
Encodings of text: UTF-8, and those in which Excel exports tables.

“CSV” of Excel is in the code page of Windows, “Unicode text” in UTF-16 with tabs.
"""

from __future__ import annotations

import codecs
import re
from typing import IO

UTF8, UTF16, WINDOWS = "utf-8-sig", "utf-16", "windows-1252"
BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Text of any other encoding has none of these, and neither do the programs that write it.
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
CHUNK = 1 << 16


class TextScan:
    """Find out in one pass whether bytes are text, and in which encoding."""

    def __init__(self) -> None:
        self._decoders: dict[str, codecs.IncrementalDecoder] | None = None

    def feed(self, chunk: bytes) -> None:
        if self._decoders is None:
            self._decoders = {name: _decoder(name) for name in _possible(chunk)}
        self._decode(chunk, final=False)

    def end(self) -> str:
        """Return the encoding, or an empty string if the bytes are no text."""
        self._decode(b"", final=True)
        return next(iter(self._decoders or ()), "")

    def _decode(self, chunk: bytes, *, final: bool) -> None:
        for name, decoder in list((self._decoders or {}).items()):
            try:
                text = decoder.decode(chunk, final)
            except UnicodeDecodeError:
                text = "\0"
            if "\0" in text or (name != UTF8 and _CONTROLS.search(text)):
                assert self._decoders is not None
                del self._decoders[name]


def encoding_of(stream: IO[bytes]) -> str:
    """Return the encoding of a text file, or an empty string."""
    scan = TextScan()
    stream.seek(0)
    while chunk := stream.read(CHUNK):
        scan.feed(chunk)
    return scan.end()


def _possible(head: bytes) -> tuple[str, ...]:
    """Return the encodings that a file may have, by how it begins, the likeliest first."""
    return (UTF16,) if head.startswith(BOMS) else (UTF8, WINDOWS)


def _decoder(name: str) -> codecs.IncrementalDecoder:
    return codecs.getincrementaldecoder(name)()
