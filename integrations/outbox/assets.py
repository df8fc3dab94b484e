"""
Files that are sent along: resolved when they are sent, by whoever keeps files. Filled in
AppConfig.ready.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from integrations.base.adapter import Asset


@dataclass(frozen=True, slots=True)
class FileRef:
    """
    ``file`` is the id of a kept file; ``role`` says what it is for there; ``alt`` is empty for a
    decorative image.
    """

    file: int
    role: str
    alt: str = ""


class NoSuchFile(LookupError):
    """A file that is to be sent is not kept any more, or nobody keeps files."""


# One asset a reference, in order; raises NoSuchFile.
Reader = Callable[[Sequence[FileRef]], Sequence[Asset]]


class _Nobody:
    def __call__(self, refs: Sequence[FileRef]) -> Sequence[Asset]:
        raise NoSuchFile("Nobody keeps files here.")


_readers: list[Reader] = [_Nobody()]


def file_reader(reader: Reader) -> Reader:
    """
    Register who turns references into files; the last one registered is asked. It opens nothing
    until ``Asset.read`` is called.
    """
    _readers.append(reader)
    return reader


def assets_of(refs: Sequence[FileRef]) -> tuple[Asset, ...]:
    """:raises NoSuchFile: see the class"""
    return tuple(_readers[-1](refs)) if refs else ()
