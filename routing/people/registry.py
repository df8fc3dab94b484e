"""
Registry of the systems that finished work can be published to.

Packages above this one fill it in ``AppConfig.ready``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class PlaceKind:
    """
    A kind of system that work can be published to, and its active connections as (slug, name).
    """

    kind: str
    label: Any
    connections: Sequence[tuple[str, str]] = ()


Places = Callable[[], Sequence[PlaceKind]]

_places: list[Places] = []


def places(find: Places) -> Places:
    """Register a function that returns kinds of systems."""
    _places.append(find)
    return find


def destination_kinds() -> Sequence[PlaceKind]:
    """Return the registered kinds. Without any, people type the kind themselves."""
    found: list[PlaceKind] = []
    for find in _places:
        found += find()
    return found
