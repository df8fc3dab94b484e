"""
What else a step would end or charge, shown before a person takes it.

Rooms and packages that react to the step register what their reactions would do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

from routing.work.door import Operation
from routing.work.items import WorkItem
from routing.work.kinds import models_by_kind


@dataclass(frozen=True, slots=True)
class Consequence:
    """
    One kind of thing that the step would change, with the names of all of them.

    ``label`` says what happens, such as “Briefs that are cancelled”.
    """

    label: str | Promise
    names: tuple[str, ...]

    @property
    def count(self) -> int:
        return len(self.names)


# Rows of the operation's model, all of which would take the step.
Foresight = Callable[[Sequence[Any]], Sequence[Consequence]]

_foresights: dict[str, list[Foresight]] = defaultdict(list)


def foresee(*steps: Operation[Any]) -> Callable[[Foresight], Foresight]:
    """Register a function that tells what else these steps would change. It only reads."""

    def register(function: Foresight) -> Foresight:
        for step in steps:
            _foresights[step.kind].append(function)
        return function

    return register


def consequences(step: Operation[Any], rows: Sequence[Any]) -> list[Consequence]:
    """Return what else the step would change, without what it would not touch at all."""
    found: list[Consequence] = []
    for foresight in _foresights.get(step.kind, ()) if rows else ():
        found += [each for each in foresight(rows) if each.names]
    return found


def by_kind(items: Iterable[WorkItem]) -> list[Consequence]:
    """Return work that would end, as one consequence for each kind."""
    names: dict[str, list[str]] = defaultdict(list)
    for item in items:
        names[item.kind].append(str(item))
    models = models_by_kind()
    return [
        Consequence(str(models[kind]._meta.verbose_name_plural).capitalize(), tuple(some))
        for kind, some in names.items()
    ]
