"""Exceptions in the hands of people: claimed, resolved, dismissed or escalated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from routing.kernel.roles import AM, EVERYONE, INTEGRATIONS, OPS, QA, grant
from routing.kernel.sql import run as run_sql
from routing.kernel.transitions import literals, turn_all, verb_of
from routing.people.actors import Actor
from routing.runs.exceptions import ExceptionCase
from routing.runs.failures import Failure, failures_behind
from routing.runs.models import Run, RunStep
from routing.runs.snapshots import current_problems
from routing.sla.breaches import on_breach
from routing.work.door import move, operation
from routing.work.gates import GateContext, GateResult, passed, refused
from routing.work.registry import react

grant("routing.view_exceptioncase", *EVERYONE)
grant("routing.view_exceptionroute", *EVERYONE)
grant("routing.add_exceptionroute", OPS)
grant("routing.change_exceptionroute", OPS)

UNESCALATED = literals(verb_of(ExceptionCase, "escalate").sources)
# Every sweep asks this. Only clocks that wake are looked at, and few of them belong to exceptions.
UNRESOLVED = f"""
    SELECT c.id, e.id FROM routing_exceptioncase e JOIN routing_clock c ON c.item_id = e.item_id
    WHERE e.state IN ({UNESCALATED}) AND c.wakes_at <= %s AND c.next_level <= 1"""

ROUTING_STEPS = frozenset({RunStep.Name.VALIDATE, RunStep.Name.DECIDE, RunStep.Name.ACT})


@dataclass(frozen=True, slots=True)
class StillFailing:
    """
    What stands in the way of ending an exception: problems at which its step would stop again, and
    the failure behind it.
    """

    problems: tuple[str, ...] = ()
    failure: Failure | None = None


NOTHING_FAILS = StillFailing()


def still_failing(
    rows: Sequence[ExceptionCase], by: Actor, at: datetime, details: object
) -> Mapping[int, StillFailing]:
    """Return what still fails behind each case, with today's facts."""
    # Other steps call external systems. Only a retry shows if they would pass.
    runs = {row.pk: row.run_id for row in rows if row.run_id and row.step in ROUTING_STEPS}
    problems = current_problems(list(runs.values()), at) if runs else {}
    behind = failures_behind(rows, at)
    return {
        row.pk: StillFailing(problems.get(runs.get(row.pk, 0), ()), behind.get(row.pk))
        for row in rows
    }


def step_would_pass(row: ExceptionCase, context: GateContext) -> GateResult:
    """Refuses to resolve an exception whose step would stop again at once."""
    faults = context.facts.get(row.pk, NOTHING_FAILS).problems
    if faults:
        return refused(
            "still_failing",
            _("The step would stop again. Fill in the missing facts first."),
            evidence=", ".join(faults),
            clears_by=_("The owner of this exception"),
        )
    return passed("still_failing", _("The step would pass now."))


def failure_is_over_or_retried(row: ExceptionCase, context: GateContext) -> GateResult:
    """Refuses to resolve an exception whose failure neither is over nor would be retried."""
    failure = context.facts.get(row.pk, NOTHING_FAILS).failure
    if failure is None:
        return passed("still_failed", _("Nothing has failed that is still open."))
    if failure.retried:
        return passed("still_failed", _("Resolving this retries what failed."))
    return _still_failed(failure)


def failure_is_over(row: ExceptionCase, context: GateContext) -> GateResult:
    """Refuses to dismiss an exception whose failure would then have no owner."""
    failure = context.facts.get(row.pk, NOTHING_FAILS).failure
    if failure is None:
        return passed("still_failed", _("Nothing has failed that is still open."))
    return _still_failed(failure)


def _still_failed(failure: Failure) -> GateResult:
    return refused(
        "still_failed",
        failure.message,
        evidence=failure.evidence,
        clears_by=failure.clears_by or _("The owner of this exception"),
        where=failure.where,
    )


