"""
Files of a message.

They are resolved when the message is sent, by a reader that AppConfig.ready registers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from integrations.base.adapter import Asset


@dataclass(frozen=True, slots=True)
class FileRef:
    """
    A reference to a stored file by its id.

    ``role`` says how the file is used. ``alt`` is empty for a decorative image.
    """

    file: int
    role: str
    alt: str = ""


class NoSuchFile(LookupError):
    """The file is no longer stored, or there is no reader of files."""


# Returns one asset for each reference, in order; raises NoSuchFile.
Reader = Callable[[Sequence[FileRef]], Sequence[Asset]]


def _no_reader(_refs: Sequence[FileRef]) -> Sequence[Asset]:
    raise NoSuchFile("No reader of files is registered.")


_readers: list[Reader] = [_no_reader]


def file_reader(reader: Reader) -> Reader:
    """
    Register a reader that turns references into files. The last one registered is used.

    It must open no file before ``Asset.read`` is called.
    """
    _readers.append(reader)
    return reader


def assets_of(refs: Sequence[FileRef]) -> tuple[Asset, ...]:
    """:raises NoSuchFile: if a file is gone"""
    return tuple(_readers[-1](refs)) if refs else ()
