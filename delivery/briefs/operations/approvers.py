"""Briefs that nobody can approve any more, because people left or lost a role."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from delivery.briefs.gates import can_be_completed
from delivery.briefs.models import Brief
from delivery.briefs.operations.briefs import brief_facts
from routing.kernel.reasons import Reason
from routing.people.actors import Actor
from routing.runs.exceptions import ExceptionCase
from routing.runs.operations import runs
from routing.runs.operations.raising import ExceptionFinding, raise_exceptions
from routing.work.gates import Words

AGAIN: Words = _("Two people can approve the brief again, or it needs no approval.")


def report_missing_approvers(*, at: datetime) -> int:
    """
    Raise an exception for each brief above its budget that no two people are left to approve, and
    withdraw those of briefs that can be approved again. Return the number of such briefs.

    It is safe to run twice, also at the same time. Asking for an approval that nobody could give is
    refused; this finds what became impossible later.
    """
    rows = list(Brief.objects.filter(state=Brief.State.IN_REVIEW).select_related("item"))
    facts = brief_facts(rows, Actor.system(), at, None)
    stuck = [row for row in rows if not can_be_completed(row, facts[row.pk])]
    cases = ExceptionCase.objects.filter(
        item__parent__kind="brief", reason=Reason.APPROVERS_MISSING
    ).exclude(item__parent__in=[row.item_id for row in stuck])
    runs.withdraw_open(cases, by=Actor.system(), at=at, reason=AGAIN)
    findings = [
        ExceptionFinding(
            Reason.APPROVERS_MISSING,
            {"needed": 2, "approved": 0 if row.first_approver_id is None else 1},
            row.item,
        )
        for row in stuck
    ]
    raise_exceptions(findings, at=at)
    return len(stuck)
