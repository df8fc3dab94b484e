"""The table of turns: the party that must act next, for every open state of every noun."""

from __future__ import annotations

from django.db import models

from routing.kernel.transitions import transitions_of
from routing.work.items import WorkNoun
from routing.work.machines import machines, states
from routing.work.turns import turns, turns_of


def open_states(model: type[models.Model]) -> set[str]:
    """Return the states that are not the end: of a machine without work items, by its verbs."""
    if issubclass(model, WorkNoun):
        return {str(state) for state in model.open_states}
    found: set[str] = set()
    for change in transitions_of(model).values():
        # A verb from every state, such as one that queues a step again, gives nobody a turn.
        if len(change.sources) < len(states(model)):
            found |= change.sources
    return found


def test_each_open_state_says_whose_turn_it_is() -> None:
    """A1, A3: open work that waits for nobody is forgotten."""
    assert [
        f"{model.__name__}.{state}"
        for model in machines()
        for state in sorted(open_states(model))
        if not turns_of(model, state)
    ] == []


def test_the_last_turn_of_a_state_has_no_condition() -> None:
    """Otherwise work in that state could wait for nobody."""
    last = {(row.model, row.state): row for row in turns().values()}
    assert [row.key for row in last.values() if row.when] == []
