"""Images: measured from their headers before anything is decoded."""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import IO

from PIL import Image, ImageOps, UnidentifiedImageError

from routing.work.file_types.refusal import NotKept

FORMATS = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/avif": "AVIF",
}
# Pillow raises all of these for damaged images: its readers do not catch their own errors.
_DAMAGED = (
    UnidentifiedImageError,
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    ArithmeticError,
)


def measure(stream: IO[bytes], kind: str, most_pixels: int) -> tuple[int, int]:
    """
    Return the width and height in pixels, as stored.

    :raises NotKept: if it is damaged, is no image of this kind, or has more than ``most_pixels``
    """
    too_many = NotKept("too_many_pixels", limit=most_pixels // 1_000_000)
    stream.seek(0)
    try:
        with _opened(stream, kind) as image:
            width, height = image.size
            if width * height <= most_pixels:
                image.verify()
    except Image.DecompressionBombError as error:
        raise too_many from error
    except _DAMAGED as error:
        raise NotKept("broken") from error
    if width * height > most_pixels:
        raise too_many
    return width, height


def preview(stream: IO[bytes], kind: str, *, most_side: int, most_pixels: int) -> bytes:
    """
    Return the first frame as upright WebP without metadata, at most ``most_side`` pixels a side.

    :raises NotKept: as ``measure``
    """
    measure(stream, kind, most_pixels)
    stream.seek(0)
    try:
        with _opened(stream, kind) as image:
            # Lets the JPEG decoder scale down, which saves most of the time and memory.
            image.draft("RGB", (most_side, most_side))
            upright = ImageOps.exif_transpose(image)
            upright.thumbnail((most_side, most_side))
            transparent = upright.has_transparency_data
            out = BytesIO()
            # Without EXIF and XMP, which may say where a photo was taken.
            upright.convert("RGBA" if transparent else "RGB").save(
                out, "WEBP", quality=82, exif=b"", icc_profile=b"", xmp=b""
            )
    except _DAMAGED as error:
        raise NotKept("broken") from error
    return out.getvalue()


def _opened(stream: IO[bytes], kind: str) -> Image.Image:
    with warnings.catch_warnings():
        # Pillow warns above its own limit. Ours is checked right after.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return Image.open(stream, formats=[FORMATS[kind]])
