"""The one registry through which packages above routing set things in motion from below: loaded once, in AppConfig.ready."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from routing.actors import Actor

Reaction = Callable[[Sequence[Any], Actor, datetime], None]

_reactions: dict[str, list[Reaction]] = defaultdict(list)


def react(*kinds: str) -> Callable[[Reaction], Reaction]:
    """
    Run the function in the same transaction whenever events of these kinds are recorded, once a batch.

    A reaction only writes rows and does no I/O; if it raises, the whole operation is undone.
    """

    def register(reaction: Reaction) -> Reaction:
        for kind in kinds:
            _reactions[kind].append(reaction)
        return reaction

    return register


def reactions(kind: str) -> Sequence[Reaction]:
    return _reactions.get(kind, ())
