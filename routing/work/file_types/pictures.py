"""Images as they are kept: upright, and without what tells about the person who took them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from django.core.files.base import File as Upload

from routing.work.file_types.metadata import Unreadable, strip
from routing.work.file_types.refusal import NotKept
from routing.work.file_types.separate import drawn, workshop


@contextmanager
def presentable(upload: Upload[Any], kind: str) -> Iterator[Upload[Any]]:
    """
    Yield an image upright and without metadata. Its colour profile and its pixels are kept, unless
    it has to be turned.

    :raises NotKept: if its metadata cannot be told from the rest, or it cannot be turned
    """
    source: Any = upload.file
    with tempfile.TemporaryFile(dir=workshop()) as bare:
        try:
            orientation = strip(source, bare, kind)
        except Unreadable as error:
            raise NotKept("broken") from error
        bare.flush()
        if orientation == 1:
            yield _as_upload(bare)
            return
        with drawn("upright", bare, kind, orientation) as turned:
            yield _as_upload(turned)


def _as_upload(stream: IO[bytes]) -> Upload[bytes]:
    made: Upload[bytes] = Upload(stream)
    made.size = stream.seek(0, 2)
    stream.seek(0)
    return made
