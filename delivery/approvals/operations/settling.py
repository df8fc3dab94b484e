"""Approvals that lost somebody: closed if the others have approved, else reported, or filled up."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from delivery.approvals.asked import asked_states
from delivery.approvals.details import StandInDetails
from delivery.approvals.models import Approval, AskedPerson
from delivery.approvals.operations.turning import give_turns
from delivery.deliverables.models import Deliverable
from routing.kernel.reasons import Reason
from routing.messages.telling import notify
from routing.people.actors import Actor
from routing.runs.evidence_words import evidence_word
from routing.runs.exceptions import ExceptionCase
from routing.runs.operations import runs
from routing.runs.operations.raising import ExceptionFinding, raise_exceptions
from routing.work.door import Operation, OperationResult, carry, move
from routing.work.locking import lock

# Declared without a permission: it follows from answers that were given before.
COMPLETE: Operation[None] = Operation(
    Approval,
    "approve",
    _("Approve"),
    done=_("%(who)s completed the approval: everybody who can still answer has approved"),
    through_hold=True,
    system=True,
)


def _names(ids: Sequence[int]) -> str:
    """Return who these people were, as they are called today."""
    people = AskedPerson.objects.filter(pk__in=ids).select_related("contact", "user")
    return ", ".join(str(each.contact or each.user) for each in people)


evidence_word("missing", _("Can no longer answer"), _names)
evidence_word("needed", _("Approvals needed"))
evidence_word("approved", _("Approvals given"))
evidence_word("left", _("People who can still answer"))


def settle(ids: Collection[int], *, at: datetime) -> None:
    """Close the open approvals that have enough answers, and report those that cannot get them."""
    rows = list(
        Approval.objects.filter(pk__in=ids, state=Approval.State.PENDING).select_related("item")
    )
    states = asked_states(rows)
    enough = [row.pk for row in rows if states[row.pk].is_enough(row)]
    if enough:
        why = str(_("Everybody who can still answer has approved."))
        carry(COMPLETE, enough, by=Actor.system(), at=at, reason=why)
    others = [row for row in rows if row.pk not in enough]
    withdraw_missing(
        [row.item_id for row in others if states[row.pk].can_be_enough(row)],
        at=at,
        why=str(_("Enough people can answer again.")),
    )
    give_turns(others, states, at)
    report_missing(others, at)


def report_missing(rows: Sequence[Approval], at: datetime) -> None:
    """Raise an exception for each approval that too few people are left to give."""
    states = asked_states(rows)
    findings = []
    for row in rows:
        state = states[row.pk]
        if state.can_be_enough(row):
            continue
        gone = AskedPerson.objects.filter(approval=row).exclude(left_at=None)
        evidence: dict[str, Any] = {
            "approval": row.item.ref,
            "stage": row.stage + 1,
            "needed": row.need,
            "approved": len(state.yes),
            "left": len(state.able - state.answered),
            # Ids, because evidence is never rewritten.
            "missing": list(gone.values_list("pk", flat=True)),
        }
        findings.append(ExceptionFinding(Reason.APPROVERS_MISSING, evidence, row.item))
    raise_exceptions(findings, at=at)


def withdraw_missing(items: Collection[int], *, at: datetime, why: str) -> None:
    """Withdraw the exceptions about missing approvers of these approvals' items."""
    cases = ExceptionCase.objects.filter(item__parent__in=items, reason=Reason.APPROVERS_MISSING)
    runs.withdraw_open(cases, by=Actor.system(), at=at, reason=why)


def stand_in(
    step: Operation[StandInDetails],
    ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    details: StandInDetails,
) -> list[OperationResult]:
    """Ask one more person, in the place of the first who left without a stand-in."""
    with transaction.atomic(savepoint=False):
        # Parents before children, as everywhere: enough people make it the client's turn again.
        about = Deliverable.objects.filter(versions__approvals__in=ids)
        lock(Deliverable, list(about.values_list("pk", flat=True)), below=True)
        results = move(step, ids, by=by, at=at, reason=reason, details=details)
        for result in results:
            if result.done:
                ask_also(result.row, at, user=details.user, contact=details.contact)
        done = [result.row for result in results if result.done]
        # Only now, because the person is asked after the step.
        notify(step, done, by=by, at=at)
        settle([row.pk for row in done], at=at)
    return results


def ask_also(
    row: Approval, at: datetime, *, user: int | None = None, contact: int | None = None
) -> None:
    """Ask one more person. Somebody who was asked before is asked again."""
    of_row = AskedPerson.objects.filter(approval=row)
    taken = of_row.filter(stands_in_for__isnull=False).values("stands_in_for")
    left = of_row.filter(left_at__isnull=False).exclude(pk__in=taken)
    known = of_row.filter(user=user, contact=contact).first()
    if known is None:
        AskedPerson.objects.create(
            approval=row, user_id=user, contact_id=contact, at=at, stands_in_for=left.first()
        )
    elif known.left_at is not None:
        of_row.filter(pk=known.pk).update(left_at=None, at=at, counts=True)
