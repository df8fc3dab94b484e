"""
Retry on deadlock or serialization failure, where the database rolls back one of two transactions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import psycopg
from django.db import OperationalError, connection

T = TypeVar("T")

ATTEMPTS = 3


def again(do: Callable[[], T], *, otherwise: Callable[[], T] | None = None) -> T:
    """
    Call ``do``, which begins and ends a transaction of its own, up to three times while the
    database undoes it for another's sake.

    Inside a caller's transaction it is called once: what was undone is the caller's, and so is the
    error.

    :param otherwise: the answer when the last attempt was undone too; without it the error is
        raised
    """
    if connection.in_atomic_block:
        return do()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return do()
        except OperationalError as error:
            if not _undone_for_another(error) or (attempt == ATTEMPTS and otherwise is None):
                raise
    assert otherwise is not None
    return otherwise()


def _undone_for_another(error: OperationalError) -> bool:
    """Nothing was wrong with it (SQLSTATE 40P01, 40001): done again, it may pass."""
    return isinstance(
        error.__cause__, psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure
    )
