"""
External systems for the demo.

They are above this package, so they register here when they are loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Outside:
    """
    ``connect`` makes the demo's own site, once, and answers its kind and slug; ``deliver`` brings
    there what is due at an instant; ``hush`` lets nothing be mailed that was said so far: it is
    history.
    """

    connect: Callable[[datetime], tuple[str, str]]
    deliver: Callable[[datetime], None]
    hush: Callable[[datetime], None]


_known: list[Outside] = []


def register(made: Outside) -> None:
    _known.append(made)


def outside() -> Outside:
    """:raises LookupError: if no package above has registered"""
    if not _known:
        raise LookupError("Nothing is connected: the demo needs the package integrations.")
    return _known[-1]
