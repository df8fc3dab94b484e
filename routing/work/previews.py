"""
Previews of images. Pillow draws them anew, so nothing hidden in the original reaches a page.
"""

from __future__ import annotations

import redis
import structlog
from django.conf import settings
from django.core.cache import caches

from routing.kernel.storage import private
from routing.work.file_types.images import preview
from routing.work.files import File

log = structlog.get_logger(__name__)

TYPE = "image/webp"
MOST_SIDE = 1200  # pixels
KEPT_S = 24 * 60 * 60


def preview_of(file: File) -> bytes:
    """
    Return a WebP of the first frame, without metadata.

    :raises NotKept: if it cannot be decoded
    :raises FileNotFoundError: if the bytes are gone
    """
    try:
        found: bytes | None = caches["previews"].get(_key(file.sha256))
    except redis.RedisError as error:  # pages still work without the cache, only slower
        log.warning("previews_unanswered", error=type(error).__name__)
        return _made(file)
    if found is None:
        found = _made(file)
        _keep(file.sha256, found)
    return found


def _made(file: File) -> bytes:
    with private().open(file.storage_key) as stream:
        return preview(stream, file.type, most_side=MOST_SIDE, most_pixels=settings.FILE_MAX_PIXELS)


def _keep(sha256: str, picture: bytes) -> None:
    try:
        caches["previews"].set(_key(sha256), picture, KEPT_S)
    except redis.RedisError as error:  # away since, or full
        log.warning("previews_unanswered", error=type(error).__name__)


def forget(sha256: str) -> None:
    """:raises redis.RedisError: if the cache does not answer, and may still have the preview"""
    caches["previews"].delete(_key(sha256))


def _key(sha256: str) -> str:
    return f"preview:{sha256}"
