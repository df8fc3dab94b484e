"""
Decode and draw images, in a process of its own that cannot take more than a share of the machine.

``separate`` starts this file as a script: standard input is the image, standard output the result.
It imports Pillow and the standard library only, so that it starts quickly and needs little memory.
"""

from __future__ import annotations

import os
import resource
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

from PIL import Image, ImageOps, JpegImagePlugin, UnidentifiedImageError

FORMATS: Mapping[str, str] = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/avif": "AVIF",
}
# Pillow raises all of these for damaged images: its readers do not catch their own errors.
DAMAGED_ERRORS = (
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
# Enough for two copies of the largest image that is accepted, at four bytes a pixel.
MEMORY_BYTES = 500 << 20
CPU_S = 30
RESULT_BYTES = 256 << 20
DAMAGED, TOO_LARGE = 3, 4  # exit codes

TURNED = range(2, 9)  # orientations of EXIF that differ from how the pixels are stored
ORIENTATION = 0x0112


def opened(stream: IO[bytes], kind: str) -> Image.Image:
    with warnings.catch_warnings():
        # Pillow warns above its own limit. Ours is checked right after.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return Image.open(stream, formats=[FORMATS[kind]])


def preview(source: IO[bytes], out: IO[bytes], kind: str, most_side: str) -> None:
    """
    Write the first frame as upright WebP without metadata.

    :param most_side: the longest side, in pixels
    """
    side = int(most_side)
    with opened(source, kind) as image:
        # Lets the JPEG decoder scale down, which saves most of the time and memory.
        image.draft("RGB", (side, side))
        orientation = image.getexif().get(ORIENTATION, 1)
        # Made small before it is turned: a turned copy of the whole would need the memory twice.
        image.thumbnail((side, side))
        small = image
        if orientation in TURNED:
            small = ImageOps.exif_transpose(image)
        transparent = small.has_transparency_data
        # Without EXIF and XMP, which may say where a photo was taken.
        small.convert("RGBA" if transparent else "RGB").save(
            out, "WEBP", quality=82, exif=b"", icc_profile=b"", xmp=b""
        )


def upright(source: IO[bytes], out: IO[bytes], kind: str, orientation: str) -> None:
    """
    Write the image turned as its orientation says, in its own format and with its colour profile.

    :param orientation: that of EXIF, because the image itself has no metadata any more
    """
    with opened(source, kind) as image:
        options: dict[str, Any] = {"icc_profile": image.info.get("icc_profile")}
        if kind == "image/jpeg":
            options |= _like_before(image)
        elif kind == "image/webp":
            options |= {"quality": 95, "method": 4}
        image.load()
        image.getexif()[ORIENTATION] = int(orientation)
        turned = ImageOps.exif_transpose(image)
        image.close()  # its pixels too: writing needs memory of its own
    turned.save(out, FORMATS[kind], exif=b"", **options)


def _like_before(image: Any) -> dict[str, Any]:
    """Return options that keep the quality of a JPEG, as far as its file tells."""
    options: dict[str, Any] = {
        "qtables": image.quantization,
        "progressive": bool(image.info.get("progressive")),
    }
    sampling = JpegImagePlugin.get_sampling(image)
    if sampling >= 0:
        options["subsampling"] = sampling
    return options


VERBS: Mapping[str, Callable[[IO[bytes], IO[bytes], str, str], None]] = {
    "preview": preview,
    "upright": upright,
}


def limit() -> None:
    """Bind this process to its share of memory, time and disk. Nothing lifts that again."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_S),
        (resource.RLIMIT_FSIZE, RESULT_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    os.nice(10)  # requests and workers go first


def main(arguments: Sequence[str]) -> int:
    """Draw from standard input to standard output, and return the exit code."""
    verb, kind, option = arguments
    limit()
    Image.MAX_IMAGE_PIXELS = None  # the caller has measured it, and the memory is limited
    try:
        VERBS[verb](sys.stdin.buffer, sys.stdout.buffer, kind, option)
        sys.stdout.buffer.flush()
    except MemoryError:
        return TOO_LARGE
    except DAMAGED_ERRORS:
        return DAMAGED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
