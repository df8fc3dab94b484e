"""The folder of a static site. Files are written below it, and each as a whole or not at all."""

from __future__ import annotations

import os
import re
from pathlib import Path
from tempfile import mkstemp
from typing import TYPE_CHECKING

from django.conf import settings

from integrations.base.adapter import Permanent, Temporary

if TYPE_CHECKING:
    from integrations.base.connections import Connection

INDEX = "index.html"
DRAFTS = ".drafts"  # nothing that begins with a dot is served
MOST_CHARACTERS = 200
_STEP = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")
_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}(/[A-Za-z0-9][A-Za-z0-9_-]{0,79}){0,3}")


def check_folder(name: str) -> None:
    """:raises ValueError: if it is not a plain path below SITES_DIR"""
    if not _FOLDER.fullmatch(name):
        raise ValueError(
            "The folder is a path below SITES_DIR, of letters, digits, - and _, such as acme or "
            "acme/www."
        )


def folder_of(connection: Connection) -> Path:
    """
    Return the folder of a connection's pages.

    :raises Permanent: if the path leaves SITES_DIR, also through a symbolic link
    """
    # As it stands in the row: a folder that is refused must not become the default one.
    given = connection.settings.get("folder") if isinstance(connection.settings, dict) else None
    name = str(given or connection.slug)
    try:
        check_folder(name)
    except ValueError as error:
        raise Permanent(str(error)) from None
    root = Path(settings.SITES_DIR).resolve()
    found = (root / name).resolve()
    if root not in found.parents:
        raise Permanent(f"The folder {name} is outside {root}.")
    return found


def steps_of(path: str) -> tuple[str, ...]:
    """
    Return the steps of a page's path, at least one.

    :raises Permanent: if it is not a plain path in lower case
    """
    steps = tuple(step for step in path.strip("/").split("/") if step)
    if not steps or len(path) > MOST_CHARACTERS or not all(_STEP.fullmatch(step) for step in steps):
        raise Permanent(
            f"“{path[:60]}” is not a valid page path. Use lower-case letters, digits, - and _, "
            f"with / between the steps."
        )
    return steps


def put(path: Path, raw: bytes) -> None:
    """
    Write a file.

    It is written under another name, synced and then renamed, so that nobody reads half of it.

    :raises Temporary: if the disk is full or refuses
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        number, name = mkstemp(prefix=".new-", dir=path.parent)
        try:
            with os.fdopen(number, "wb") as file:
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
        _sync(path.parent)
    except OSError as error:
        raise Temporary(f"The page could not be written: {error.strerror}.") from None


def _sync(folder: Path) -> None:
    """Sync a folder. Without this, a crash of the machine can undo a rename."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def get(path: Path) -> bytes | None:
    """
    Return a file's bytes, or None if there is no file.

    :raises Temporary: if the file cannot be read
    """
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise Temporary(f"The page could not be read: {error.strerror}.") from None


def drop(path: Path) -> None:
    """:raises Temporary: if the file cannot be removed"""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise Temporary(f"The draft could not be removed: {error.strerror}.") from None
