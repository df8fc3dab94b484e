"""Take one captured event as far as possible at once, for a person who waits for the result."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F

from routing.runs.models import Run, RunEvent, RunStep
from routing.runs.operations.act import act_steps
from routing.runs.operations.enrich_batch import enrich_steps
from routing.runs.operations.process import process_events
from routing.runs.operations.route_runs import ROUTING_STEPS, route_steps

Name = RunStep.Name


def take_in(event_id: int, *, at: datetime) -> Run | None:
    """
    Process, enrich, route and act on a captured event whose facts are known here, in one
    transaction.

    A run that stops has its exception, as it has when a worker takes it in.

    :returns: the run that the event started, or None if no flow took it
    """
    with transaction.atomic():
        process_events([event_id], at)
        started = RunEvent.objects.filter(event=event_id, part=RunEvent.Part.STARTED)
        runs = list(started.order_by("run_id").values_list("run_id", flat=True))
        enrich_steps(_due(runs, [Name.ENRICH], at), at)
        steps = _due(runs, ROUTING_STEPS, at)
        RunStep.objects.filter(pk__in=steps).update(attempts=F("attempts") + 1)
        route_steps(steps, at)
        while actions := _due(runs, RunStep.actions, at):
            RunStep.objects.filter(pk__in=actions).update(attempts=F("attempts") + 1)
            act_steps(actions, at)
    if not runs:
        return None
    return Run.objects.select_related("item__owner", "item__backup", "flow").get(pk=runs[0])


def _due(runs: Sequence[int | None], names: Sequence[str], at: datetime) -> list[int]:
    due = RunStep.objects.due(at).filter(run__in=runs, name__in=names)
    return list(due.values_list("pk", flat=True))
