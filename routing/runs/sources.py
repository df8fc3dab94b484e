"""Registry of the systems outside that send events, with the people who answer for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from routing.runs.owners import NobodyLeft, Place, Staff, owners_for


@dataclass(frozen=True, slots=True)
class EventSource:
    """
    A system outside that sends events, such as a connection. ``slug`` is the source of its events.

    ``places`` are the people who are told of what is wrong with it. ``url`` is its page, and
    ``is_active`` says whether it is meant to send events now.
    """

    slug: str
    name: str
    places: tuple[Place, ...]
    url: str = ""
    is_active: bool = True


SourceFinder = Callable[[], Mapping[str, EventSource]]
_finders: list[SourceFinder] = []


def event_sources(function: SourceFinder) -> SourceFinder:
    """Register a function that returns the systems of a package above, by slug."""
    _finders.append(function)
    return function


def known_sources() -> Mapping[str, EventSource]:
    found: dict[str, EventSource] = {}
    for find in _finders:
        found |= find()
    return found


def owner_of_source(source: EventSource | None, staff: Staff) -> int | None:
    """
    Return the person who answers for the events of a source, by the one rule of all exceptions.

    Without a source, as for our own forms, it is the default owner of the agency.
    """
    try:
        return owners_for(source.places if source else (), staff).owner_id
    except NobodyLeft:
        return None
