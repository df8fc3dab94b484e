"""
Blockers of a run, with the people who can unblock it and the page to do so, and the next step.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import models
from django.db.models import Prefetch
from django.urls import reverse
from django.utils.translation import gettext as _

from routing.kernel.reasons import Reason
from routing.runs.exceptions import ExceptionCase
from routing.runs.models import Run, RunStep
from routing.work.display import exact
from routing.work.gates import GateResult, refused
from routing.work.items import WorkItem


def with_holds(runs: models.QuerySet[Run]) -> models.QuerySet[Run]:
    """Prefetch what ``holds`` reads: two queries, however many runs there are."""
    cases = (
        ExceptionCase.objects.filter(state__in=ExceptionCase.open_states)
        .select_related("item__owner")
        .order_by("pk")
    )
    steps = RunStep.objects.filter(state=RunStep.State.DUE).order_by("due_at", "pk")
    return runs.prefetch_related(
        Prefetch("exceptions", queryset=cases, to_attr="open_cases"),
        Prefetch("steps", queryset=steps, to_attr="due_steps"),
    )


def holds(run: Run) -> Sequence[GateResult]:
    """
    Return everything that blocks a run, the most serious first.

    :param run: from ``with_holds``
    """
    if not run.is_open:
        return []
    return [*_cases(run), *_hold(run.item), *_retries(run)]


def _hold(item: WorkItem) -> Iterable[GateResult]:
    if item.held_at is not None:
        yield refused(
            "hold",
            _("The run is on hold."),
            evidence=item.hold_reason,
            clears_by=_("Someone who can resume work"),
        )


def _cases(run: Run) -> Iterable[GateResult]:
    for case in run.open_cases:  # type: ignore[attr-defined]  # prefetched
        if case.blocking:
            where = reverse("admin:routing_exceptioncase_change", args=[case.pk])
            again = _offered_again(run, case)
            yield refused(
                "exception",
                case.get_reason_display(),
                evidence=f"{case.item.ref}. {again}" if again else case.item.ref,
                clears_by=str(case.item.owner),
                where=where,
            )


def _offered_again(run: Run, case: ExceptionCase) -> str:
    """Return when work that nobody fitted is offered again by itself, or an empty string."""
    if case.reason != Reason.NOBODY_AVAILABLE:
        return ""
    for step in run.due_steps:  # type: ignore[attr-defined]  # prefetched
        if step.name == case.step:
            return _("It is offered again by itself at %(when)s at the latest.") % {
                "when": exact(step.due_at)
            }
    return ""


def _retries(run: Run) -> Iterable[GateResult]:
    for step in run.due_steps:  # type: ignore[attr-defined]  # prefetched
        if step.last_error:
            said = _("“%(step)s” failed. The next attempt is at %(when)s.") % {
                "step": step.get_name_display(),
                "when": exact(step.due_at),
            }
            yield refused(
                "retry", said, evidence=step.last_error, clears_by=_("Nobody. No action is needed")
            )


def next_step(run: Run, parts: Sequence[WorkItem]) -> str:
    """
    Return one sentence about the next step and the person who takes it.

    :param parts: the work items that belong to the run
    """
    if not run.is_open:
        return _("Nothing. The run has ended.")
    cases = [case for case in run.open_cases if case.blocking]  # type: ignore[attr-defined]
    if cases:
        values = {"who": cases[0].item.owner, "what": cases[0].item.ref}
        if again := _offered_again(run, cases[0]):
            return f"{again} {_('Or %(who)s finds somebody and resolves %(what)s.') % values}"
        return (
            _("%(who)s resolves exception %(what)s. The run then continues at the same step.")
            % values
        )
    if run.item.held_at is not None:
        return _("Someone resumes the run once the reason for the hold is gone.")
    due_steps = run.due_steps  # type: ignore[attr-defined]
    if due_steps:
        name = due_steps[0].get_name_display()
        return _("The system runs the step “%(step)s”.") % {"step": name}
    return _next_of_parts(run, [part for part in parts if part.is_open])


def _next_of_parts(run: Run, waiting: Sequence[WorkItem]) -> str:
    if waiting:
        values = {"who": waiting[-1].owner, "what": waiting[-1].ref}
        return _("%(who)s works on %(what)s.") % values
    unmet = [row.item.ref for row in run.outcomes.unmet().select_related("item")]
    if unmet:
        return _("The outcome must be proven: %(what)s. The system checks it automatically.") % {
            "what": ", ".join(unmet)
        }
    return _("The outcome is proven, or someone closes the run with a reason.")
