"""
The steps validate, decide and act, for many runs in one transaction. They make no external calls.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from routing.flows.actions import ActionSpec, kind_named
from routing.flows.choose import Choice, NobodyFits, NoRuleMatches
from routing.flows.fields import FieldProblem
from routing.flows.template import fill
from routing.kernel.canonical import as_json
from routing.kernel.facts import UNREAD
from routing.kernel.isolate import isolate
from routing.kernel.queues import Patience, batches, claim_batch, put_off
from routing.kernel.reasons import Reason
from routing.kernel.transitions import turn_all
from routing.people.actors import Actor
from routing.runs.candidates import Pool, one_batch_at_a_time, pool_for
from routing.runs.decisions import Decision
from routing.runs.details import RouteDetails
from routing.runs.held_events import received_of
from routing.runs.models import Run, RunStep
from routing.runs.operations.offering import offer_later, settle
from routing.runs.operations.raising import ExceptionFinding, raise_exceptions
from routing.runs.registry import RoutedRun
from routing.runs.snapshots import (
    RunSnapshot,
    decide_for,
    field_problems,
    rule_facts,
    snapshots_of,
)
from routing.runs.steps import make_due, mark_done
from routing.runs.titles import run_title_of, title_of
from routing.work.door import move_loaded, operation
from routing.work.items import WorkItem
from routing.work.sql import load

Name = RunStep.Name
PATIENCE = Patience(8)
ROUTING_STEPS = (Name.VALIDATE, Name.DECIDE, Name.ACT)
ACTION_STEPS = RunStep.actions
OFFERED_AGAIN = {Reason.NOBODY_AVAILABLE}  # reasons that pass by themselves

ROUTE = operation(
    Run,
    "route",
    _("Route"),
    done=_("%(who)s routed the run"),
    system=True,
    details=RouteDetails,
)
BEGIN = operation(
    Run, "begin", _("Start delivery"), done=_("%(who)s started delivery"), system=True
)


def route_runs(*, at: datetime, limit: int = 200) -> int:
    """
    Run the due steps, and return the number of runs. Steps of runs on hold wait.
    """
    return run_steps(ROUTING_STEPS, route_steps, at=at, limit=limit)


def run_steps(
    names: Sequence[str],
    work: Callable[[Sequence[int], datetime], int],
    *,
    at: datetime,
    limit: int,
) -> int:
    """
    Give the due steps with these names to ``work`` in batches, and return the sum of its answers.

    :param work: runs the steps with these ids in one transaction
    """
    ready = {"run__item__is_open": True, "run__item__held_at": None, "name__in": names}
    due = RunStep.objects.due(at).filter(**ready).order_by("due_at", "id")
    done = 0
    for batch in batches(due.values_list("pk", "attempts")[:limit]):
        # Counted before the attempt and committed at once. If a batch kills its worker, its steps
        # have been tried, and the next call takes them one by one.
        RunStep.objects.filter(pk__in=batch).update(attempts=F("attempts") + 1)
        done += isolate(
            lambda ids: work(ids, at), batch, lambda step, why: try_later(step, why, at)
        )
    return done


def route_steps(step_ids: Sequence[int], at: datetime) -> int:
    """Run these steps in one transaction, and return the number of runs."""
    with transaction.atomic():
        steps = RunStep.objects.filter(pk__in=step_ids)
        due = list(steps.values_list("run__item", "run", "run__version"))
        one_batch_at_a_time([(run, version) for _item, run, version in due])
        # Work items before steps, as everywhere: whoever cancels or holds a run has its item first.
        free = WorkItem.objects.filter(
            pk__in=[item for item, *_run in due], is_open=True, held_at=None
        )
        items = claim_batch(free, no_key=True)
        mine = (
            RunStep.objects.due(at)
            .filter(pk__in=step_ids, run__item__in=items)
            .select_for_update(of=("self",))
            .order_by("pk")
        )
        run_ids = list(mine.values_list("run_id", flat=True))
        if not run_ids:
            return 0
        findings: list[ExceptionFinding] = []
        # Loaded once: what is decided about is what ``route`` then changes.
        runs = sorted(load(Run, run_ids, lock=True, seen=None), key=attrgetter("pk"))
        decided = _decide(_validate(snapshots_of(runs), findings), findings, at)
        later = _act(decided, at)
        _stop(findings, at)
        mark_done([snapshot.run.pk for snapshot, _choice, _decision in decided], ROUTING_STEPS, at)
        for step, waiting in later.items():
            make_due(waiting, step, at, anew=True)
    return len(run_ids)


def _validate(
    all_runs: Sequence[RunSnapshot], findings: list[ExceptionFinding]
) -> list[RunSnapshot]:
    valid = []
    for snapshot in all_runs:
        faults = field_problems(snapshot)
        if faults:
            evidence = {"fields": [_problem_details(problem, snapshot) for problem in faults]}
            findings.append(_at(Name.VALIDATE, snapshot, Reason.MISSING_FIELDS, evidence))
        elif snapshot.found.client_id is None:
            findings.append(_at(Name.VALIDATE, snapshot, Reason.MISSING_CONTEXT, {}))
        else:
            valid.append(snapshot)
    return valid


def _at(
    step: str, snapshot: RunSnapshot, reason: Reason, evidence: Mapping[str, Any]
) -> ExceptionFinding:
    return ExceptionFinding(reason, evidence, run=snapshot.run, step=step)


def _problem_details(problem: FieldProblem, snapshot: RunSnapshot) -> dict[str, str]:
    """Return a problem as evidence, without the value of a personal field."""
    specs = {spec.name: spec for spec in snapshot.plan.rule_fields}
    # History keeps evidence and is never rewritten.
    if problem.name not in specs:
        return asdict(replace(problem, found=""))
    unread = snapshot.found.sources.get(f"{problem.name}{UNREAD}")
    if problem.problem == "missing" and unread:
        problem = replace(problem, problem="unread", found=str(unread))
    return asdict(problem) | {"type": specs[problem.name].type.value}


def _decide(
    valid: Sequence[RunSnapshot], findings: list[ExceptionFinding], at: datetime
) -> list[tuple[RunSnapshot, Choice, Decision]]:
    if not valid:
        return []
    pool, decided = pool_for(valid, at), []
    # One after the other: each choice adds to the open items that the next one compares.
    for snapshot in valid:
        try:
            choice = decide_for(snapshot, pool)
        except NoRuleMatches as error:
            findings.append(_at(Name.DECIDE, snapshot, Reason.NO_RULE, {"message": str(error)}))
        except NobodyFits as error:
            findings.append(
                _at(Name.DECIDE, snapshot, Reason.NOBODY_AVAILABLE, {"message": str(error)})
            )
        else:
            moment = pool.moment(at)
            decided.append((snapshot, choice, record(snapshot, pool, choice, moment)))
            pool.chose(choice, moment)
    Decision.objects.bulk_create([decision for _s, _c, decision in decided])
    return decided


def record(snapshot: RunSnapshot, pool: Pool, choice: Choice, at: datetime) -> Decision:
    """Return the record of a decision: its whole input and its answer, as canonical JSON."""
    fallback = pool.fallback(snapshot.run.flow, snapshot.found.client_id)
    question: dict[str, object] = {
        "facts": rule_facts(snapshot),
        "candidates": pool.for_client(snapshot.found.client_id),
        "fallback": fallback,
    }
    if snapshot.by_hand is not None:
        question["by_hand"] = snapshot.by_hand
    elif named := pool.named.get(snapshot.run.pk):
        question["named"] = named
    asked = as_json(question)
    answer = as_json(choice)
    return Decision(
        run=snapshot.run,
        version_id=snapshot.run.version_id,
        rule_name=choice.rule,
        owner_id=choice.owner_id,
        backup_id=choice.backup_id,
        asked=asked,
        answer=answer,
        digest=Decision.digest_of(asked, answer),
        at=at,
    )


def _act(
    decided: Sequence[tuple[RunSnapshot, Choice, Decision]], at: datetime
) -> Mapping[str, Sequence[int]]:
    """Route these runs with their first actions, and return those that have more, by step."""
    later: dict[str, list[int]] = defaultdict(list)
    if not decided:
        return later
    system = Actor.system()
    owners = {s.run.pk: (c.owner_id, c.backup_id, c.team_id, c.priority) for s, c, _d in decided}
    clients = {s.run.pk: s.found.client_id for s, _c, _d in decided}
    titles = {s.run.pk: run_title_of(s) for s, _c, _d in decided}
    # Read before the route, so that runs which never waited cost no query.
    waited = [s.run.pk for s, _c, _d in decided if s.run.state == Run.State.WAITING]
    results = move_loaded(
        ROUTE,
        [snapshot.run for snapshot, _c, _d in decided],
        by=system,
        at=at,
        reason="Decided by rule.",
        details=RouteDetails(owners, clients, titles),
    )
    # A run that the door refused starts no action.
    routed = {result.id: result.row for result in results if result.done}
    received = received_of(list(routed))
    jobs: dict[str, list[RoutedRun]] = defaultdict(list)
    for snapshot, choice, _decision in decided:
        if (run := routed.get(snapshot.run.pk)) is None:
            continue
        [first, *more] = snapshot.plan.actions
        # What opens the request is carried out with the decision: an owner has work at once. Any
        # other action may fail for a reason of its own, and then must not undo the decision.
        if first.at_once:
            jobs[first.kind].append(_job(run, snapshot, choice, received.get(run.pk), first))
        if more or not first.at_once:
            later[ACTION_STEPS[1 if first.at_once else 0]].append(run.pk)
    for name, batch in jobs.items():
        kind = kind_named(name)
        assert kind is not None  # it said ``at_once``
        kind.carry_out(batch, system, at)
    BEGIN(list(routed), by=system, at=at)
    settle(waited, at)
    return later


def _job(
    run: Run,
    snapshot: RunSnapshot,
    choice: Choice,
    clocks_from: datetime | None,
    action: ActionSpec,
) -> RoutedRun:
    found, plan = snapshot.found, snapshot.plan
    return RoutedRun(
        run=run,
        facts=found.facts,
        title=title_of(snapshot),
        brief=fill(plan.template, found.facts),
        owner_id=choice.owner_id,
        backup_id=choice.backup_id,
        team_id=choice.team_id,
        priority=choice.priority,
        client_id=found.client_id,
        contact_ids=found.contact_ids,
        engagement_id=found.engagement_id,
        policy=plan.policy,
        clocks_from=clocks_from,
        inputs=action.filled(found.facts),
        action=Name.ACT,
    )


def _stop(findings: Sequence[ExceptionFinding], at: datetime) -> None:
    """
    Stop each run at the step that could not be done. Resolving its exception makes that step due.
    """
    stopped = [finding.run.pk for finding in findings if finding.run]
    turn_all(RunStep.objects.filter(run__in=stopped, name__in=ROUTING_STEPS), "call_off", at=at)
    # The step may have no row yet, because only validate was due. One that exists is stopped with
    # the exception below.
    steps = [
        RunStep(run=finding.run, name=finding.step, due_at=at, started_at=at)
        for finding in findings
    ]
    for step in steps:
        step.stop(at=at)
    RunStep.objects.bulk_create(steps, ignore_conflicts=True)
    raise_exceptions(findings, at=at)
    nobody = [each.run.pk for each in findings if each.run and each.reason in OFFERED_AGAIN]
    offer_later(nobody, at)


def try_later(step_id: int, why: str, at: datetime) -> None:
    """Delay a step after an unexpected error, and raise an exception after too many attempts."""
    step = RunStep.objects.select_related("run__item", "run__flow").get(pk=step_id)
    mine = RunStep.objects.unfinished().filter(pk=step_id)
    put_off(mine, tried=step.attempts, key=step_id, at=at, last_error=why[:300])
    if PATIENCE.is_spent(step.attempts):
        failed = ExceptionFinding(Reason.FAILED_STEP, {"error": why}, run=step.run, step=step.name)
        raise_exceptions([failed], at=at)
