"""Processes that never outlive the one that started them."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable, Collection
from contextlib import suppress

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36  # prctl(2)
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


def adopt_orphans() -> None:
    """
    Become the parent of every process below this one whose own parent ends.

    They have to be reaped, see ``reap_orphans``.
    """
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)


def reap_orphans(known: Collection[int]) -> None:
    """Forget processes that ended, were adopted, and are none of the ``known`` ones."""
    with suppress(ChildProcessError):  # there is no child at all
        while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if ended.si_pid in known:
                return  # whoever started it asks for its code, and we go on the next time
            os.waitpid(ended.si_pid, 0)


def tied(by: signal.Signals, before: Callable[[], None] | None = None) -> Callable[[], None]:
    """Return a ``preexec_fn`` for a child that ends with us. ``before`` runs in it first."""
    parent = os.getpid()

    def prepare() -> None:
        if before:
            before()
        die_with(parent, by)

    return prepare
