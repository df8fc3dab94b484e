"""
Registries of flows: actions and what is copied with a version. Packages above fill them in
``AppConfig.ready``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from routing.people.actors import Actor

# -- Actions: what a flow may start ----------------------------------------------------------------

# With a routed run: see routing.runs.registry.RoutedRun.
Action = Callable[[Sequence[Any], Actor, datetime], None]

_actions: dict[str, Action] = {}


def action(name: str) -> Callable[[Action], Action]:
    """
    Register what a flow's ``act`` step may start, such as ``delivery.open_request``: many jobs in
    one transaction.
    """

    def register(function: Action) -> Action:
        _actions[name] = function
        return function

    return register


def action_named(name: str) -> Action:
    return _actions[name]


def action_names() -> Sequence[str]:
    return sorted(_actions)


# -- Versions: what packages above keep with them --------------------------------------------------

Copier = Callable[[Any, Any], None]  # from one flow version to a new draft

_copiers: list[Copier] = []


def with_version(copy: Copier) -> Copier:
    """
    Register who copies what belongs to a flow version when that is copied, in the same transaction.
    """
    _copiers.append(copy)
    return copy


def copiers() -> Sequence[Copier]:
    return tuple(_copiers)
