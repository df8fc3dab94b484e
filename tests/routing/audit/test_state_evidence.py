"""H12: clocks are held against their marks and escalations, and steps against decisions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from routing.audit.present import present_faults
from routing.kernel.sql import run as execute
from routing.models import Clock, Run, RunStep, SLAPolicy
from routing.people.actors import Actor
from routing.runs.operations.capture import capture
from routing.runs.operations.process import process
from routing.sla.operations.escalate import escalate
from routing.work.operations import items
from tests.journeys.test_lead_to_brief import signals
from tests.ladders import started
from tests.routing.runs.stories import crm_of, make_flow
from tests.routing.runs.test_questions import make_run
from tests.world import NOW, World, by

STOPPED = "stopped_at = running_since, running_since = NULL, wakes_at = NULL"

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("A2")]


def faults(*tables: str) -> list[str]:
    return [each for each in present_faults() if each.startswith(tables)]


@pytest.fixture
def clock(world: World, policy: SLAPolicy) -> Clock:
    """A clock that was paused by a hold, ran on and was breached since."""
    found = started(world)
    items.hold([found.item_id], by=by(world.alice), at=NOW, reason="Budget")
    items.resume([found.item_id], by=by(world.alice), at=NOW + timedelta(minutes=5))
    escalate(at=NOW + timedelta(days=3))
    found.refresh_from_db()
    assert found.breached_at
    return found


def test_h12_a_clock_that_ran_paused_and_was_breached_is_accounted_for(clock: Clock) -> None:
    assert faults("routing_clock") == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("breached_at = NULL", "was escalated as breached, and is not breached"),
        (
            f"breached_at = NULL, met_at = now(), {STOPPED}",
            "was escalated as breached, and is not breached",
        ),
        (STOPPED, "differs from its newest mark"),
        (
            "paused_at = running_since, running_since = NULL, due_at = NULL",
            "differs from its newest mark",
        ),
        ("running_since = now()", "differs from its newest mark"),
        ("waiting_on = 'client'", "differs from its newest mark"),
    ],
)
def test_h12_a_clock_changed_past_its_marks_is_found(clock: Clock, change: str, says: str) -> None:
    execute(f"UPDATE routing_clock SET {change} WHERE id = %s", [clock.pk])  # noqa: S608  # our own

    assert faults("routing_clock") == [f"routing_clock: row {clock.pk} {says}"]


@pytest.fixture
def runs(world: World) -> Iterator[tuple[Run, Run]]:
    """Provide a run that was decided, and one that has only been received."""
    make_flow(world)
    with crm_of(world) as crm:
        decided = make_run(world, crm)
        capture(signals("902"), by=Actor.system(), at=NOW)
        process(at=NOW)
        yield decided, Run.objects.get(subject_id="902")


def test_h12_steps_of_a_run_that_was_decided_and_of_one_that_waits_are_accounted_for(
    runs: tuple[Run, Run],
) -> None:
    assert [Run.objects.get(pk=run.pk).state for run in runs] == ["in_delivery", "received"]
    assert faults("routing_runstep") == []


def test_h12_a_step_that_was_called_done_is_found(runs: tuple[Run, Run]) -> None:
    _decided, received = runs
    [*_earlier, last] = RunStep.objects.filter(run=received)

    execute("UPDATE routing_runstep SET state = 'done' WHERE run_id = %s", [received.pk])

    says = "is done, and its run has nothing to do"
    assert faults("routing_runstep") == [f"routing_runstep: row {last.pk} {says}"]


def test_h12_a_decision_that_nobody_made_is_found(runs: tuple[Run, Run]) -> None:
    _decided, received = runs
    execute(
        "INSERT INTO routing_runstep (run_id, name, state, due_at, attempts, lease, last_error) "
        "VALUES (%s, 'decide', 'done', now(), 1, 0, '')",
        [received.pk],
    )

    [fault] = faults("routing_runstep")

    assert fault.endswith("is done, and there is no decision")
