"""
Decode and draw images, in a process of its own that cannot take more than a share of the machine.

``separate`` starts this file as a script: standard input is the image, standard output the result.
It imports Pillow and the standard library only, so that it starts quickly and needs little memory.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any

from PIL import Image, JpegImagePlugin, UnidentifiedImageError

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
# Enough for the largest AVIF that is accepted: its decoder takes two copies of four bytes a pixel.
# With it, all processes stay below 1.5 GB: tests/config/web/test_upload_memory.py.
MEMORY_BYTES = 480 << 20
STRIP_ROWS = 256  # of an image that is worked on strip by strip, for want of memory for two of it
CPU_S = 30
RESULT_BYTES = 256 << 20
DAMAGED, TOO_LARGE = 3, 4  # exit codes

TURNED = range(2, 9)  # orientations of EXIF that differ from how the pixels are stored
_METHODS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = frozenset({5, 6, 7, 8})  # columns become rows
_BACKWARDS = frozenset({3, 4, 7, 8})  # what was last is above
_WIDE = frozenset({"RGB", "RGBA", "CMYK", "LA"})  # four bytes a pixel in memory
_SHOWN = ("transparency", "dpi", "gamma")  # written into the file again
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
        small = _reduced(image, side)
        small.thumbnail((side, side))
        if orientation in TURNED:
            small = small.transpose(_METHODS[orientation])
        transparent = small.has_transparency_data
        # Without EXIF and XMP, which may say where a photo was taken.
        small.convert("RGBA" if transparent else "RGB").save(
            out, "WEBP", quality=82, exif=b"", icc_profile=b"", xmp=b""
        )


def _reduced(image: Image.Image, side: int) -> Image.Image:
    """
    Return the image with about twice the pixels that are needed, or as it is if it has fewer.

    Pillow would first make a copy of the whole, to weigh colours by their opacity.
    """
    image.load()
    deep = image.mode.startswith("I;16")
    if image.mode not in _WIDE and not deep:
        return image
    factor = max(1, max(image.size) // (2 * side))
    width, height = image.size
    small = Image.new("L" if deep else image.mode, (-(-width // factor), -(-height // factor)))
    step = factor * max(1, STRIP_ROWS // factor)
    for top in range(0, height, step):
        strip = image.crop((0, top, width, min(height, top + step)))
        if deep:  # which Pillow would cut off at 255
            strip = strip.convert("I").point(lambda value: value * (1 / 256)).convert("L")
        small.paste(strip.reduce(factor), (0, top // factor))
    small.info.update(image.info)
    image.close()
    return small


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
        with tempfile.TemporaryFile() as room:
            turned = _turned(image, int(orientation), room)
    turned.save(out, FORMATS[kind], exif=b"", **options)


def _turned(image: Image.Image, orientation: int, room: IO[bytes]) -> Image.Image:
    """
    Return the image as its orientation says, and close it.

    One of four bytes a pixel waits in ``room`` strip by strip, so that there is one copy in memory.
    """
    method = _METHODS[orientation]
    mode, info = image.mode, {name: image.info[name] for name in _SHOWN if name in image.info}
    if mode not in _WIDE:
        turned = image.transpose(method)
        image.close()  # its pixels too: writing needs memory of its own
        return turned
    size = image.size[::-1] if orientation in _SIDEWAYS else image.size
    for box in _strips(image.size, orientation):
        room.write(image.crop(box).transpose(method).tobytes())
    image.close()
    room.seek(0)
    turned = Image.new(mode, size)
    for top in range(0, size[1], STRIP_ROWS):
        rows = min(STRIP_ROWS, size[1] - top)
        content = room.read(size[0] * rows * len(mode))
        turned.paste(Image.frombytes(mode, (size[0], rows), content), (0, top))
    turned.info.update(info)
    return turned


def _strips(size: tuple[int, int], orientation: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield parts of the image in the order in which they stand below each other once turned."""
    width, height = size
    length = width if orientation in _SIDEWAYS else height
    for start in range(0, length, STRIP_ROWS):
        end = min(length, start + STRIP_ROWS)
        low, high = (length - end, length - start) if orientation in _BACKWARDS else (start, end)
        yield (low, 0, high, height) if orientation in _SIDEWAYS else (0, low, width, high)


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
