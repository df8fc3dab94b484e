"""Images: measured from their headers. Only a process of its own decodes them."""

from __future__ import annotations

from typing import IO

from PIL import Image

from routing.work.file_types.drawing import DAMAGED_ERRORS, FORMATS, opened
from routing.work.file_types.metadata import OPENING
from routing.work.file_types.refusal import NotKept
from routing.work.file_types.separate import drawn

__all__ = ["FORMATS", "measure", "preview"]


def measure(stream: IO[bytes], kind: str, most_pixels: int) -> tuple[int, int]:
    """
    Return the width and height in pixels, as stored.

    :raises NotKept: if it is damaged, is no image of this kind, or has more than ``most_pixels``
    """
    too_many = NotKept("too_many_pixels", limit=most_pixels // 1_000_000)
    stream.seek(0)
    try:
        with OPENING, opened(stream, kind) as image:
            width, height = image.size
            if width * height <= most_pixels:
                image.verify()
    except Image.DecompressionBombError as error:
        raise too_many from error
    except DAMAGED_ERRORS as error:
        raise NotKept("broken") from error
    if width * height > most_pixels:
        raise too_many
    return width, height


def preview(stream: IO[bytes], kind: str, *, most_side: int, most_pixels: int) -> bytes:
    """
    Return the first frame as upright WebP without metadata, at most ``most_side`` pixels a side.

    It takes up to seconds, so it is not for a request.

    :param stream: a file of the operating system
    :raises NotKept: as ``measure``, or if decoding it takes more memory than there is for one image
    """
    measure(stream, kind, most_pixels)
    with drawn("preview", stream, kind, most_side) as out:
        return out.read()
