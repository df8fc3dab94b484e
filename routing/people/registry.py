"""
Registry of the systems that finished work can be brought to.

Packages above fill it in ``AppConfig.ready``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class PlaceKind:
    """
    A kind of system that work can be published to, and the connections of that kind in use, as slug
    and name.
    """

    kind: str
    label: Any
    connections: Sequence[tuple[str, str]] = ()


Places = Callable[[], Sequence[PlaceKind]]

_places: list[Places] = []


def places(tell: Places) -> Places:
    """Register who knows systems that finished work can be brought to."""
    _places.append(tell)
    return tell


def destination_kinds() -> Sequence[PlaceKind]:
    """What is known now; nothing where nobody told, and then a kind is whatever a person writes."""
    return [each for tell in _places for each in tell()]
