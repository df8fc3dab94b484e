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
    """One check of a brief. ``result`` is None until it has run."""

    check: Check
    result: BriefCheckResult | None

    @property
    def badge(self) -> SafeString:
        if self.result is None:
            return badge(_("Not run yet"))
        if self.result.accepted:
            return badge(_("Accepted"), "warn")
        return badge(_("Passed"), "good") if self.result.passed else badge(_("Failed"), "bad")

    @property
    def blocks(self) -> bool:
        return self.result is not None and self.result.blocks


def checks_of_brief(row: Brief, facts: BriefGateFacts) -> Sequence[BriefCheckStatus]:
    """
    Return the checks of a brief: failed ones first, then those without a result.

    A brief that is not open any more has those that were asked of it.
    """
    if row.state in Brief.open_states:
        judged = [each for each in facts.checks if isinstance(each, JudgedBrief)]
        found = [BriefCheckStatus(each.check, each.result) for each in judged]
    else:
        stored = BriefCheckResult.objects.filter(brief=row).select_related("check_row", "by")
        newest = stored.order_by("check_row_id", "-pk").distinct("check_row_id")
        found = [BriefCheckStatus(result.check_row, result) for result in newest]
    return sorted(found, key=_urgency)


def _urgency(status: BriefCheckStatus) -> tuple[float, int, int]:
    outcome = 0.5 if status.result is None else float(not status.blocks)
    return outcome, status.check.position, status.check.pk
