"""
The one handler that may catch every exception, so that one bad row does not stop a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

log = structlog.get_logger(__name__)


def isolate(
    work: Callable[[Sequence[int]], int], ids: Sequence[int], quarantine: Callable[[int, str], None]
) -> int:
    """
    Do ``work`` for all ids at once. If that fails, do it for each id alone, and quarantine those
    that fail again.

    :param work: runs in its own transaction and returns how many it did
    :param quarantine: gets the id and a short reason without data. Its own errors, such as a
        database that is away, are raised.
    """
    if not ids:
        return 0
    try:
        return work(ids)
    except Exception as error:
        log.warning(
            "batch failed",
            action="isolate",
            error=type(error).__name__,
            size=len(ids),
            exc_info=True,
        )
        if len(ids) == 1:
            # Only the name of the error: its message may quote the row, and so personal data.
            quarantine(ids[0], type(error).__name__[:200])
            return 0
    # Outside the handler, so that an error in one of these does not carry the batch's along.
    return sum(isolate(work, [each], quarantine) for each in ids)
