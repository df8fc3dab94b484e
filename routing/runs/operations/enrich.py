"""
The enrich step: read facts from an external system under a lease, outside any transaction, and then
store them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from routing.kernel.events import Payload
from routing.kernel.facts import EnrichedFacts
from routing.kernel.isolate import isolate
from routing.kernel.queues import Lease, Patience, finish, lease, put_off
from routing.kernel.reasons import Reason
from routing.people.actors import Actor
from routing.people.staff import User
from routing.runs.field_days import with_days
from routing.runs.models import UNHEARD, Enrichment, Run, RunStep, RunStepQuerySet
from routing.runs.operations.identify import identify
from routing.runs.operations.raising import ExceptionFinding, raise_exceptions
from routing.runs.registry import Enricher, Problem, Retry, enricher_for, outside_readings
from routing.runs.steps import make_due
from routing.work.door import operation
from routing.work.items import WorkItem

Clock = Callable[[], datetime]
Name = RunStep.Name
LEASE = timedelta(minutes=3)  # longer than the deadlines of all calls of an enricher together
MAX_ATTEMPTS = 12
CLIENT = "client"  # key in ``sources``, beside the names of facts: the source of the client
# Twelve attempts take nearly two hours. A system that says when to come back is given more.
PATIENCE = Patience(MAX_ATTEMPTS, invited=120)
OWN_FAULTS = 3  # attempts at a subject that alone cannot be read
ENRICH = operation(
    Run, "enrich", _("Enrich"), done=_("%(who)s started enriching the run"), system=True
)


@dataclass(frozen=True, slots=True)
class LeasedStep:
    """A step that this worker has leased, with its run."""

    lease: Lease
    step: RunStep
    unheard: bool = False  # the worker before this one died

    @property
    def run(self) -> Run:
        return self.step.run


def enrich(*, clock: Clock, limit: int = 50, apart: bool = False) -> int:
    """
    Run the due enrich and refresh steps one after the other, and return how many were tried.

    :param apart: leave the steps that call other systems to other workers, and call those
    """
    due = RunStep.objects.due(clock()).reading().order_by("due_at", "id")
    tried = 0
    for step in _only_here(due, limit) if apart else list(due.values_list("pk", flat=True)[:limit]):
        leased = _take(RunStep.objects.filter(pk=step), clock())
        if leased is not None:
            tried += run_leased(leased, clock=clock)
    return tried


def _only_here(due: RunStepQuerySet, limit: int) -> list[int]:
    """Return the steps that call no other system, and call workers for the sources of the rest."""
    found = list(due.values_list("pk", "run__source")[:limit])
    named = {source for _, source in found}
    away: set[str] = set()
    for each in outside_readings() if named else ():
        outside = set(each.sources(named))
        if outside:
            each.call(outside)
        away |= outside
    if away and len(found) == limit:
        # Steps that wait for a slow system must not hide the others behind them.
        rest = due.exclude(run__source__in=away)
        return list(rest.values_list("pk", flat=True)[:limit])
    return [pk for pk, source in found if source not in away]


def lease_next(source: str, *, at: datetime, worker: UUID | None) -> LeasedStep | None:
    """Lease the next due step of a source that reads from another system."""
    due = RunStep.objects.reading().filter(run__source=source).order_by("due_at", "id")
    return _take(due, at, worker)


def run_leased(leased: LeasedStep, *, clock: Clock) -> int:
    """Read and store the facts of a leased step. Its own errors are recorded, not raised."""
    poisoned = partial(_poisoned, leased, clock)
    return isolate(partial(_one, leased, clock), [leased.step.pk], poisoned)


def _one(leased: LeasedStep, clock: Clock, _ids: Sequence[int]) -> int:
    if not _begun(leased, clock()):
        return 0
    step, run = leased.step, leased.run
    enricher = enricher_for(run.subject)
    # The read may take minutes, so no transaction is open and no row is locked. ``_finish`` checks
    # the lease before it stores anything.
    try:
        read = enricher.read(run.subject) if enricher else None
        _finish(leased, lambda: _keep(run, enricher, read, clock()), clock())
    except Retry as retry:
        own = retry.own and step.attempts >= OWN_FAULTS
        if own or PATIENCE.is_spent(step.attempts, retry.after_s):
            problem = Problem(Reason.FAILED_CONNECTOR, str(retry), {"attempts": step.attempts})
            _stop(leased, problem, clock())
        else:
            _later(leased, str(retry), retry.after_s, clock())
    except Problem as problem:
        _stop(leased, problem, clock())
    return 1


def _take(steps: RunStepQuerySet, at: datetime, worker: UUID | None = None) -> LeasedStep | None:
    """
    Lease the first of these steps that is due. Of two workers that see it, one gets the next.
    """
    unheard = False

    def take(step: RunStep) -> bool:
        nonlocal unheard
        # Read before it is overwritten: it says if the worker before this one reported back.
        unheard = step.last_error == UNHEARD
        step.take(at=at, until=at + LEASE)
        step.last_error, step.worker = UNHEARD, worker
        fields = ["lease", "attempts", "due_at", "started_at", "last_error", "worker"]
        step.save(update_fields=fields)
        return True

    due = steps.due(at).select_related("run__item", "run__flow")
    found = lease(due, take)
    return LeasedStep(found[1], found[0], unheard) if found else None


def _begun(leased: LeasedStep, at: datetime) -> bool:
    """Start enriching the run. Return False if the step was stopped instead."""
    step = leased.step
    # A step that kills its worker never gets to report an error, so its attempts are counted here.
    if leased.unheard and step.attempts > MAX_ATTEMPTS:
        evidence = {"attempts": step.attempts}
        died = Problem(Reason.FAILED_STEP, "Every worker that tried it died.", evidence)
        _stop(leased, died, at)
        return False
    if step.run.state == Run.State.RECEIVED:
        ENRICH([step.run_id], by=Actor.system(), at=at)
        step.run = Run.objects.select_related("item", "flow").get(pk=step.run_id)
    return True


@contextmanager
def _mine(leased: LeasedStep, at: datetime) -> Iterator[RunStep | None]:
    """
    Yield the locked step in a transaction, or None if the lease was lost or the run has ended.

    A step of a run that has ended is called off.
    """
    with transaction.atomic():
        # The work item before the step, as everywhere. A person who cancels the run holds the item
        # and then wants its steps.
        item = WorkItem.objects.select_for_update(no_key=True).get(pk=leased.run.item_id)
        step = finish(RunStep.objects.unfinished(), leased.lease)
        if step is not None and not item.is_open:
            step.call_off(at=at)
            step.save(update_fields=["state", "ended_at"])
        yield step if item.is_open else None


def _finish(leased: LeasedStep, keep: Callable[[], None], at: datetime) -> None:
    """
    Store the result in one transaction, unless the lease was lost or the run has ended.
    """
    with _mine(leased, at) as step:
        if step is None:
            return
        keep()
        step.finish(at=at)
        step.save()
        if step.name == Name.ENRICH:
            make_due([step.run_id], Name.VALIDATE, at)


def _keep(run: Run, enricher: Enricher | None, read: Any, at: datetime) -> None:
    system = Actor.system()
    chosen = _chosen_by_people(run)
    if enricher:
        found = enricher.keep(read, subject=run.subject, by=system, at=at, client_id=chosen)
    else:
        found = _signal_facts(run)
    known = _known_by_people(run)
    sources = {**found.sources, **dict.fromkeys(known, "person")}
    if chosen:
        sources[CLIENT] = "person"
    Enrichment.objects.create(
        run=run,
        facts={**with_days(found.facts, run.version_id), **known},
        sources=sources,
        client_id=chosen or found.client_id,
        contact_ids=list(found.contact_ids),
        engagement_id=found.engagement_id,
        by_id=system.user_id,
        at=at,
    )
    identify([run.pk], {run.pk: chosen or found.client_id}, by=system, at=at)


def _keep_facts(run: Run, found: EnrichedFacts, at: datetime) -> None:
    """Store what was read before a problem, without a client, for the person who resolves it."""
    known = _known_by_people(run)
    Enrichment.objects.create(
        run=run,
        facts={**with_days(found.facts, run.version_id), **known},
        sources={**found.sources, **dict.fromkeys(known, "person")},
        contact_ids=[],
        by_id=Actor.system().user_id,
        at=at,
    )


def _signal_facts(run: Run) -> EnrichedFacts:
    """Return the facts in the event itself, for subjects without an enricher."""
    started = Payload.objects.select_related("event").get(
        event__parts__run=run, event__parts__part="started"
    )
    facts = {
        name: value
        for name, value in started.body.items()
        if isinstance(value, str | int | float | bool)
    }
    source = f"{started.event.kind}, {run.source} {run.subject_type} {run.subject_id}"
    return EnrichedFacts(facts, sources=dict.fromkeys(facts, source))


def _chosen_by_people(run: Run) -> int | None:
    """Return the client that a person chose, because no other system identified it."""
    row = Enrichment.objects.filter(run=run, by__kind=User.Kind.PERSON).order_by("-id").first()
    if row is None or row.sources.get(CLIENT) != "person":
        return None
    return row.client_id


def _known_by_people(run: Run) -> dict[str, Any]:
    """
    Return the facts that people filled in. They outrank later values from the external system.
    """
    filled = Enrichment.objects.filter(run=run, by__kind=User.Kind.PERSON).order_by("-id").first()
    if filled is None:
        return {}
    return {
        name: filled.facts[name]
        for name, source in filled.sources.items()
        if source == "person" and name in filled.facts
    }


def _later(leased: LeasedStep, why: str, after_s: float, at: datetime) -> None:
    mine, step = leased.lease.of(RunStep.objects.unfinished()), leased.step
    put_off(mine, tried=step.attempts, key=step.pk, at=at, after_s=after_s, last_error=why[:300])


def _poisoned(leased: LeasedStep, clock: Clock, _step_id: int, why: str) -> None:
    """Retry a step after an unexpected error, or stop it after too many attempts."""
    attempts = leased.step.attempts
    if PATIENCE.is_spent(attempts):
        _stop(leased, Problem(Reason.FAILED_STEP, why, {"attempts": attempts}), clock())
    else:
        _later(leased, why, 0, clock())


def _stop(leased: LeasedStep, problem: Problem, at: datetime) -> None:
    """
    Stop the step. A failed enrichment also stops its run until a person has looked at it; a failed
    refresh does not.
    """
    with _mine(leased, at) as step:
        if step is None:
            return
        step.stop(at=at)
        step.last_error = str(problem)[:300]
        step.save(update_fields=["state", "ended_at", "last_error"])
        if step.name == Name.ENRICH:
            if problem.found is not None:
                _keep_facts(leased.run, problem.found, at)
            evidence = {"message": str(problem), **problem.evidence}
            stopped = ExceptionFinding(problem.reason, evidence, run=leased.run, step=Name.ENRICH)
            raise_exceptions([stopped], at=at)
