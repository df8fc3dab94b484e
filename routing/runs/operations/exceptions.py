"""Exceptions: raised by steps, routed by the map, claimed and resolved by people."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from routing.cover.absences import Absence
from routing.cover.agency import Agency
from routing.kernel.reasons import Reason
from routing.kernel.roles import AM, EVERYONE, INTEGRATIONS, OPS, QA, grant
from routing.kernel.sql import run as run_sql
from routing.kernel.transitions import literals, turn_all, verb_of
from routing.messages.models import Notification
from routing.messages.operations import tell_owners
from routing.people.actors import Actor
from routing.runs.exceptions import ExceptionCase, ExceptionRoute
from routing.runs.models import Run, RunStep
from routing.runs.snapshots import current_problems
from routing.runs.timeboxes import start_timeboxes
from routing.sla.breaches import on_breach
from routing.work.creation import create
from routing.work.door import move, operation
from routing.work.gates import GateContext, GateResult, passed, refused
from routing.work.items import WorkItem
from routing.work.registry import react

grant("routing.view_exceptioncase", *EVERYONE)
grant("routing.view_exceptionroute", *EVERYONE)
grant("routing.add_exceptionroute", OPS)
grant("routing.change_exceptionroute", OPS)

UNESCALATED = literals(verb_of(ExceptionCase, "escalate").sources)
UNSETTLED = f"""
    SELECT c.id, e.id FROM routing_exceptioncase e JOIN routing_clock c ON c.item_id = e.item_id
    WHERE e.state IN ({UNESCALATED}) AND c.wakes_at <= %s AND c.next_level <= 1"""

Taker = ExceptionRoute.Taker
SETTLED_STEPS = frozenset({RunStep.Name.VALIDATE, RunStep.Name.DECIDE, RunStep.Name.ACT})


@dataclass(frozen=True, slots=True)
class Trouble:
    """Problem that a step of a run could not resolve. ``evidence`` is JSON without secrets."""

    run: Run
    step: str
    reason: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


class NoRoute(LookupError):
    """The exception map has no route for a reason code: a system check should have said so."""


def raise_cases(troubles: Sequence[Trouble], *, at: datetime) -> list[ExceptionCase]:
    """
    Stop each run's step at a blocking exception that belongs to whom the map says, and tell them.

    A reason that is open already for the same step is not raised twice: its evidence stays the
    first one's.

    :raises NoRoute: see the class
    """
    if not troubles:
        return []
    system = Actor.system()
    routes = {route.reason: route for route in ExceptionRoute.objects.all()}
    open_now = set(
        ExceptionCase.objects.filter(
            run__in=[t.run.pk for t in troubles], state__in=ExceptionCase.open_states
        ).values_list("run_id", "step", "reason")
    )
    fresh = [
        trouble
        for trouble in troubles
        if (trouble.run.pk, trouble.step, trouble.reason) not in open_now
    ]
    with transaction.atomic():
        away = set(Absence.objects.at(at).values_list("user_id", flat=True))
        made = create(
            [_case(trouble, _route(routes, trouble.reason), away) for trouble in fresh],
            by=system,
            at=at,
        )
        start_timeboxes(
            made, {reason: route.timebox_minutes for reason, route in routes.items()}, at
        )
        for step in {trouble.step for trouble in troubles}:
            runs = [trouble.run.pk for trouble in troubles if trouble.step == step]
            turn_all(RunStep.objects.filter(run__in=runs, name=step), "stop", at=at)
        move(
            WAIT,
            [trouble.run.pk for trouble in troubles],
            by=system,
            at=at,
            reason="A blocking exception was raised.",
        )
        tell_owners([case.item for case in made], Notification.Words.EXCEPTION, by=system, at=at)
    return made


def _route(routes: Mapping[str, ExceptionRoute], reason: str) -> ExceptionRoute:
    if reason not in routes:
        raise NoRoute(
            f"Exception routing has no route for {reason}. Add one under Exception routing."
        )
    return routes[reason]


def _case(trouble: Trouble, route: ExceptionRoute, away: Container[int]) -> ExceptionCase:
    run, about = trouble.run, trouble.run.item
    owner, backup = _pair(run, route)
    if owner in away and backup not in away:
        owner, backup = backup, owner  # whoever is there can act on it now
    item = WorkItem(
        title=f"{Reason(trouble.reason).label}: {about.ref}"[:200],
        client_id=about.client_id,
        run=run,
        parent=about,
        team_id=about.team_id,
        owner_id=owner,
        backup_id=backup,
        priority=WorkItem.Priority.HIGH,
    )
    return ExceptionCase(
        item=item,
        reason=trouble.reason,
        run=run,
        step=trouble.step,
        evidence=dict(trouble.evidence),
    )


def _pair(run: Run, route: ExceptionRoute) -> tuple[int | None, int | None]:
    if route.taker == Taker.POLICY:
        return run.flow.owner_id, run.flow.backup_id
    agency = Agency.objects.first() if route.taker == Taker.AGENCY else None
    if agency is not None:
        return agency.owner_id, agency.backup_id
    return run.item.owner_id, run.item.backup_id


def still_failing(
    rows: Sequence[ExceptionCase], by: Actor, at: datetime, details: object
) -> Mapping[int, tuple[str, ...]]:
    """Return the problems that each case's step would still stop at, given the current facts."""
    judged = {row.pk: row.run_id for row in rows if row.run_id and row.step in SETTLED_STEPS}
    found = current_problems(list(judged.values()), at)
    return {case: found.get(run, ()) for case, run in judged.items()}


