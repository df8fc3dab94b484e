"""Operations on the checks of briefs, and the changes of a brief after which its checks run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from delivery.briefs.checking import runs_checks
from delivery.briefs.details import AcceptCheckDetails
from delivery.briefs.models import Brief
from delivery.briefs.operations import briefs, templates
from delivery.checks.brief_checks import JudgedBrief, accept, judge_briefs, judged_briefs
from delivery.requests.models import Request
from delivery.requests.operations import requests
from routing.kernel.roles import AM, OPS, QA
from routing.messages.telling import notify
from routing.people.actors import Actor
from routing.work.creation import created
from routing.work.door import Operation, OperationResult, carry, move, operation
from routing.work.gates import ContextWith, GateContext, GateResult, passed, refused
from routing.work.locking import lock
from routing.work.registry import react


def a_check_failed(row: Brief, context: ContextWith[AcceptCheckDetails]) -> GateResult:
    """Refuses to accept findings where no check failed, or not the chosen one."""
    failed, details = context.facts[row.pk].failed, context.details
    names = ", ".join(each.name for each in failed)
    if details is None:
        if failed:
            return passed("failed", _("A check failed."), names)
        return refused("failed", _("No check has failed."))
    # The operation takes the check out if it does not fail any more.
    if details.check is None:
        return refused("failed", _("Choose a check that failed."), clears_by=_("You"))
    return passed("failed")


def not_its_writer(row: Brief, context: GateContext) -> GateResult:
    """Refuses whoever wrote the brief or requested its approval."""
    by = context.by.user_id
    if by == row.submitted_by_id or by in context.facts[row.pk].writers:
        return refused(
            "author",
            _("You cannot accept findings about a brief you wrote or submitted for approval."),
            clears_by=_("Another operations lead"),
        )
    return passed("author")


def rerun(
    step: Operation[None], ids: Sequence[int], *, by: Actor, at: datetime, reason: str = ""
) -> list[OperationResult]:
    """Run the checks of briefs again, and tell the owners of new failures."""
    with transaction.atomic(savepoint=False):
        results = move(step, ids, by=by, at=at, reason=reason)
        check_and_tell([result.id for result in results if result.done], by, at)
    return results


def accept_findings(
    step: Operation[AcceptCheckDetails],
    ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    details: AcceptCheckDetails,
) -> list[OperationResult]:
    """Accept what one check found in each brief, if it still fails."""
    with transaction.atomic(savepoint=False):
        # The checks may run meanwhile: what is accepted is what was found last.
        lock(Brief, ids)
        failed = _failed(details.check, ids)
        results: list[OperationResult] = []
        for pk in dict.fromkeys(ids):
            # Without a check, the gate refuses the row with its message.
            asked = details if pk in failed else replace(details, check=None)
            results += move(step, [pk], by=by, at=at, reason=reason, details=asked)
        for result in results:
            if result.done:
                accept(result.row, failed[result.id], reason=reason, by=by, at=at)
    return results


def _failed(check: int | None, ids: Sequence[int]) -> Mapping[int, JudgedBrief]:
    rows = list(Brief.objects.filter(pk__in=ids).select_related("item"))
    found = {}
    for pk, known in judged_briefs(rows).items():
        for each in known:
            if each.blocks and each.check.pk == check:
                found[pk] = each
    return found


run_checks = operation(
    Brief,
    "run_checks",
    _("Rerun checks"),
    done=_("%(who)s reran the checks"),
    may=(AM, QA, OPS),
    run=rerun,
)
accept_check = operation(
    Brief,
    "accept_check",
    _("Accept findings"),
    done=_("%(who)s accepted what a check found"),
    may=(OPS,),
    gates=(a_check_failed, not_its_writer),
    facts=briefs.brief_facts,
    details=AcceptCheckDetails,
    for_gates=("check",),
    needs_reason=True,
    run=accept_findings,
)
fail_checks = operation(
    Brief,
    "fail_checks",
    _("Checks failed"),
    done=_("%(who)s found failed checks"),
    system=True,
    through_hold=True,
)


@runs_checks
def check_and_tell(ids: Sequence[int], by: Actor, at: datetime) -> None:
    """Run the checks of briefs that the actor sees. New failures are recorded, the owners told."""
    _record(judge_briefs(ids, by=by, at=at), by, at)


@react(created(Brief), briefs.edit, templates.use_template, templates.move_launch)
def check_changed(rows: Sequence[Brief], by: Actor, at: datetime) -> None:
    """Run the checks of briefs that were made or changed."""
    _record(judge_briefs([row.pk for row in rows], by=by, at=at, seen_only=False), by, at)


@react(requests.edit)
def check_requested(rows: Sequence[Request], by: Actor, at: datetime) -> None:
    """Run the checks of the briefs of requests whose title, date or contact was edited."""
    found = Brief.objects.filter(request__in=[row.pk for row in rows], is_current=True)
    ids = list(found.order_by("pk").values_list("pk", flat=True))
    _record(judge_briefs(ids, by=by, at=at, seen_only=False), by, at)


def _record(began: Mapping[int, Sequence[JudgedBrief]], by: Actor, at: datetime) -> None:
    """Record checks that began to fail, and notify the owners, if they did not cause it."""
    by_reason: dict[str, list[int]] = defaultdict(list)
    for pk, failed in began.items():
        names = ", ".join(each.check.name for each in failed)
        by_reason[str(_("Failed checks: %(checks)s")) % {"checks": names}].append(pk)
    rows = []
    for reason, ids in by_reason.items():
        results = carry(fail_checks, ids, by=Actor.system(), at=at, reason=reason)
        rows += [result.row for result in results if result.done]
    if rows:
        notify(fail_checks, rows, by=by, at=at)
