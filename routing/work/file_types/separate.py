"""
Draw images in a separate process, one at a time on this machine.

An image of a few bytes can hold millions of pixels. Decoded in a request, several at once would
take the memory of everything else.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import IO

import structlog
from django.conf import settings

from routing.work.file_types import drawing
from routing.work.file_types.refusal import NotKept

log = structlog.get_logger(__name__)
TIMEOUT_S = 60  # of the clock; the process itself ends after drawing.CPU_S of computing
WAIT_S = 20  # for the image that is being drawn now
LOCK = ".drawing-lock"


@contextmanager
def drawn(verb: str, source: IO[bytes], kind: str, option: str | int) -> Iterator[IO[bytes]]:
    """
    Yield the result of a verb of ``drawing`` as a temporary file.

    :param source: a file of the operating system
    :raises NotKept: if the image is damaged, needs more memory or time than there is for one, or
        others are being drawn for too long
    """
    with tempfile.TemporaryFile(dir=workshop()) as out:
        with _alone():
            code = _run([verb, kind, str(option)], source, out)
        if code == drawing.DAMAGED:
            raise NotKept("broken")
        if code:
            # Killed for its memory or time, which says the same as having reached its limit.
            log.warning("image_not_drawn", verb=verb, kind=kind, code=code)
            raise NotKept("too_many_pixels", limit=settings.FILE_MAX_PIXELS // 1_000_000)
        out.seek(0)
        yield out


def _run(arguments: Sequence[str], source: IO[bytes], out: IO[bytes]) -> int:
    """Return the exit code of the process."""
    os.lseek(source.fileno(), 0, os.SEEK_SET)  # what was read ahead does not count
    try:
        done = subprocess.run(
            [sys.executable, "-I", drawing.__file__, *arguments],
            stdin=source,
            stdout=out,
            stderr=subprocess.DEVNULL,
            timeout=TIMEOUT_S,
            check=False,
            env={"MALLOC_ARENA_MAX": "1", "TMPDIR": str(workshop())},
        )
    except subprocess.TimeoutExpired:
        return drawing.TOO_LARGE
    return done.returncode


@contextmanager
def _alone() -> Iterator[None]:
    """
    Wait until no other image is being drawn.

    :raises NotKept: after ``WAIT_S``
    """
    handle = os.open(lock_file(), os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        until = monotonic() + WAIT_S
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if monotonic() > until:
                    raise NotKept("busy") from None
                sleep(0.05)
        yield
    finally:
        os.close(handle)


def lock_file() -> Path:
    """Return a file that all processes on this machine share, those of other containers too."""
    return workshop() / f"{LOCK}-{os.getuid()}"


def workshop() -> Path:
    """Return a folder for images in the making. In a container, /tmp may be in memory."""
    folder = Path(settings.MEDIA_ROOT)
    if folder.is_dir() and os.access(folder, os.W_OK):
        return folder
    return Path(tempfile.gettempdir())
