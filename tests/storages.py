"""Storages that fail at a chosen moment, as disks and power do."""

from __future__ import annotations

import errno
import os
from datetime import timedelta
from pathlib import Path

from django.core.files.base import File
from django.utils import timezone
from pytest_django import Settings

from routing.kernel.storage import PrivateStorage, private


class PowerLost(BaseException):
    """Nothing after this runs: no handler, no clean-up."""


class LosesPower(PrivateStorage):
    """Dies after all bytes are written, before they have their final name."""

    def finish(self, unfinished: Path, path: Path) -> None:
        # Out of reach of the clean-up, as after a real crash.
        unfinished.rename(unfinished.with_name(unfinished.name + "-left"))
        raise PowerLost


class DiskFull(PrivateStorage):
    """Takes half of a file, then has no room."""

    def _save(self, name: str, content: File[bytes]) -> str:
        class Half(File[bytes]):
            def chunks(self, chunk_size: int | None = None):
                yield content.read(4)
                raise OSError(errno.ENOSPC, "No space left on device")

        return super()._save(name, Half(content.file))


def use(settings: Settings, backend: str, folder: Path) -> None:
    options = settings.STORAGES["private"]["OPTIONS"] | {"location": folder}
    settings.STORAGES = settings.STORAGES | {"private": {"BACKEND": backend, "OPTIONS": options}}


def lying() -> list[str]:
    """Every file in the private storage, unfinished ones too."""
    root = Path(private().path(""))
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def grow_old(days: float = 2) -> None:
    root = Path(private().path(""))
    then = (timezone.now() - timedelta(days=days)).timestamp()
    for path in lying():
        os.utime(root / path, (then, then))
