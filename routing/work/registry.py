"""
Registries of code that runs when work changes.

Rooms and packages above this one fill them in ``AppConfig.ready``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.db import models

from routing.people.actors import Actor
from routing.work.items import WorkItem

# -- Reactions -------------------------------------------------------------------------------------

Reaction = Callable[[Sequence[Any], Actor, datetime], None]

_reactions: dict[str, list[Reaction]] = defaultdict(list)
# How many reactions to a kind come last. They are at the end of its list.
_last: dict[str, int] = defaultdict(int)


class Recorded(Protocol):
    """An operation, or an ``EventKind`` where no operation records the event."""

    @property
    def kind(self) -> str: ...


@dataclass(frozen=True, slots=True)
class EventKind:
    """Kind of an event without an operation: new work, a transition, or an announced kind."""

    kind: str

    @classmethod
    def of(cls, model: type[models.Model], verb: str) -> EventKind:
        return cls(f"{model._meta.app_label}.{model._meta.model_name}.{verb}")


def react(*causes: Recorded, last: bool = False) -> Callable[[Reaction], Reaction]:
    """
    Run the function once for each batch, whenever one of these operations is done or an event of
    one of these kinds is recorded.

    It runs in the same transaction, after reactions that were registered earlier. It only writes
    rows and does no I/O. If it raises, the whole operation is rolled back.

    :param last: run after all reactions that do not say so, whatever is registered later
    """

    def register(reaction: Reaction) -> Reaction:
        for cause in causes:
            found = _reactions[cause.kind]
            if last:
                found.append(reaction)
                _last[cause.kind] += 1
            else:
                found.insert(len(found) - _last[cause.kind], reaction)
        return reaction

    return register


def reactions(kind: str) -> Sequence[Reaction]:
    return _reactions.get(kind, ())


def reacted_to() -> Mapping[str, Sequence[Reaction]]:
    """Return every kind of event that something reacts to, with its reactions."""
    return {kind: tuple(found) for kind, found in _reactions.items() if found}


_announced: set[str] = set()


def announce(kind: str) -> EventKind:
    """Declare a kind of event that is neither a step of work nor its creation, and return it."""
    _announced.add(kind)
    return EventKind(kind)


def announced() -> frozenset[str]:
    return frozenset(_announced)


# -- Followers: state that is kept beside work items, such as clocks -------------------------------

Follower = Callable[[Sequence[WorkItem], datetime], object]

_followers: list[Follower] = []


def follower(function: Follower) -> Follower:
    """
    Register a function that keeps other state, such as clocks, in line with work items.

    It is called with items that just changed or got a parent, in the transaction that changed them.
    """
    _followers.append(function)
    return function


def bring_in_line(items: Sequence[WorkItem], at: datetime) -> None:
    for follow in _followers:
        follow(items, at)


# -- Companions: work beside other work that is put on hold and reassigned with it -----------------

Companions = Callable[[Collection[int]], Collection[int]]

_companions: list[Companions] = []


def companions(function: Companions) -> Companions:
    """
    Register a function that returns the ids of the work items that go along with some items though
    they are no parts of them, such as the campaign of a request.
    """
    _companions.append(function)
    return function


def companions_of(ids: Collection[int]) -> set[int]:
    """Return the ids of the work items that go along with these, without these."""
    found: set[int] = set()
    return found.union(*(find(ids) for find in _companions)) - set(ids)


# -- Erasers: what else is to be rewritten when a contact is erased --------------------------------

# Contact id, the address as it was (may be empty), instant.
Eraser = Callable[[int, str, datetime], None]

_erasers: list[Eraser] = []


def eraser(function: Eraser) -> Eraser:
    """
    Register a function that erases further data about a contact.

    It is called in the erasing transaction, before the contact itself is rewritten.
    """
    _erasers.append(function)
    return function


def erasers() -> Sequence[Eraser]:
    return tuple(_erasers)
