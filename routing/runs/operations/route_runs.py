"""
Validate, decide and act: three steps of many runs in one transaction, on what is known and without
asking anybody outside.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from routing.flows.choose import Choice, NobodyFits, NoRuleMatches
from routing.flows.fields import FieldProblem
from routing.flows.registry import action_named
from routing.flows.template import fill
from routing.kernel.isolate import isolate
from routing.kernel.queues import Patience, batches, claim_batch, put_off
from routing.kernel.reasons import Reason
from routing.kernel.transitions import turn_all
from routing.people.actors import Actor
from routing.runs.candidates import Pool, pool_for
from routing.runs.decisions import Decision
from routing.runs.details import RouteDetails
from routing.runs.models import Run, RunStep
from routing.runs.operations.exceptions import Trouble, raise_cases
from routing.runs.registry import RoutedRun
from routing.runs.snapshots import (
    RunSnapshot,
    decide_for,
    field_problems,
    rule_facts,
    run_snapshots,
)
from routing.runs.steps import mark_done
from routing.work.door import operation
from routing.work.items import WorkItem

Name = RunStep.Name
PATIENCE = Patience(8)
SETTLED = (Name.VALIDATE, Name.DECIDE, Name.ACT)

ROUTE = operation(Run, "route", _("Route"), system=True, details=RouteDetails)
BEGIN = operation(Run, "begin", _("Start delivery"), system=True)


def route_runs(*, at: datetime, limit: int = 200) -> int:
    """
    Take every run whose next step needs nobody outside as far as it goes; how many were dealt with.

    Steps of held runs wait. Each attempt is counted before it is made, so a batch that kills its
    worker is taken apart.
    """
    ready = {"run__item__is_open": True, "run__item__held_at": None, "name__in": SETTLED}
    due = RunStep.objects.due(at).filter(**ready).order_by("due_at", "id")
    done = 0
    for batch in batches(due.values_list("pk", "attempts")[:limit]):
        RunStep.objects.filter(pk__in=batch).update(attempts=F("attempts") + 1)
        done += isolate(
            lambda ids: _route_batch(ids, at), batch, lambda step, why: _later(step, why, at)
        )
    return done


def _route_batch(step_ids: Sequence[int], at: datetime) -> int:
    with transaction.atomic():
        runs = list(RunStep.objects.filter(pk__in=step_ids).values_list("run__item", flat=True))
        free = WorkItem.objects.filter(pk__in=runs, is_open=True, held_at=None)
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
        troubles: list[Trouble] = []
        decided = _decide(_validate(run_snapshots(run_ids), troubles), troubles, at)
        _act(decided, at)
        _stop(troubles, at)
        mark_done([snapshot.run.pk for snapshot, _choice, _decision in decided], SETTLED, at)
    return len(run_ids)


def _validate(all_runs: Sequence[RunSnapshot], troubles: list[Trouble]) -> list[RunSnapshot]:
    valid = []
    for snapshot in all_runs:
        faults = field_problems(snapshot)
        if faults:
            evidence = {"fields": [_problem_details(problem, snapshot) for problem in faults]}
            troubles.append(Trouble(snapshot.run, Name.VALIDATE, Reason.MISSING_FIELDS, evidence))
        elif snapshot.found.client_id is None:
            troubles.append(Trouble(snapshot.run, Name.VALIDATE, Reason.MISSING_CONTEXT, {}))
        else:
            valid.append(snapshot)
    return valid


def _problem_details(problem: FieldProblem, snapshot: RunSnapshot) -> dict[str, str]:
    """
    The fault as evidence, which history keeps: without the value of a field that names a person.
    """
    personal = problem.name not in {spec.name for spec in snapshot.plan.rule_fields}
    return asdict(replace(problem, found="")) if personal else asdict(problem)


def _decide(
    valid: Sequence[RunSnapshot], troubles: list[Trouble], at: datetime
) -> list[tuple[RunSnapshot, Choice, Decision]]:
    if not valid:
        return []
    pool, decided = pool_for(valid, at), []
    for snapshot in valid:
        try:
            choice = decide_for(snapshot, pool)
        except NoRuleMatches as error:
            troubles.append(
                Trouble(snapshot.run, Name.DECIDE, Reason.NO_RULE, {"message": str(error)})
            )
        except NobodyFits as error:
            troubles.append(
                Trouble(snapshot.run, Name.DECIDE, Reason.NOBODY_AVAILABLE, {"message": str(error)})
            )
        else:
            decided.append((snapshot, choice, record(snapshot, pool, choice, at)))
            pool.chose(choice.owner_id)
    Decision.objects.bulk_create([decision for _s, _c, decision in decided])
    return decided


def record(snapshot: RunSnapshot, pool: Pool, choice: Choice, at: datetime) -> Decision:
    """The decision as evidence: everything it was made on, and its answer, as canonical JSON."""
    fallback = pool.fallback(snapshot.run.flow, snapshot.found.client_id)
    asked = canonical(
        {"facts": rule_facts(snapshot), "candidates": pool.candidates, "fallback": fallback}
    )
    answer = canonical(choice)
    return Decision(
        run=snapshot.run,
        version_id=snapshot.run.version_id,
        rule_name=choice.rule,
        owner_id=choice.owner_id,
        backup_id=choice.backup_id,
        asked=asked,
        answer=answer,
        digest=sha256(f"{asked}\n{answer}".encode()).hexdigest(),
        at=at,
    )


def canonical(value: Any) -> str:
    """
    The one JSON text of a value; a dataclass is an object of its fields, read as it is written:
    ``asdict`` would copy it first.
    """
    return _CANONICAL.encode(value)


def _as_object(value: Any) -> dict[str, Any]:
    """:raises TypeError: for what is no dataclass, as JSON does"""
    return {name: getattr(value, name) for name in _names(value.__class__)}


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


_CANONICAL = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_as_object
)


def _act(decided: Sequence[tuple[RunSnapshot, Choice, Decision]], at: datetime) -> None:
    if not decided:
        return
    system, ids = Actor.system(), [snapshot.run.pk for snapshot, _c, _d in decided]
    owners = {s.run.pk: (c.owner_id, c.backup_id, c.team_id, c.priority) for s, c, _d in decided}
    clients = {s.run.pk: s.found.client_id for s, _c, _d in decided}
    titles = {s.run.pk: run_title_of(s) for s, _c, _d in decided}
    results = ROUTE(
        ids,
        by=system,
        at=at,
        reason="Decided by rule.",
        details=RouteDetails(owners, clients, titles),
    )
    routed = {result.id: result.row for result in results if result.done}
    jobs: dict[str, list[RoutedRun]] = defaultdict(list)
    for snapshot, choice, _decision in decided:
        if snapshot.run.pk in routed:
            jobs[snapshot.plan.action].append(_job(routed[snapshot.run.pk], snapshot, choice))
    for name, batch in jobs.items():
        action_named(name)(batch, system, at)
    BEGIN(list(routed), by=system, at=at)


def title_of(snapshot: RunSnapshot) -> str:
    return fill(snapshot.plan.title, snapshot.found.facts)[:200]


def run_title_of(snapshot: RunSnapshot) -> str:
    return f"{snapshot.run.flow.name}: {title_of(snapshot)}"[:200]


def _job(run: Run, snapshot: RunSnapshot, choice: Choice) -> RoutedRun:
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
    )


def _stop(troubles: Sequence[Trouble], at: datetime) -> None:
    """
    Stop each run at the step that could not be done, and nowhere else: resolving its case makes
    that one due again.
    """
    stopped = [trouble.run.pk for trouble in troubles]
    turn_all(RunStep.objects.filter(run__in=stopped, name__in=SETTLED), "call_off", at=at)
    steps = [
        RunStep(run=trouble.run, name=trouble.step, due_at=at, started_at=at)
        for trouble in troubles
    ]
    for step in steps:
        step.stop(at=at)
    RunStep.objects.bulk_create(steps, ignore_conflicts=True)
    raise_cases(troubles, at=at)


def _later(step_id: int, why: str, at: datetime) -> None:
    """Put a poisoned run aside; after the last attempt it becomes an exception."""
    step = RunStep.objects.select_related("run__item", "run__flow").get(pk=step_id)
    mine = RunStep.objects.unfinished().filter(pk=step_id)
    put_off(mine, tried=step.attempts, key=step_id, at=at, last_error=why[:300])
    if PATIENCE.is_spent(step.attempts):
        raise_cases([Trouble(step.run, step.name, Reason.FAILED_STEP, {"error": why})], at=at)
