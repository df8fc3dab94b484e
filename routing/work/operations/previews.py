"""Draw the previews that are due: once each, one at a time, and never in a request."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings

from routing.kernel.queues import Lease, lease
from routing.kernel.storage import private
from routing.work.file_types.images import preview
from routing.work.file_types.refusal import NotKept
from routing.work.files import File
from routing.work.previews import MOST_SIDE, ImagePreview

log = structlog.get_logger(__name__)
Clock = Callable[[], datetime]
AT_A_STRETCH = timedelta(seconds=20)
LOST, FAILED, BUSY = "lost", "failed", "busy"


def draw_previews(*, clock: Clock) -> int:
    """
    Draw what is due, but not for long, and return the number of previews.

    It may run twice at a time, and it may be killed at any time.

    :param clock: returns the current time, aware
    """
    until, drawn = clock() + AT_A_STRETCH, 0
    while clock() < until:
        first = ImagePreview.objects.due(clock()).order_by("due_at", "pk").first()
        if first is None:
            break
        drawn += _draw(first.pk, clock())
    return drawn


def _draw(pk: int, at: datetime) -> bool:
    taken = lease(ImagePreview.objects.due(at).filter(pk=pk), _take(at), column="due_at")
    if taken is None:
        return False
    row, held = taken
    picture, fault = _picture(row)
    if fault == BUSY:  # another image was drawn all the time, which says nothing about this one
        held.of(ImagePreview.objects.all()).update(due_at=at, attempts=row.attempts - 1)
        return False
    _record(held, picture, fault)
    return picture is not None


def _take(at: datetime) -> Callable[[ImagePreview], bool]:
    def take(row: ImagePreview) -> bool:
        if row.attempts >= ImagePreview.MOST_ATTEMPTS:
            # It has killed its workers, or nobody could read it.
            row.due_at, row.fault = None, FAILED
            row.save(update_fields=["due_at", "fault"])
            return False
        row.due_at, row.attempts = at + ImagePreview.LEASE, row.attempts + 1
        row.save(update_fields=["due_at", "attempts"])
        return True

    return take


def _picture(row: ImagePreview) -> tuple[bytes | None, str]:
    """Return the picture, or None and the reason why there is none."""
    file = File.objects.kept().filter(sha256=row.sha256).first()
    if file is None:
        return None, LOST
    try:
        with private().open(file.storage_key) as stream:
            source: Any = stream.file
            most = settings.FILE_MAX_PIXELS
            return preview(source, file.type, most_side=MOST_SIDE, most_pixels=most), ""
    except NotKept as refusal:
        return None, refusal.code
    except FileNotFoundError:
        return None, LOST


def _record(held: Lease, picture: bytes | None, fault: str) -> None:
    """Write the result, unless the row was deleted or taken by another worker meanwhile."""
    held.of(ImagePreview.objects.all()).update(picture=picture, fault=fault, due_at=None)
