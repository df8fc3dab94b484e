"""
The enrich step: read the other side under a lease, outside any transaction; then keep what was
read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from routing.kernel.events import Payload
from routing.kernel.facts import EnrichedFacts
from routing.kernel.isolate import isolate
from routing.kernel.queues import Lease, Patience, finish, lease, put_off
from routing.kernel.reasons import Reason
from routing.people.actors import Actor
from routing.people.staff import User
from routing.runs.models import Enrichment, Run, RunStep
from routing.runs.operations.identify import identify
from routing.runs.operations.raising import ExceptionFinding, raise_exceptions
from routing.runs.registry import Enricher, Problem, Retry, enricher_for
from routing.runs.steps import make_due
from routing.work.door import operation
from routing.work.items import WorkItem

Clock = Callable[[], datetime]
Name = RunStep.Name
LEASE = timedelta(minutes=3)  # longer than the total deadline of every call an enricher makes
MAX_ATTEMPTS = 12
# Stands while a worker is at it, and after one that died.
UNHEARD = "The worker that started this never reported back."
CLIENT = "client"  # beside the facts' names in ``sources``: how the client is known
PATIENCE = Patience(MAX_ATTEMPTS, invited=120)
ENRICH = operation(
    Run, "enrich", _("Enrich"), done=_("%(who)s started enriching the run"), system=True
)


@dataclass(frozen=True, slots=True)
class LeasedStep:
    """A step that is ours until its lease ends, with its run."""

    lease: Lease
    step: RunStep
    unheard: bool = False  # of a worker that was at it before

    @property
    def run(self) -> Run:
        return self.step.run


def enrich(*, clock: Clock, limit: int = 50) -> int:
    """Do the enrich and refresh steps that are due, one after the other; how many were tried."""
    due = RunStep.objects.due(clock()).filter(name__in=[Name.ENRICH, Name.REFRESH])
    ids = list(due.order_by("due_at", "id").values_list("pk", flat=True)[:limit])
    tried = 0
    for step in ids:
        leased = _take(step, clock())
        if leased is not None:
            tried += isolate(
                partial(_one, leased, clock), [step], partial(_poisoned, leased, clock)
            )
    return tried


def _one(leased: LeasedStep, clock: Clock, _ids: Sequence[int]) -> int:
    if not _begun(leased, clock()):
        return 0
    step, run = leased.step, leased.run
    enricher = enricher_for(run.subject)
    try:
        read = enricher.read(run.subject) if enricher else None
        _finish(leased, lambda: _keep(run, enricher, read, clock()), clock())
    except Retry as retry:
        if PATIENCE.is_spent(step.attempts, retry.after_s):
            problem = Problem(Reason.FAILED_CONNECTOR, str(retry), {"attempts": step.attempts})
            _stop(leased, problem, clock())
        else:
            _later(leased, str(retry), retry.after_s, clock())
    except Problem as problem:
        _stop(leased, problem, clock())
    return 1


def _take(step_id: int, at: datetime) -> LeasedStep | None:
    """Lease a step: of two workers that saw it due, one gets it."""
    unheard = False

    def take(step: RunStep) -> bool:
        nonlocal unheard
        unheard = step.last_error == UNHEARD
        step.take(at=at, until=at + LEASE)
        step.last_error = UNHEARD
        step.save(update_fields=["lease", "attempts", "due_at", "started_at", "last_error"])
        return True

    due = RunStep.objects.due(at).filter(pk=step_id).select_related("run__item", "run__flow")
    found = lease(due, take)
    return LeasedStep(found[1], found[0], unheard) if found else None


def _begun(leased: LeasedStep, at: datetime) -> bool:
    """Tell the run that somebody reads; False if every worker that tried it died."""
    step = leased.step
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
    In a transaction: the step, locked after its run's work item as everywhere; None when the lease
    or the run is lost.

    A step of a run that has ended is stopped for good.
    """
    with transaction.atomic():
        item = WorkItem.objects.select_for_update(no_key=True).get(pk=leased.run.item_id)
        step = finish(RunStep.objects.unfinished(), leased.lease)
        if step is not None and not item.is_open:
            step.call_off(at=at)
            step.save(update_fields=["state", "ended_at"])
        yield step if item.is_open else None


def _finish(leased: LeasedStep, keep: Callable[[], None], at: datetime) -> None:
    """
    Keep the result in one transaction, unless the lease was lost to another worker meanwhile, or
    the run has ended.
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
    found = (
        enricher.keep(read, subject=run.subject, by=system, at=at, client_id=chosen)
        if enricher
        else EnrichedFacts(_signal_facts(run))
    )
    known = _known_by_people(run)
    Enrichment.objects.create(
        run=run,
        facts={**found.facts, **known},
        sources={
            **found.sources,
            **dict.fromkeys(known, "person"),
            **({CLIENT: "person"} if chosen else {}),
        },
        client_id=chosen or found.client_id,
        contact_ids=list(found.contact_ids),
        engagement_id=found.engagement_id,
        by_id=system.user_id,
        at=at,
    )
    identify([run.pk], {run.pk: chosen or found.client_id}, at=at)


def _signal_facts(run: Run) -> Mapping[str, Any]:
    """Return the facts stated by the event itself, for subjects without a reader."""
    body = Payload.objects.get(event__parts__run=run, event__parts__part="started").body
    return {
        name: value for name, value in body.items() if isinstance(value, str | int | float | bool)
    }


def _chosen_by_people(run: Run) -> int | None:
    """The client that a person named, when nothing outside told which one it is."""
    row = Enrichment.objects.filter(run=run, by__kind=User.Kind.PERSON).order_by("-id").first()
    return row.client_id if row is not None and row.sources.get(CLIENT) == "person" else None


def _known_by_people(run: Run) -> dict[str, Any]:
    """
    Return the facts that people filled in.

    They outrank anything the external system says later.
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
    """An error that nobody foresaw: tried again a few times, then shown to a person."""
    attempts = leased.step.attempts
    if PATIENCE.is_spent(attempts):
        _stop(leased, Problem(Reason.FAILED_STEP, why, {"attempts": attempts}), clock())
    else:
        _later(leased, why, 0, clock())


def _stop(leased: LeasedStep, problem: Problem, at: datetime) -> None:
    """
    A refresh that fails changes nothing; an enrichment that fails stops the run until a person has
    looked.
    """
    with _mine(leased, at) as step:
        if step is None:
            return
        step.stop(at=at)
        step.last_error = str(problem)[:300]
        step.save(update_fields=["state", "ended_at", "last_error"])
        if step.name == Name.ENRICH:
            evidence = {"message": str(problem), **problem.evidence}
            stopped = ExceptionFinding(problem.reason, evidence, run=leased.run, step=Name.ENRICH)
            raise_exceptions([stopped], at=at)
