"""Sources and targets come from the machine itself, for one row in memory and for many at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, models
from django.test.utils import CaptureQueriesContext, isolate_apps
from django_fsm import FSMField, can_proceed, transition

from routing.kernel.transitions import (
    NotInSets,
    literals,
    state_field,
    transition_of,
    transitions_of,
    turn,
    turn_all,
    verb_of,
    written,
)
from routing.models import Outcome, Run, RunStep, WorkItem
from routing.work.machines import machines, states
from tests.routing.kernel.steps import make_steps
from tests.threads import at_once
from tests.world import NOW, World

EVERY_VERB = [
    pytest.param(model, verb, id=f"{model._meta.model_name}.{verb}")
    for model in machines()
    for verb in transitions_of(model)
]


def states_of(rows: list[RunStep]) -> list[str]:
    found = dict(RunStep.objects.values_list("pk", "state"))
    return [found[row.pk] for row in rows]


@pytest.mark.parametrize(("model", "verb"), EVERY_VERB)
def test_a_verb_starts_where_django_fsm_lets_it_start(model: type[models.Model], verb: str) -> None:
    for state in states(model):
        row = model(**{state_field(model).attname: state})

        assert (state in verb_of(model, verb).targets) == can_proceed(getattr(row, verb))


@pytest.mark.parametrize("model", machines(), ids=lambda model: model._meta.model_name)
def test_a_verb_leads_where_django_fsm_says(model: Any) -> None:
    for state in states(model):
        row = model(**{state_field(model).attname: state})
        there = {each.name: each.target or state for each in row.get_available_state_transitions()}
        ours = {verb: change.targets for verb, change in transitions_of(model).items()}

        assert there == {verb: ways[state] for verb, ways in ours.items() if state in ways}


@pytest.mark.parametrize("model", machines(), ids=lambda model: model._meta.model_name)
def test_no_verb_has_a_condition_that_a_statement_could_not_ask(model: Any) -> None:
    every = list(state_field(model).get_all_transitions(model))

    assert [each.name for each in every if each.conditions or each.permission] == []


@isolate_apps("routing")
def test_wildcards_are_written_out_and_a_state_that_is_named_outranks_them() -> None:
    class Lamp(models.Model):
        field = FSMField(default="off", choices=[(each, each) for each in ("off", "dim", "on")])

        def __str__(self) -> str:
            return str(self.field)

        @transition(field=field, source="+", target="off")
        def darken(self) -> None: ...

        @transition(field=field, source="dim", target="on")
        @transition(field=field, source="*", target="dim")
        def press(self) -> None: ...

        class Meta:
            app_label = "routing"

    assert verb_of(Lamp, "darken").targets == {"dim": "off", "on": "off"}
    assert verb_of(Lamp, "press").targets == {"off": "dim", "dim": "on", "on": "dim"}
    with pytest.raises(NotInSets):
        _ = verb_of(Lamp, "press").target


def test_a_method_that_is_no_transition_has_none() -> None:
    assert transition_of(WorkItem, "hold") is None
    assert transition_of(Run, "numbered") is None
    with pytest.raises(KeyError):
        verb_of(Run, "numbered")


def test_a_verb_that_keeps_the_state_is_still() -> None:
    assert verb_of(Run, "identify").is_still
    assert not verb_of(Run, "cancel").is_still


def test_turning_a_row_runs_its_verb() -> None:
    row = Outcome(state="expected")

    assert turn(row, "prove", at=NOW, evidence={"url": "x"})
    assert (row.state, row.proven_at, row.evidence) == ("proven", NOW, {"url": "x"})


def test_turning_a_row_from_another_state_is_refused_and_leaves_it() -> None:
    row = Outcome(state="waived")

    assert not turn(row, "prove", at=NOW, evidence={"url": "x"})
    assert (row.state, row.proven_at, row.evidence) == ("waived", None, {})


def test_many_rows_are_turned_by_one_statement_that_writes_what_the_verb_sets(
    world: World,
) -> None:
    make_steps(world, "due", "due")
    RunStep.objects.update(attempts=3, last_error="Nobody answered.")

    with CaptureQueriesContext(connection) as asked:
        moved = turn_all(RunStep.objects.all(), "resume", at=NOW + timedelta(hours=1))

    assert (moved, len(asked)) == (2, 1)
    found = RunStep.objects.values_list("state", "due_at", "attempts", "last_error")
    assert set(found) == {("due", NOW + timedelta(hours=1), 0, "")}


def test_rows_in_another_state_stay_whatever_was_selected(world: World) -> None:
    rows = make_steps(world, "due", "done", "stopped")

    assert turn_all(RunStep.objects.all(), "call_off", at=NOW) == 1
    assert states_of(rows) == ["stopped", "done", "stopped"]
    assert list(RunStep.objects.filter(ended_at=NOW)) == rows[:1]


@isolate_apps("routing")
def test_a_verb_that_keeps_the_state_writes_what_it_sets_and_no_state() -> None:
    class Lamp(models.Model):
        field = FSMField(default="off", choices=[("off", "off"), ("on", "on")])
        label = models.CharField(max_length=10)

        def __str__(self) -> str:
            return self.label

        @transition(field=field, source="on", target=None)
        def name(self, *, label: str) -> None:
            self.label = label

        class Meta:
            app_label = "routing"

    assert written(Lamp, "name", label="desk") == {"label": "desk"}


@pytest.mark.django_db
def test_a_verb_that_reads_the_row_is_taken_by_no_set() -> None:
    with pytest.raises(NotInSets):
        turn_all(RunStep.objects.all(), "take", at=NOW, until=NOW)


@pytest.mark.django_db(transaction=True)
def test_of_two_statements_at_once_each_row_is_turned_by_one(committed_world: World) -> None:
    rows = make_steps(committed_world, *["due"] * 6)

    moved = at_once(
        [
            lambda: turn_all(RunStep.objects.all(), "call_off", at=NOW),
            lambda: turn_all(RunStep.objects.all(), "finish_untried", at=NOW),
        ]
    )

    assert sum(moved) == len(rows)
    assert set(states_of(rows)) <= {"stopped", "done"}


def test_states_are_quoted_for_statements() -> None:
    assert literals({"open", "don't"}) == "'don''t', 'open'"
