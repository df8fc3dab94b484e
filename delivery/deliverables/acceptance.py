"""
Content that the place of a page would refuse or change, known before anybody approves it.

Packages above this one know the systems, and register what those do not take.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from delivery.deliverables.manifest import Manifest
from routing.people.destinations import Destination


@dataclass(frozen=True, slots=True)
class PlacedContent:
    """Content, and where it will be published."""

    manifest: Manifest
    destination: Destination


# Returns one sentence for each fault, which says what to change.
FaultFinder = Callable[[PlacedContent], Sequence[str]]

_finders: list[FaultFinder] = []


def finds_faults(find: FaultFinder) -> FaultFinder:
    """Register a function that finds what a destination would not take as it is."""
    _finders.append(find)
    return find


def faults_of(placed: PlacedContent) -> list[str]:
    """Return one sentence for each fault, none if the content will arrive as it is."""
    found: list[str] = []
    for find in _finders:
        found += find(placed)
    return found
