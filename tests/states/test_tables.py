"""
Every (state, verb) pair of every machine, and every verb by every role, as the door answers:
against tables people reviewed.

A new noun or verb needs no edit here: run with SNAPSHOTS=1, and read the difference in
tests/states/*.txt.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import models
from django_fsm import TransitionNotAllowed

from routing.kernel.roles import matrix
from routing.models import WorkItem
from routing.people.actors import Actor
from routing.work.door import Operation, all_operations, operations_of
from routing.work.gates import ContextWith
from routing.work.items import WorkNoun
from routing.work.judging import judge
from routing.work.machine_pages import FOLLOWS
from routing.work.machines import machines, moves, noun, states
from tests.world import NOW

HERE = Path(__file__).resolve().parent
MODELS = sorted({step.model for step in all_operations()} | set(machines()), key=noun)
STEPS = [pytest.param(step, id=step.kind) for step in all_operations()]


def row_in(model: type[models.Model], state: str) -> Any:
    """A row that no table holds: machines are asked about nothing but the state."""
    item = WorkItem(state=state)
    if model is WorkItem:
        return item
    fields: dict[str, Any] = {"state": state} | (
        {"item": item} if issubclass(model, WorkNoun) else {}
    )
    return model(**fields)


def standing(model: type[models.Model]) -> tuple[str, ...]:
    return states(model) if model in machines() else ("any",)


def callers(model: type[models.Model], verb: str, people: dict[str, Actor]) -> list[str]:
    """Those whom the door itself lets call the verb, or a step that may become it."""
    steps = [step for step in operations_of(model).values() if verb in {step.verb, *step.becomes}]
    own = f"{model._meta.app_label}.{verb}_{model._meta.model_name}"
    found = []
    for name, actor in people.items():
        if actor.may(own) or any(step.open_to(actor) for step in steps):
            found.append(name)
    return found


def lines(model: type[models.Model], people: dict[str, Actor]) -> Iterator[str]:
    ways = moves(model) if model in machines() else {}
    yield f"{noun(model)}: {' '.join(standing(model))}"
    for verb in sorted({*operations_of(model), *ways}):
        yield f"\n{verb}: {', '.join(callers(model, verb, people)) or FOLLOWS}"
        yield from (f"    {source} -> {target}" for source, target in ways.get(verb, {}).items())


@pytest.mark.parametrize("model", MODELS, ids=noun)
def test_the_table_of_a_noun_is_the_one_that_was_reviewed(
    model: type[models.Model], people: dict[str, Actor], contacts: dict[str, Actor]
) -> None:
    file, now = (
        HERE / f"{noun(model).replace(' ', '_')}.txt",
        "\n".join(lines(model, people | contacts)) + "\n",
    )
    if os.environ.get("SNAPSHOTS") == "1":
        file.write_text(now)

    assert file.exists(), f"{file.name} is missing: run with SNAPSHOTS=1 and review it:\n{now}"
    assert now == file.read_text(), (
        f"{file.name} changed: if that is meant, run with SNAPSHOTS=1 and review the difference"
    )


def test_no_table_is_left_of_a_noun_that_is_gone() -> None:
    assert {file.stem.replace("_", " ") for file in HERE.glob("*.txt")} == {
        noun(model) for model in MODELS
    }


@pytest.mark.parametrize("step", STEPS)
def test_a_verb_is_refused_in_every_state_it_does_not_start_from(
    step: Operation[Any], people: dict[str, Actor]
) -> None:
    allowed = moves(step.model).get(step.verb, {}) if step.model in machines() else {"any": "any"}
    context: ContextWith[Any] = ContextWith(people["operations_lead"], NOW)

    for state in standing(step.model):
        answer = judge_state(step, state, context)
        assert answer.passed == (state in allowed), f"{step.kind} from {state}"
        if state not in allowed:
            with pytest.raises(TransitionNotAllowed):
                getattr(row_in(step.model, state), step.verb)(at=NOW)


def judge_state(step: Operation[Any], state: str, context: ContextWith[Any]) -> Any:
    """The door's first answer. Later gates want facts, so they are left out."""
    bare: Operation[None] = Operation(step.model, step.verb, step.label, through_hold=True)
    [answer] = judge(bare, row_in(step.model, state), context)
    return answer


@pytest.mark.parametrize("step", STEPS)
def test_a_verb_is_refused_to_every_role_that_does_not_hold_it(
    step: Operation[Any], people: dict[str, Actor]
) -> None:
    for name, actor in people.items():
        if name in matrix()[step.permission]:
            step.require(actor)
        else:
            with pytest.raises(PermissionDenied):
                step([0], by=actor, at=NOW)


def test_every_verb_of_a_machine_is_called_by_an_operation() -> None:
    orphans = {
        f"{noun(model)}.{verb}"
        for model in machines()
        if issubclass(model, WorkNoun)
        for verb in moves(model)
    } - {f"{noun(step.model)}.{step.verb}" for step in all_operations()}

    assert orphans == set()