def does_not_block(row: ExceptionCase, context: GateContext) -> GateResult:
    """Refuses to dismiss an exception that a run waits for."""
    if row.blocking:
        return refused(
            "blocking",
            _("A run is waiting for this. Resolve it or cancel the run."),
            clears_by=_("The owner"),
        )
    return passed("blocking", _("Nothing is waiting for this."))


def can_be_skipped(row: ExceptionCase, context: GateContext) -> GateResult:
    """Refuses to skip anything but an action of a flow."""
    if row.step in RunStep.actions:
        return passed("skippable", _("The run goes on with its next action."))
    return refused(
        "skippable",
        _("Only an action of a flow can be skipped. Resolve this, or cancel the run."),
        clears_by=_("The owner"),
    )


def is_mine_to_resolve(row: ExceptionCase, context: GateContext) -> GateResult:
    """
    Refuses people who are neither owner nor backup, and may not reassign the team's or all work.
    """
    item, by = row.item, context.by
    mine = by.user_id in {item.owner_id, item.backup_id}
    if (
        mine
        or by.may("routing.reassign_any_workitem")
        or (item.team_id in by.team_ids and by.may("routing.reassign_team_workitem"))
    ):
        return passed("own_or_team", _("You are responsible for this."))
    return refused(
        "own_or_team",
        _("Someone else is responsible for this."),
        evidence=str(item.owner),
        clears_by=_("The owner or backup"),
    )


_MAY = (AM, QA, OPS, INTEGRATIONS)

claim = operation(
    ExceptionCase,
    "claim",
    _("Claim"),
    done=_("%(who)s claimed the exception"),
    may=_MAY,
    gates=(is_mine_to_resolve,),
)
resolve = operation(
    ExceptionCase,
    "resolve",
    _("Resolve"),
    done=_("%(who)s resolved the exception"),
    may=_MAY,
    gates=(is_mine_to_resolve, step_would_pass, failure_is_over_or_retried),
    facts=still_failing,
    needs_reason=True,
)
skip = operation(
    ExceptionCase,
    "skip",
    _("Skip the action"),
    done=_("%(who)s skipped the action"),
    may=_MAY,
    gates=(is_mine_to_resolve, can_be_skipped),
    needs_reason=True,
    danger=True,
)
dismiss = operation(
    ExceptionCase,
    "dismiss",
    _("Dismiss"),
    done=_("%(who)s dismissed the exception"),
    may=_MAY,
    gates=(is_mine_to_resolve, does_not_block, failure_is_over),
    facts=still_failing,
    needs_reason=True,
    danger=True,
)
escalate = operation(
    ExceptionCase,
    "escalate",
    _("Escalate"),
    done=_("%(who)s escalated the exception"),
    system=True,
    through_hold=True,
)


def _unresolved(at: datetime) -> Mapping[int, int]:
    """
    Return exceptions that nobody has resolved or escalated, by their clocks that wake until ``at``.
    """
    return dict(run_sql(UNRESOLVED, [at]))


on_breach(escalate, _unresolved)
PROCEED = operation(
    Run,
    "proceed",
    _("Proceed"),
    done=_("%(who)s continued the run"),
    system=True,
    through_hold=True,
)


@react(resolve)
def resume_runs(cases: Sequence[ExceptionCase], by: Actor, at: datetime) -> None:
    """Retry the step that stopped, once nothing else blocks the run."""
    # A run may have several blocking exceptions. Its step waits until the last one is resolved.
    runs = {case.run_id: case.step for case in cases if case.run_id and case.blocking}
    blocked = set(
        ExceptionCase.objects.filter(
            run__in=runs, state__in=ExceptionCase.open_states, blocking=True
        ).values_list("run_id", flat=True)
    )
    ended = set(Run.objects.filter(pk__in=runs, item__is_open=False).values_list("pk", flat=True))
    free = [run for run in runs if run not in blocked | ended]
    for step in {runs[run] for run in free}:
        mine = [run for run in free if runs[run] == step]
        turn_all(RunStep.objects.filter(run__in=mine, name=step), "resume", at=at)
    if free:  # the door refuses runs that were not waiting, and they need only their steps
        move(PROCEED, free, by=Actor.system(), at=at, reason="Its exception was resolved.")
