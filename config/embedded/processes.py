"""Processes that never outlive the one that started them."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1  # prctl(2)
_libc = ctypes.CDLL(None, use_errno=True)


def die_with(parent: int, by: signal.Signals) -> None:
    """
    Ask the kernel to send ``by`` to this process when ``parent`` ends, even by kill -9.

    The kernel watches the thread that started this process, so children must be started from the
    main thread.
    """
    _libc.prctl(_PR_SET_PDEATHSIG, int(by))
    if os.getppid() != parent:  # it ended before the kernel was asked
        os.kill(os.getpid(), by)


def tied(by: signal.Signals, before: Callable[[], None] | None = None) -> Callable[[], None]:
    """Return a ``preexec_fn`` for a child that ends with us. ``before`` runs in it first."""
    parent = os.getpid()

    def prepare() -> None:
        if before:
            before()
        die_with(parent, by)

    return prepare
