"""Small pictures of images: made anew by Pillow, so that nothing hidden in the original reaches a page."""

from __future__ import annotations

from django.conf import settings
from django.core.cache import cache

from routing.engine.files.images import preview
from routing.models.files import File
from routing.storage import private

TYPE = "image/webp"
MOST_SIDE = 1200  # pixels
KEPT_S = 24 * 60 * 60


def preview_of(file: File) -> bytes:
    """
    A WebP of the first frame, without metadata.

    :raises NotKept: if it cannot be decoded
    :raises FileNotFoundError: if the bytes are gone
    """
    found: bytes | None = cache.get(_key(file.sha256))
    if found is None:
        with private().open(file.storage_key) as stream:
            found = preview(stream, file.type, most_side=MOST_SIDE, most_pixels=settings.FILE_MAX_PIXELS)
        cache.set(_key(file.sha256), found, KEPT_S)
    return found


def forget(sha256: str) -> None:
    cache.delete(_key(sha256))


def _key(sha256: str) -> str:
    return f"preview:{sha256}"