def step_would_pass(row: ExceptionCase, context: GateContext) -> GateResult:
    """Refuses to call settled what would stop again at once."""
    faults = context.facts.get(row.pk, ())
    if faults:
        return refused(
            "still_failing",
            _("The step would stop again. Fill in the missing facts first."),
            evidence=", ".join(faults),
            clears_by=_("The owner of this exception"),
        )
    return passed("still_failing", _("The step would pass now."))


def does_not_block(row: ExceptionCase, context: GateContext) -> GateResult:
    """Refuses to dismiss an exception that a run waits for."""
    if row.blocking:
        return refused(
            "blocking",
            _("A run is waiting for this. Resolve it or cancel the run."),
            clears_by=_("The owner"),
        )
    return passed("blocking", _("Nothing is waiting for this."))


def is_mine_to_resolve(row: ExceptionCase, context: GateContext) -> GateResult:
    """Refuses people who neither own the exception nor may act for its team or for everybody."""
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

claim = operation(ExceptionCase, "claim", _("Claim"), may=_MAY, gates=(is_mine_to_resolve,))
resolve = operation(
    ExceptionCase,
    "resolve",
    _("Resolve"),
    may=_MAY,
    gates=(is_mine_to_resolve, step_would_pass),
    facts=still_failing,
    needs_reason=True,
)
dismiss = operation(
    ExceptionCase,
    "dismiss",
    _("Dismiss"),
    may=_MAY,
    gates=(is_mine_to_resolve, does_not_block),
    needs_reason=True,
    danger=True,
)
escalate = operation(ExceptionCase, "escalate", _("Escalate"), system=True, through_hold=True)


def _unresolved(at: datetime) -> Mapping[int, int]:
    """
    Exceptions that nobody has resolved or escalated, by those of their clocks that wake up to
    ``at``.
    """
    return dict(run_sql(UNSETTLED, [at]))


on_breach(escalate, _unresolved)
WAIT = operation(Run, "wait", _("Wait for a person"), system=True, through_hold=True)
PROCEED = operation(Run, "proceed", _("Proceed"), system=True, through_hold=True)


@react(resolve)
def resume_runs(cases: Sequence[ExceptionCase], by: Actor, at: datetime) -> None:
    """Run exactly the step again that stopped, once nothing else blocks the run."""
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
    if free:  # one that was not waiting needs nothing but its step
        move(PROCEED, free, by=Actor.system(), at=at, reason="Its exception was resolved.")
