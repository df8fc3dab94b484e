"""
Storage of private files on this machine.

For another place, such as S3, set another ``STORAGES["private"]``.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage, storages

UNFINISHED = ".keeping-"


def private() -> Storage:
    """Return the storage of private files. Settings may replace it, so do not keep it."""
    return storages["private"]


class PrivateStorage(FileSystemStorage):
    """
    A folder in which a file gets its final name only when all of it is on disk.

    Set ``allow_overwrite``: names are digests, so an existing file has the same content.
    """

    def _save(self, name: str, content: File[bytes]) -> str:  # the hook that Django documents
        # Write under another name and rename, because a rename is atomic: a crash leaves an
        # unfinished file that the sweep removes, never half a file under a digest.
        path = Path(self.path(name))
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, unfinished = tempfile.mkstemp(prefix=UNFINISHED, dir=path.parent)  # 0600
        try:
            with os.fdopen(handle, "wb") as out:
                for chunk in content.chunks():
                    out.write(chunk)
                out.flush()
                os.fsync(out.fileno())
            self.finish(Path(unfinished), path)
        finally:
            with suppress(FileNotFoundError):  # it has its final name
                Path(unfinished).unlink()
        return name

    def finish(self, unfinished: Path, path: Path) -> None:
        """Give a file its final name and flush the folder, so that a power failure keeps it."""
        unfinished.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
