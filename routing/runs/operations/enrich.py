"""
The enrich step: read the other side under a lease, outside any transaction; then keep what was
read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from routing.kernel.backoff import backoff_s
from routing.kernel.events import Payload
from routing.kernel.facts import EnrichedFacts
from routing.kernel.isolate import isolate
from routing.kernel.reasons import Reason
from routing.people.actors import Actor
from routing.people.staff import User
from routing.runs.models import Enrichment, Run, RunStep
from routing.runs.operations.exceptions import Trouble, raise_cases
from routing.runs.operations.identify import identify
from routing.runs.registry import Enricher, Problem, Retry, enricher_for
from routing.work.door import operation
from routing.work.items import WorkItem

Clock = Callable[[], datetime]
Name, State = RunStep.Name, RunStep.State
LEASE = timedelta(minutes=3)  # longer than the total deadline of every call an enricher makes
MAX_ATTEMPTS = 12
# Stands while a worker is at it, and after one that died.
UNHEARD = "The worker that started this never reported back."
CLIENT = "client"  # beside the facts' names in ``sources``: how the client is known
MAX_INVITED = 120  # who says when to come back is not broken, only busy or resting
ENRICH = operation(
    Run, "enrich", _("Enrich"), done=_("%(who)s started enriching the run"), system=True
)


@dataclass(frozen=True, slots=True)
class StepLease:
    """``token`` fences: results are kept only while it is still the newest one."""

    step_id: int
    token: int
    run: Run
    name: str
    attempts: int


def enrich(*, clock: Clock, limit: int = 50) -> int:
    """Do the enrich and refresh steps that are due, one after the other; how many were tried."""
    due = RunStep.objects.due(clock()).filter(name__in=[Name.ENRICH, Name.REFRESH])
    ids = list(due.order_by("due_at", "id").values_list("pk", flat=True)[:limit])
    return sum(
        isolate(
            lambda one: _one(one[0], clock), [step], lambda step, why: _poisoned(step, why, clock())
        )
        for step in ids
    )


def _one(step_id: int, clock: Clock) -> int:
    lease = _take(step_id, clock())
    if lease is None:
        return 0
    enricher = enricher_for(lease.run.subject)
    try:
        read = enricher.read(lease.run.subject) if enricher else None
        _finish(lease, lambda: _keep(lease, enricher, read, clock()), clock())
    except Retry as retry:
        if lease.attempts >= (MAX_INVITED if retry.after_s else MAX_ATTEMPTS):
            _stop(
                lease,
                Problem(Reason.FAILED_CONNECTOR, str(retry), {"attempts": lease.attempts}),
                clock(),
            )
        else:
            _later(lease, str(retry), retry.after_s, clock())
    except Problem as problem:
        _stop(lease, problem, clock())
    return 1


def _take(step_id: int, at: datetime) -> StepLease | None:
    """Lease a step by compare-and-set: of two workers that saw it due, one gets it."""
    before = RunStep.objects.get(pk=step_id).last_error
    taken = RunStep.objects.due(at).filter(pk=step_id)
    if not taken.update(
        lease=F("lease") + 1,
        attempts=F("attempts") + 1,
        due_at=at + LEASE,
        started_at=at,
        last_error=UNHEARD,
    ):
        return None
    step = RunStep.objects.select_related("run__item", "run__flow").get(pk=step_id)
    if before == UNHEARD and step.attempts > MAX_ATTEMPTS:
        _stop(
            _lease(step),
            Problem(
                Reason.FAILED_STEP, "Every worker that tried it died.", {"attempts": step.attempts}
            ),
            at,
        )
        return None
    if step.run.state == Run.State.RECEIVED:
        ENRICH([step.run_id], by=Actor.system(), at=at)
        step.run = Run.objects.select_related("item", "flow").get(pk=step.run_id)
    return _lease(step)


def _lease(step: RunStep) -> StepLease:
    return StepLease(step.pk, step.lease, step.run, step.name, step.attempts)


@contextmanager
def _mine(lease: StepLease) -> Iterator[RunStep | None]:
    """
    In a transaction: the step, locked after its run's work item as everywhere; None when the lease
    or the run is lost.

    A step of a run that has ended is stopped for good.
    """
    with transaction.atomic():
        item = WorkItem.objects.select_for_update(no_key=True).get(pk=lease.run.item_id)
        step = RunStep.objects.select_for_update().get(pk=lease.step_id)
        mine = step.lease == lease.token and step.state == State.DUE
        if mine and not item.is_open:
            step.state = State.STOPPED
            step.save(update_fields=["state"])
        yield step if mine and item.is_open else None


def _finish(lease: StepLease, keep: Callable[[], None], at: datetime) -> None:
    """
    Keep the result in one transaction, unless the lease was lost to another worker meanwhile, or
    the run has ended.
    """
    with _mine(lease) as step:
        if step is None:
            return
        keep()
        step.state, step.ended_at, step.last_error = State.DONE, at, ""
        step.save()
        if lease.name == Name.ENRICH:
            RunStep.objects.update_or_create(
                run=lease.run, name=Name.VALIDATE, defaults={"state": State.DUE, "due_at": at}
            )


def _keep(lease: StepLease, enricher: Enricher | None, read: Any, at: datetime) -> None:
    system = Actor.system()
    chosen = _chosen_by_people(lease.run)
    found = (
        enricher.keep(read, subject=lease.run.subject, by=system, at=at, client_id=chosen)
        if enricher
        else EnrichedFacts(_signal_facts(lease.run))
    )
    known = _known_by_people(lease.run)
    Enrichment.objects.create(
        run=lease.run,
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
    identify([lease.run.pk], {lease.run.pk: chosen or found.client_id}, at=at)


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


def _later(lease: StepLease, why: str, after_s: float, at: datetime) -> None:
    due = at + timedelta(seconds=max(after_s, backoff_s(lease.attempts, key=lease.step_id)))
    mine = RunStep.objects.filter(pk=lease.step_id, lease=lease.token, state=State.DUE)
    mine.update(due_at=due, last_error=why[:300])


def _poisoned(step_id: int, why: str, at: datetime) -> None:
    """An error that nobody foresaw: tried again a few times, then shown to a person."""
    lease = _lease(RunStep.objects.select_related("run__item", "run__flow").get(pk=step_id))
    if lease.attempts >= MAX_ATTEMPTS:
        _stop(lease, Problem(Reason.FAILED_STEP, why, {"attempts": lease.attempts}), at)
    else:
        _later(lease, why, 0, at)


def _stop(lease: StepLease, problem: Problem, at: datetime) -> None:
    """
    A refresh that fails changes nothing; an enrichment that fails stops the run until a person has
    looked.
    """
    with _mine(lease) as step:
        if step is None:
            return
        step.last_error = str(problem)[:300]
        step.state = State.STOPPED
        step.save(update_fields=["last_error", "state"])
        if lease.name == Name.ENRICH:
            evidence = {"message": str(problem), **problem.evidence}
            raise_cases([Trouble(lease.run, Name.ENRICH, problem.reason, evidence)], at=at)
