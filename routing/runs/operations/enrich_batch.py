"""
The enrich step for many runs in one transaction, if all facts are known without external calls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from routing.kernel.facts import EnrichedFacts, Subject
from routing.kernel.isolate import isolate
from routing.kernel.queues import claim_batch
from routing.kernel.transitions import turn_all
from routing.people.actors import Actor
from routing.people.staff import User
from routing.runs.field_days import has_instants, with_days
from routing.runs.models import Enrichment, Run, RunStep
from routing.runs.operations.identify import identify
from routing.runs.registry import recognisers
from routing.runs.steps import make_due
from routing.work.items import WorkItem

Name = RunStep.Name


def enrich_batch(*, at: datetime, limit: int = 200) -> int:
    """
    Run the due enrich and refresh steps that need no external call, and return how many were done.

    Steps that cannot be done here are left to ``enrich``.
    """
    fresh = RunStep.objects.due(at).filter(
        name__in=[Name.ENRICH, Name.REFRESH], attempts=0, started_at=None
    )
    due = list(fresh.order_by("due_at", "id").values_list("pk", "run__source")[:limit])
    known = _known_sources({source for _, source in due}) if due else set()
    steps = [step for step, source in due if source in known]
    # Marked before they are tried, in a transaction of its own. If the batch fails or kills its
    # worker, its steps are no longer fresh, and ``enrich`` takes them one by one under a lease.
    RunStep.objects.filter(pk__in=steps, started_at=None).update(started_at=at)
    return isolate(lambda ids: enrich_steps(ids, at), steps, lambda _step, _why: None)


def _known_sources(sources: set[str]) -> set[str]:
    """Return the sources whose facts some recogniser has without a call."""
    found: set[str] = set()
    for each in recognisers():
        found.update(each.sources(sources))
    return found


def enrich_steps(step_ids: Sequence[int], at: datetime) -> int:
    """Run those of these steps that need no external call, and return how many were done."""
    with transaction.atomic():
        steps = _mine(step_ids, at)
        # If two runs are about one subject, only one is done here. The other is left to ``enrich``.
        found = _found({step.run.subject: step for step in steps}, at)
        done = [
            step
            for step in steps
            if step.run.subject in found and found[step.run.subject][0] == step.pk
        ]
        if done:
            _keep([(step, found[step.run.subject][1]) for step in done], at)
    return len(done)


def _mine(step_ids: Sequence[int], at: datetime) -> list[RunStep]:
    """
    Lock and return the steps, without those of runs to which a person has added facts.
    """
    # Work items before steps, as everywhere. Facts by people outrank others, and merging them is
    # left to ``enrich``.
    runs = list(RunStep.objects.filter(pk__in=step_ids).values_list("run__item", flat=True))
    free = claim_batch(WorkItem.objects.filter(pk__in=runs, is_open=True), no_key=True)
    due = RunStep.objects.due(at).filter(pk__in=step_ids, attempts=0, run__item__in=free)
    steps = list(due.select_related("run").select_for_update(of=("self",)).order_by("pk"))
    stated = Enrichment.objects.filter(
        run__in=[step.run_id for step in steps], by__kind=User.Kind.PERSON
    )
    by_people = set(stated.values_list("run_id", flat=True))
    return [step for step in steps if step.run_id not in by_people]


def _found(
    steps: Mapping[Subject, RunStep], at: datetime
) -> dict[Subject, tuple[int, EnrichedFacts]]:
    """Return the known facts of each subject and the step they were read for."""
    found: dict[Subject, tuple[int, EnrichedFacts]] = {}
    for each in recognisers():
        left = [subject for subject in steps if subject not in found]
        found |= {
            subject: (steps[subject].pk, known)
            for subject, known in each.recognise(left, at=at).items()
        }
    return found


def _versions_of_instants(done: Sequence[tuple[RunStep, EnrichedFacts]]) -> Mapping[int, int]:
    """Return the flow versions of the runs with a fact that may be a day, by run."""
    found = [step.run_id for step, known in done if has_instants(known.facts)]
    if not found:
        return {}
    return dict(Run.objects.filter(pk__in=found).values_list("pk", "version_id"))


def _facts(found: EnrichedFacts, version: int | None) -> dict[str, Any]:
    return dict(found.facts) if version is None else with_days(found.facts, version)


def _keep(done: Sequence[tuple[RunStep, EnrichedFacts]], at: datetime) -> None:
    system, dated = Actor.system(), _versions_of_instants(done)
    Enrichment.objects.bulk_create(
        [
            Enrichment(
                run_id=step.run_id,
                facts=_facts(found, dated.get(step.run_id)),
                sources=dict(found.sources),
                client_id=found.client_id,
                contact_ids=list(found.contact_ids),
                engagement_id=found.engagement_id,
                by_id=system.user_id,
                at=at,
            )
            for step, found in done
        ]
    )
    identify(
        [step.run_id for step, _ in done],
        {step.run_id: found.client_id for step, found in done},
        by=system,
        at=at,
    )
    turn_all(RunStep.objects.filter(pk__in=[step.pk for step, _ in done]), "finish_untried", at=at)
    make_due([step.run_id for step, _ in done if step.name == Name.ENRICH], Name.VALIDATE, at)
