"""Steps of a run, as rows of a queue."""

from __future__ import annotations

from routing.models import Flow, FlowVersion, Run, RunStep, WorkItem
from routing.people.actors import Actor
from routing.work.creation import create
from tests.world import NOW, World


def make_steps(world: World, *states: str) -> list[RunStep]:
    """A step in each of these states, all due now, of one run."""
    flow = Flow.objects.create(slug="leads", name="Leads", owner=world.olga, backup=world.bob)
    version = FlowVersion.objects.create(flow=flow, number=1, action="delivery.open_request")
    item = WorkItem(title="A deal", owner_id=world.alice.pk, backup_id=world.bob.pk)
    about = {"source": "crm", "subject_type": "deal", "subject_id": "1"}
    [run] = create([Run(item=item, flow=flow, version=version, **about)], by=Actor.system(), at=NOW)
    names = RunStep.Name.values[: len(states)]
    return RunStep.objects.bulk_create(
        RunStep(run=run, name=name, state=state, due_at=NOW)
        for name, state in zip(names, states, strict=True)
    )
