"""
The actions of a flow after the decision, each a step of its run.

An action only writes rows, such as notifications and outbox messages, and the commit of its
transaction marks its step as done. So a worker that is killed loses no action and repeats none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from django.db import transaction
from django.utils.translation import gettext as _

from routing.flows.actions import ActionRefused, ActionSpec, kind_named, kind_words
from routing.flows.template import fill
from routing.kernel.queues import claim_batch
from routing.kernel.reasons import Reason
from routing.kernel.transitions import turn_all, verb_of
from routing.people.actors import Actor
from routing.runs.exceptions import ExceptionCase
from routing.runs.held_events import received_of
from routing.runs.models import Run, RunStep
from routing.runs.operations import runs as run_operations
from routing.runs.operations.exceptions import skip
from routing.runs.operations.raising import ExceptionFinding, raise_exceptions
from routing.runs.operations.route_runs import run_steps
from routing.runs.registry import RoutedRun
from routing.runs.snapshots import RunSnapshot, run_snapshots, snapshots_of
from routing.runs.steps import make_due, mark_done
from routing.runs.titles import title_of
from routing.work.door import carry
from routing.work.items import WorkItem
from routing.work.registry import react
from routing.work.sql import load

ALL_DONE = "Every action of the flow is done, and none of them opened a request."


@dataclass(frozen=True, slots=True)
class _DueAction:
    """An action that is due, with the run and the name of its step."""

    snapshot: RunSnapshot
    step: RunStep
    spec: ActionSpec | None  # None if the version of the run has no such action

    @property
    def run(self) -> Run:
        return self.snapshot.run


def run_actions(*, at: datetime, limit: int = 200) -> int:
    """Carry out the due actions, and return how many were tried. Those of runs on hold wait."""
    return run_steps(RunStep.actions, act_steps, at=at, limit=limit)


def act_steps(step_ids: Sequence[int], at: datetime) -> int:
    """Carry out these actions in one transaction, and return how many were tried."""
    with transaction.atomic():
        items = RunStep.objects.filter(pk__in=step_ids).values_list("run__item", flat=True)
        free = WorkItem.objects.filter(pk__in=list(items), is_open=True, held_at=None)
        locked = claim_batch(free, no_key=True)
        mine = (
            RunStep.objects.due(at)
            .filter(pk__in=step_ids, run__item__in=locked)
            .select_for_update(of=("self",))
            .order_by("pk")
        )
        # A run has one action due at a time, because the next one waits for it.
        steps = {step.run_id: step for step in mine}
        if not steps:
            return 0
        runs = sorted(load(Run, list(steps), lock=True, seen=None), key=attrgetter("pk"))
        due = [_due(each, steps[each.run.pk]) for each in snapshots_of(runs)]
        refused = _carry_out(due, at)
        _refuse([each for each in due if each.run.pk in refused], refused, at)
        _go_on([each for each in due if each.run.pk not in refused], at)
    return len(steps)


def _due(snapshot: RunSnapshot, step: RunStep) -> _DueAction:
    place, specs = RunStep.actions.index(RunStep.Name(step.name)), snapshot.plan.actions
    return _DueAction(snapshot, step, specs[place] if place < len(specs) else None)


def _carry_out(due: Sequence[_DueAction], at: datetime) -> Mapping[int, ActionRefused]:
    """Carry out actions of one kind together, and return those that were refused, by run."""
    system, refused = Actor.system(), dict[int, ActionRefused]()
    received = received_of([each.run.pk for each in due])
    jobs: dict[str, list[RoutedRun]] = defaultdict(list)
    for each in due:
        if each.spec is not None:
            job = _job(each, each.spec, received.get(each.run.pk))
            jobs[each.spec.kind].append(job)
    for name, batch in jobs.items():
        kind = kind_named(name)
        if kind is None:
            words = _("Nothing here carries out “%(action)s” any more.") % {"action": name}
            refused |= {job.run.pk: ActionRefused(words) for job in batch}
            continue
        refused |= kind.carry_out(batch, system, at) or {}
    return refused


def _job(due: _DueAction, spec: ActionSpec, clocks_from: datetime | None) -> RoutedRun:
    found, plan, item = due.snapshot.found, due.snapshot.plan, due.run.item
    return RoutedRun(
        run=due.run,
        facts=found.facts,
        title=title_of(due.snapshot),
        brief=fill(plan.template, found.facts),
        # Whoever it belongs to now: it may have been reassigned since the decision.
        owner_id=item.owner_id or 0,
        backup_id=item.backup_id or 0,
        team_id=item.team_id or 0,
        priority=item.priority,
        client_id=item.client_id,
        contact_ids=found.contact_ids,
        engagement_id=found.engagement_id,
        policy=plan.policy,
        clocks_from=clocks_from,
        inputs=spec.filled(found.facts),
        action=due.step.name,
    )


def _refuse(due: Sequence[_DueAction], refused: Mapping[int, ActionRefused], at: datetime) -> None:
    """Stop each run at its action. The owner of the exception tries again or skips it."""
    findings = []
    for each in due:
        why = refused[each.run.pk]
        label = kind_words(each.spec.kind) if each.spec else each.step.name
        evidence = {"action": label, "message": why.message, **why.evidence}
        findings.append(
            ExceptionFinding(Reason.ACTION_REFUSED, evidence, run=each.run, step=each.step.name)
        )
    raise_exceptions(findings, at=at)


def _go_on(due: Sequence[_DueAction], at: datetime) -> None:
    by_step: dict[str, list[int]] = defaultdict(list)
    for each in due:
        by_step[each.step.name].append(each.run.pk)
    for step, runs in by_step.items():
        mark_done(runs, [step], at)
    make_next_due([(each.snapshot, each.step.name) for each in due], at)


def make_next_due(after: Sequence[tuple[RunSnapshot, str]], at: datetime) -> None:
    """
    Make the action behind each of these steps due. A run whose last one it was, and which has no
    request to be delivered, awaits its outcome.
    """
    due: dict[str, list[int]] = defaultdict(list)
    ended: list[RunSnapshot] = []
    for snapshot, step in after:
        place = RunStep.actions.index(RunStep.Name(step)) + 1
        if place < len(snapshot.plan.actions):
            due[RunStep.actions[place]].append(snapshot.run.pk)
        else:
            ended.append(snapshot)
    for name, runs in due.items():
        make_due(runs, name, at, anew=True)
    _await_outcome(ended, at)


@react(skip)
def go_on_without(cases: Sequence[ExceptionCase], by: Actor, at: datetime) -> None:
    """Leave out the actions that failed, and go on with the next ones."""
    of_open = Run.objects.filter(
        pk__in=[case.run_id for case in cases if case.run_id], item__is_open=True
    )
    steps = {case.run_id: case.step for case in cases}
    snapshots = run_snapshots(list(of_open.values_list("pk", flat=True)))
    for name in set(steps.values()):
        mine = [each.run.pk for each in snapshots if steps[each.run.pk] == name]
        turn_all(RunStep.objects.filter(run__in=mine, name=name), "skip", at=at)
    make_next_due([(each, steps[each.run.pk]) for each in snapshots], at)


def _await_outcome(ended: Sequence[RunSnapshot], at: datetime) -> None:
    """Complete the runs whose actions were all that there was to do, unless a proof is expected."""
    idle = [each.run.pk for each in ended if not _opens_request(each)]
    if not idle:
        return
    system = Actor.system()
    able = Run.objects.filter(verb_of(Run, "await_outcome").guard, pk__in=idle)
    ids = list(able.order_by("item_id").values_list("pk", flat=True))
    if ids:
        carry(run_operations.await_outcome, ids, by=system, at=at, reason=ALL_DONE)
    # Runs with proven outcomes are complete by now.
    done = Run.objects.filter(verb_of(Run, "complete").guard, pk__in=ids, outcomes=None)
    ids = list(done.order_by("item_id").values_list("pk", flat=True))
    if ids:
        carry(run_operations.complete, ids, by=system, at=at, reason=ALL_DONE)


def _opens_request(snapshot: RunSnapshot) -> bool:
    return any(spec.opens_request for spec in snapshot.plan.actions)
