"""
Validate, decide and act: three steps of many runs in one transaction, on what is known and without
asking anybody outside.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from routing.flows.choose import Choice, NobodyFits, NoRuleHolds
from routing.flows.fields import Fault
from routing.flows.registry import action_named
from routing.flows.template import fill
from routing.kernel.backoff import backoff_s
from routing.kernel.canonical import as_json
from routing.kernel.isolate import isolate
from routing.kernel.reasons import Reason
from routing.people.actors import Actor
from routing.runs.candidates import Pool, pool_for
from routing.runs.decisions import Decision
from routing.runs.models import Run, RunStep
from routing.runs.operations.raising import Finding, raise_exceptions
from routing.runs.registry import Job
from routing.runs.standing import Standing, decide_for, field_faults, rule_facts, standings
from routing.runs.steps import mark_done
from routing.work.door import operation
from routing.work.items import WorkItem

Name, State = RunStep.Name, RunStep.State
MAX_ATTEMPTS = 8
SETTLED = (Name.VALIDATE, Name.DECIDE, Name.ACT)

ROUTE = operation(Run, "route", _("Route"), system=True)
BEGIN = operation(Run, "begin", _("Start delivery"), system=True)


def settle(*, at: datetime, limit: int = 200) -> int:
    """
    Take every run whose next step needs nobody outside as far as it goes; how many were dealt with.

    Steps of held runs wait. Each attempt is counted before it is made, so a batch that kills its
    worker is taken apart.
    """
    ready = {"run__item__is_open": True, "run__item__held_at": None, "name__in": SETTLED}
    due = list(
        RunStep.objects.due(at)
        .filter(**ready)
        .order_by("due_at", "id")
        .values_list("pk", "attempts")[:limit]
    )
    batches = [
        [step for step, attempts in due if not attempts],
        *([step] for step, attempts in due if attempts),
    ]
    done = 0
    for batch in batches:
        RunStep.objects.filter(pk__in=batch).update(attempts=F("attempts") + 1)
        done += isolate(
            lambda ids: _settle(ids, at), batch, lambda step, why: _later(step, why, at)
        )
    return done


def _settle(step_ids: Sequence[int], at: datetime) -> int:
    with transaction.atomic():
        runs = list(RunStep.objects.filter(pk__in=step_ids).values_list("run__item", flat=True))
        free = WorkItem.objects.filter(pk__in=runs, is_open=True, held_at=None).order_by("pk")
        items = list(
            free.select_for_update(no_key=True, skip_locked=True).values_list("pk", flat=True)
        )
        mine = (
            RunStep.objects.due(at)
            .filter(pk__in=step_ids, run__item__in=items)
            .select_for_update(of=("self",))
            .order_by("pk")
        )
        run_ids = list(mine.values_list("run_id", flat=True))
        if not run_ids:
            return 0
        findings: list[Finding] = []
        decided = _decide(_validate(standings(run_ids), findings), findings, at)
        _act(decided, at)
        _stop(findings, at)
        mark_done([standing.run.pk for standing, _choice, _decision in decided], SETTLED, at)
    return len(run_ids)


def _validate(all_runs: Sequence[Standing], findings: list[Finding]) -> list[Standing]:
    valid = []
    for standing in all_runs:
        faults = field_faults(standing)
        if faults:
            evidence = {"fields": [_told(fault, standing) for fault in faults]}
            findings.append(_at(Name.VALIDATE, standing, Reason.MISSING_FIELDS, evidence))
        elif standing.found.client_id is None:
            findings.append(_at(Name.VALIDATE, standing, Reason.MISSING_CONTEXT, {}))
        else:
            valid.append(standing)
    return valid


def _at(step: str, standing: Standing, reason: Reason, evidence: Mapping[str, Any]) -> Finding:
    return Finding(reason, evidence, run=standing.run, step=step)


def _told(fault: Fault, standing: Standing) -> dict[str, str]:
    """
    The fault as evidence, which history keeps: without the value of a field that names a person.
    """
    personal = fault.name not in {spec.name for spec in standing.plan.rule_fields}
    return asdict(replace(fault, found="")) if personal else asdict(fault)


def _decide(
    valid: Sequence[Standing], findings: list[Finding], at: datetime
) -> list[tuple[Standing, Choice, Decision]]:
    if not valid:
        return []
    pool, decided = pool_for(valid, at), []
    for standing in valid:
        try:
            choice = decide_for(standing, pool)
        except NoRuleHolds as error:
            findings.append(_at(Name.DECIDE, standing, Reason.NO_RULE, {"message": str(error)}))
        except NobodyFits as error:
            findings.append(
                _at(Name.DECIDE, standing, Reason.NOBODY_AVAILABLE, {"message": str(error)})
            )
        else:
            decided.append((standing, choice, record(standing, pool, choice, at)))
            pool.chose(choice.owner_id)
    Decision.objects.bulk_create([decision for _s, _c, decision in decided])
    return decided


def record(standing: Standing, pool: Pool, choice: Choice, at: datetime) -> Decision:
    """The decision as evidence: everything it was made on, and its answer, as canonical JSON."""
    fallback = pool.fallback(standing.run.flow, standing.found.client_id)
    asked = as_json(
        {"facts": rule_facts(standing), "candidates": pool.candidates, "fallback": fallback}
    )
    answer = as_json(choice)
    return Decision(
        run=standing.run,
        version_id=standing.run.version_id,
        rule_name=choice.rule,
        owner_id=choice.owner_id,
        backup_id=choice.backup_id,
        asked=asked,
        answer=answer,
        digest=sha256(f"{asked}\n{answer}".encode()).hexdigest(),
        at=at,
    )


def _act(decided: Sequence[tuple[Standing, Choice, Decision]], at: datetime) -> None:
    if not decided:
        return
    system, ids = Actor.system(), [standing.run.pk for standing, _c, _d in decided]
    owners = {s.run.pk: (c.owner_id, c.backup_id, c.team_id, c.priority) for s, c, _d in decided}
    clients = {s.run.pk: s.found.client_id for s, _c, _d in decided}
    titles = {s.run.pk: run_title_of(s) for s, _c, _d in decided}
    results = ROUTE(
        ids,
        by=system,
        at=at,
        reason="Decided by rule.",
        owners=owners,
        clients=clients,
        titles=titles,
    )
    routed = {result.id: result.row for result in results if result.done}
    jobs: dict[str, list[Job]] = defaultdict(list)
    for standing, choice, _decision in decided:
        if standing.run.pk in routed:
            jobs[standing.plan.action].append(_job(routed[standing.run.pk], standing, choice))
    for name, batch in jobs.items():
        action_named(name)(batch, system, at)
    BEGIN(list(routed), by=system, at=at)


def title_of(standing: Standing) -> str:
    return fill(standing.plan.title, standing.found.facts)[:200]


def run_title_of(standing: Standing) -> str:
    return f"{standing.run.flow.name}: {title_of(standing)}"[:200]


def _job(run: Run, standing: Standing, choice: Choice) -> Job:
    found, plan = standing.found, standing.plan
    return Job(
        run=run,
        facts=found.facts,
        title=title_of(standing),
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


def _stop(findings: Sequence[Finding], at: datetime) -> None:
    """
    Stop each run at the step that could not be done, and nowhere else: resolving its case makes
    that one due again.
    """
    stopped = [finding.run.pk for finding in findings if finding.run]
    RunStep.objects.filter(run__in=stopped, name__in=SETTLED, state=State.DUE).update(
        state=State.STOPPED, ended_at=at
    )
    RunStep.objects.bulk_create(
        [
            RunStep(
                run=finding.run,
                name=finding.step,
                state=State.STOPPED,
                due_at=at,
                started_at=at,
                ended_at=at,
            )
            for finding in findings
        ],
        ignore_conflicts=True,
    )
    raise_exceptions(findings, at=at)


def _later(step_id: int, why: str, at: datetime) -> None:
    """Put a poisoned run aside; after the last attempt it becomes an exception."""
    step = RunStep.objects.select_related("run__item", "run__flow").get(pk=step_id)
    due = at + timedelta(seconds=backoff_s(step.attempts, key=step_id))
    RunStep.objects.filter(pk=step_id, state=State.DUE).update(due_at=due, last_error=why[:300])
    if step.attempts >= MAX_ATTEMPTS:
        failed = Finding(Reason.FAILED_STEP, {"error": why}, run=step.run, step=step.name)
        raise_exceptions([failed], at=at)
