"""
Failures of this package: quarantined events, stopped steps and outcomes that no longer hold. The
sweep gives every failure without an open exception a new one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from routing.kernel.events import Dispatch
from routing.kernel.reasons import Reason
from routing.people.actors import Actor
from routing.runs.exceptions import ExceptionCase
from routing.runs.failures import Failure, all_failures, failures
from routing.runs.models import Run, RunStep
from routing.runs.operations.exceptions import resolve
from routing.runs.operations.outcomes import TROUBLES, short
from routing.runs.operations.quarantine import queue_again
from routing.runs.operations.raising import ExceptionFinding, not_raised, raise_exceptions
from routing.runs.outcomes import Outcome, OutcomeQuerySet
from routing.work.registry import react

ENDED = [Run.State.COMPLETE, Run.State.CLOSED_UNPROVEN, Run.State.CANCELLED]
CLOSED_BY_HAND = (Run.State.CLOSED_UNPROVEN, Run.State.CANCELLED)


def own_failures(*, at: datetime) -> int:
    """
    Raise an exception for every failure that has none, and return how many were raised.

    Normally there are none: whoever fails raises its exception in the same transaction.
    """
    return len(raise_exceptions(not_raised(all_failures(at)), at=at))


# -- Quarantined events ----------------------------------------------------------------------------


def _parked_behind(cases: Sequence[ExceptionCase], at: datetime) -> Mapping[int, Failure]:
    parked = _parked(cases)
    retry = Failure(
        _("The event is still quarantined. Resolve the exception to retry it."), retried=True
    )
    return {case.pk: retry for case in cases if _event_of(case) in parked}


def _parked(cases: Sequence[ExceptionCase]) -> Mapping[int | None, int]:
    """Return the queue entries of the quarantined events of these exceptions, by event."""
    events = [event for event in map(_event_of, cases) if event]
    if not events:
        return {}
    entries = Dispatch.objects.filter(event_id__in=events).exclude(parked_reason="")
    return dict(entries.values_list("event_id", "pk"))


def _event_of(case: ExceptionCase) -> int | None:
    event = case.evidence.get("event") if case.reason == Reason.FAILED_STEP else None
    return event if isinstance(event, int) and not case.step else None


def _all_parked(at: datetime) -> Sequence[ExceptionFinding]:
    entries = Dispatch.objects.exclude(parked_reason="").order_by("pk")
    return [
        ExceptionFinding(Reason.FAILED_STEP, {"error": why}, event_id=event)
        for event, why in entries.values_list("event_id", "parked_reason")
    ]


failures(behind=_parked_behind, everywhere=_all_parked)


@react(resolve)
def retry_events(cases: Sequence[ExceptionCase], by: Actor, at: datetime) -> None:
    """Retry the quarantined events behind resolved exceptions."""
    parked = _parked(cases)
    if parked:
        # Whoever may resolve the exception has its event retried, also without the right to retry
        # any event.
        queue_again(list(parked.values()), by=by, at=at)


# -- Steps that stopped ----------------------------------------------------------------------------


def _none_behind(cases: Sequence[ExceptionCase], at: datetime) -> Mapping[int, Failure]:
    """Return nothing: the gates of blocking exceptions look at the step themselves."""
    return {}


def _all_stopped(at: datetime) -> Sequence[ExceptionFinding]:
    """Return the stopped steps of open runs that no blocking exception is open for."""
    open_case = ExceptionCase.objects.filter(
        run=OuterRef("run"), blocking=True, state__in=ExceptionCase.open_states
    )
    # The first condition is that of the index of open runs: most steps belong to ended ones.
    waiting = Run.objects.filter(~Q(state__in=ENDED), state=Run.State.WAITING)
    steps = RunStep.objects.filter(
        ~Exists(open_case), state=RunStep.State.STOPPED, run__in=waiting, run__item__is_open=True
    )
    return [
        ExceptionFinding(
            Reason.FAILED_STEP, {"error": step.last_error}, run=step.run, step=step.name
        )
        for step in steps.select_related("run__item").order_by("pk")
    ]


failures(behind=_none_behind, everywhere=_all_stopped)


# -- Outcomes --------------------------------------------------------------------------------------


def _unmet_behind(cases: Sequence[ExceptionCase], at: datetime) -> Mapping[int, Failure]:
    items = {
        case.item.parent_id: case.pk
        for case in cases
        if case.reason in TROUBLES and case.item.parent_id
    }
    unmet = _unmet().filter(item__in=items)
    missing = Failure(
        _("The proof is still missing. Check it now or waive it on the page of the work."),
        clears_by=_("A check that finds the proof, or an operations lead who waives"),
    )
    return {items[item]: missing for item in unmet.values_list("item_id", flat=True)}


def _unmet() -> OutcomeQuerySet:
    """Return unmet outcomes, except of runs that somebody closed without proof."""
    return Outcome.objects.unmet().exclude(run__state__in=CLOSED_BY_HAND)


def _all_failed(at: datetime) -> Sequence[ExceptionFinding]:
    # Those of a site have one exception for all of them, see integrations.publishing.site_cases.
    decayed = _unmet().filter(state=Outcome.State.DECAYED).exclude(evidence__has_key="site")
    rows = decayed.select_related("item").order_by("pk")
    found = [
        ExceptionFinding(
            Reason.OUTCOME_DECAYED, {"outcome": row.pk, **short(row.evidence)}, row.item
        )
        for row in rows
    ]
    failed = _unmet().filter(state=Outcome.State.FAILED).select_related("item").order_by("pk")
    return found + [
        ExceptionFinding(Reason.PROOF_MISSING, {"outcome": row.pk, **short(row.evidence)}, row.item)
        for row in failed
    ]


failures(behind=_unmet_behind, everywhere=_all_failed)
