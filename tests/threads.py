"""Run functions at the same moment, each in a thread with a database connection of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connection

T = TypeVar("T")


def at_once(functions: Sequence[Callable[[], T]]) -> list[T]:
    """The results in order; the first error is raised after all have ended."""
    barrier = Barrier(len(functions), timeout=20)

    def alone(function: Callable[[], T]) -> T:
        try:
            barrier.wait()
            return function()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(functions)) as pool:
        return [
            future.result(timeout=60)
            for future in [pool.submit(alone, function) for function in functions]
        ]
