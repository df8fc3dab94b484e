"""
The demo has work of every kind in every state: what a machine refuses is refused to rows in the
database, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import models

from demo.agency.load import load
from routing.flows.versions import published
from routing.people.actors import Actor
from routing.runs.operations.exception_defaults import ensure_routes
from routing.work.door import Operation, move, operations_of
from routing.work.items import WorkNoun
from routing.work.machines import machines, moves, states
from tests.details import blank
from tests.world import NOW


def refused_pairs(model: type[models.Model]) -> Iterator[tuple[Operation[Any], Any]]:
    """A row in each state that there is one in, with every verb that does not start there."""
    for state in states(model):
        row = model._base_manager.filter(state=state, item__held_at=None).first()
        for verb, step in operations_of(model).items() if row else ():
            if state not in moves(model).get(verb, {}):
                yield step, row


@pytest.mark.drill
def test_what_a_machine_refuses_leaves_the_row_as_it_was(db: None) -> None:
    ensure_routes()
    published.cache_clear()
    load(NOW)
    system, wrong, asked = Actor.system(), [], 0

    for model in machines():
        for step, row in refused_pairs(model) if issubclass(model, WorkNoun) else ():
            details = blank(step.verb_details or step.details)
            [result] = move(step, [row.pk], by=system, at=NOW, reason="Because", details=details)
            asked += 1
            now = model._base_manager.values().get(pk=row.pk)
            if result.done or result.refusals[0].code != "state" or now["state"] != row.state:
                wrong.append(f"{step.kind} from {row.state}: {result}")

    assert wrong == []
    assert asked > 100
