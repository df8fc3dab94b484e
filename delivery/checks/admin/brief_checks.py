"""The checks of a brief with their newest results, for its page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from delivery.briefs.gates import BriefGateFacts
from delivery.briefs.models import Brief
from delivery.checks.brief_checks import JudgedBrief
from delivery.checks.models import BriefCheckResult, Check
from routing.work.display import badge


@dataclass(frozen=True, slots=True)
class BriefCheckStatus:
    """One check of a brief with its newest result."""

    check: Check
    result: BriefCheckResult

    @property
    def badge(self) -> SafeString:
        if self.result.accepted:
            return badge(_("Accepted"), "warn")
        return badge(_("Passed"), "good") if self.result.passed else badge(_("Failed"), "bad")

    @property
    def blocks(self) -> bool:
        return self.result.blocks


def checks_of_brief(row: Brief, facts: BriefGateFacts) -> Sequence[BriefCheckStatus]:
    """
    Return the checks of a brief that have run, failed ones first.

    A brief that is not open any more has those that were asked of it.
    """
    if row.state in Brief.open_states:
        found = [
            BriefCheckStatus(each.check, each.result)
            for each in facts.checks
            if isinstance(each, JudgedBrief) and each.result is not None
        ]
    else:
        stored = BriefCheckResult.objects.filter(brief=row).select_related("check_row", "by")
        newest = stored.order_by("check_row_id", "-pk").distinct("check_row_id")
        found = [BriefCheckStatus(result.check_row, result) for result in newest]
    return sorted(found, key=_urgency)


def _urgency(status: BriefCheckStatus) -> tuple[bool, int, int]:
    return not status.blocks, status.check.position, status.check.pk
