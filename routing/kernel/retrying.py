"""
Retry after a deadlock or serialization failure, in which the database rolls back one transaction.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

import psycopg
from django.db import OperationalError, connection

T = TypeVar("T")

ATTEMPTS = 3
APART_S = 0.05  # at most, before the second attempt; twice as long before the third


def again(do: Callable[[], T], *, otherwise: Callable[[], T] | None = None) -> T:
    """
    Call ``do`` up to three times, as long as the database rolls it back for another transaction.

    :param do: begins and ends its own transaction
    :param otherwise: gives the answer if the last attempt was rolled back too. Without it the error
        is raised.
    """
    # The rollback took the caller's work too. Only the caller can do that again.
    if connection.in_atomic_block:
        return do()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return do()
        except OperationalError as error:
            last = attempt == ATTEMPTS
            if not _undone_for_another(error) or (last and otherwise is None):
                raise
            # Otherwise two that undid each other would meet again.
            if not last:
                time.sleep(random.uniform(0, APART_S * attempt))  # noqa: S311  # no secret
    assert otherwise is not None
    return otherwise()


def _undone_for_another(error: OperationalError) -> bool:
    """Return whether a retry may succeed: SQLSTATE 40P01 or 40001."""
    return isinstance(
        error.__cause__, psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure
    )
