"""
Registries of flows: actions, functions that copy rows with a version, and kinds of events.

Packages above this one fill them in ``AppConfig.ready``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from routing.people.actors import Actor

# -- Actions: what a flow may start ----------------------------------------------------------------

# The first argument has routed runs: see routing.runs.registry.RoutedRun.
Action = Callable[[Sequence[Any], Actor, datetime], None]

_actions: dict[str, Action] = {}


def action(name: str) -> Callable[[Action], Action]:
    """
    Register an action that the ``act`` step of a flow may start, such as ``delivery.open_request``.

    It gets many runs in one transaction.
    """

    def register(function: Action) -> Action:
        _actions[name] = function
        return function

    return register


def action_named(name: str) -> Action:
    return _actions[name]


def action_names() -> Sequence[str]:
    return sorted(_actions)


# -- Versions: rows that packages above store with them --------------------------------------------

Copier = Callable[[Any, Any], None]  # from one flow version to a new draft

_copiers: list[Copier] = []


def with_version(copy: Copier) -> Copier:
    """
    Register a function that copies further rows of a flow version, in the same transaction.
    """
    _copiers.append(copy)
    return copy


def copiers() -> Sequence[Copier]:
    return tuple(_copiers)


# -- Events: the kinds that connected systems and our own forms send -------------------------------

_event_kinds: set[str] = set()


def sends(*kinds: str) -> None:
    """Declare kinds of events, so that a trigger of another kind is found to be a mistake."""
    _event_kinds.update(kinds)


def event_kinds() -> frozenset[str]:
    return frozenset(_event_kinds)
