"""
The one handler that may catch everything: a poisoned row is found, recorded and put aside; the
others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

log = structlog.get_logger(__name__)


def isolate(
    work: Callable[[Sequence[int]], int], ids: Sequence[int], park: Callable[[int, str], None]
) -> int:
    """
    Do ``work`` for all ids at once; if it fails, for each alone, parking the ones that fail again.

    ``work`` runs in its own transaction and returns how many it did; ``park`` gets the id and a
    short reason without data. An error of ``park`` itself, such as a database that is away, is the
    caller's.
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
            park(ids[0], f"{type(error).__name__}"[:200])
            return 0
    return sum(isolate(work, [each], park) for each in ids)
