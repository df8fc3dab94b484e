"""The table of turns: the party that must act next, for every open state of every noun."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import models

from routing.kernel.transitions import transitions_of
from routing.messages.turn_table import TurnRow, turn_table
from routing.work.door import all_operations
from routing.work.items import WorkNoun
from routing.work.machines import machines, states
from routing.work.registry import EventKind
from routing.work.turns import turns, turns_of

pytestmark = pytest.mark.requirement("O23")


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


ROWS = turn_table()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.noun}: {row.verb}")
def test_after_each_verb_somebody_is_next_or_the_work_has_ended(row: TurnRow) -> None:
    """A1: and somebody is notified, or a sentence says why nobody is."""
    assert bool(row.next) == row.open
    assert bool(row.settled_by) == row.open
    assert bool(row.told) != bool(row.because)
    assert bool(row.channel) == bool(row.told)


def test_every_verb_of_every_machine_has_a_row() -> None:
    found = {row.kind for row in ROWS}
    kinds = {step.kind for step in all_operations()}
    for model in machines():
        kinds |= {EventKind.of(model, verb).kind for verb in transitions_of(model)}
    assert kinds - found == set()


def test_the_command_prints_the_table() -> None:
    out = StringIO()
    call_command("turns", "--json", stdout=out)
    printed = json.loads(out.getvalue())
    assert printed["schema"] == {"name": "turns", "version": 1}
    [submit] = [
        row for row in printed["turns"] if (row["noun"], row["verb"]) == ("deliverable", "submit")
    ]
    assert submit["told"] == [{"who": "QA reviewers", "words": "Needs your sign-off"}]
    assert submit["channel"] == ["desk", "email"]
    assert "sign off" in submit["settled_by"]
