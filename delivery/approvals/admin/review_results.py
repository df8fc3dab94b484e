"""
Results of a version for pages: its checks with their findings, its approvals with all answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from delivery.approvals.models import Answer, Approval
from delivery.checks import operations as checks
from delivery.checks.models import Check, CheckResult
from delivery.deliverables.models import Deliverable
from delivery.deliverables.versions import Version
from routing.people.actors import Actor
from routing.work.display import badge
from routing.work.visibility import work_seen_by


@dataclass(frozen=True, slots=True)
class CheckStatus:
    """One check of a version; ``result`` None where nobody and nothing has judged it."""

    check: Check
    result: CheckResult | None
    signed: bool  # by a person, not by a machine

    @property
    def badge(self) -> SafeString:
        if self.result is None:
            return badge(_("Needs sign-off"), "warn") if self.signed else badge(_("Not run yet"))
        return badge(_("Passed"), "good") if self.result.passed else badge(_("Failed"), "bad")


def checks_of(row: Deliverable, version: Version) -> Sequence[CheckStatus]:
    """
    Return the checks that apply now and those already run: failed ones first, then those that need
    a person.
    """
    results: dict[int, CheckResult] = {}
    for result in (
        CheckResult.objects.filter(version=version).select_related("check_row", "by").order_by("pk")
    ):
        results[result.check_row_id] = result
    asked = {check.pk: check for check in checks.applying([row])[row.pk]}
    found = {**asked, **{pk: result.check_row for pk, result in results.items()}}
    if version.pk != row.version_id:
        # What is asked now was not asked of an older one.
        found = {pk: check for pk, check in found.items() if pk in results}
    statuses = [
        CheckStatus(check, results.get(pk), checks.Judged(check, None).is_judgment)
        for pk, check in found.items()
    ]
    return sorted(
        statuses,
        key=lambda each: (
            each.result.passed if each.result else 0.5,
            each.check.position,
            each.check.pk,
        ),
    )


@dataclass(frozen=True, slots=True)
class ApprovalAnswers:
    """``seen`` is whether the reader sees the question itself, and not only what was said to it."""

    approval: Approval
    answers: Sequence[Answer]
    seen: bool


def approvals_of(
    row: Deliverable, version: Version | None = None, *, seen_by: Actor | None = None
) -> Sequence[ApprovalAnswers]:
    """
    Every question about the deliverable, or about one version of it, newest first; two queries.
    """
    found = (
        Approval.objects.filter(version__deliverable=row)
        .select_related("item__owner", "version")
        .order_by("-pk")
    )
    if seen_by is not None:
        found = found.annotate(
            seen=Exists(work_seen_by(seen_by).filter(pk=OuterRef("item_id")).order_by())
        )
    if version is not None:
        found = found.filter(version=version)
    rows = list(found)
    said = Answer.objects.filter(approval__in=[each.pk for each in rows])
    by_approval: dict[int, list[Answer]] = {}
    for answer in said.select_related("user", "contact", "recorded_by", "evidence", "note"):
        by_approval.setdefault(answer.approval_id, []).append(answer)
    return [
        ApprovalAnswers(each, by_approval.get(each.pk, ()), getattr(each, "seen", False))
        for each in rows
    ]


@dataclass(frozen=True, slots=True)
class CheckFailure:
    what: Any
    place: str = ""
    quote: str = ""


def what_to_change(row: Deliverable) -> tuple[Version | None, Sequence[CheckFailure]]:
    """
    Return the reasons for rework from the returned version: failed checks and requested changes.
    """
    back = row.reworked
    if row.state != Deliverable.State.REWORK or back is None:
        return None, ()
    failed = [each for each in checks_of(row, back) if each.result and not each.result.passed]
    faults = [
        CheckFailure(
            f"{each.check.name}: {finding['message']}",
            finding.get("place", ""),
            finding.get("evidence", ""),
        )
        for each in failed
        for finding in each.result.findings  # type: ignore[union-attr]  # only those that have one
    ]
    for asked in approvals_of(row, back):
        faults += [
            CheckFailure(f"{answer.contact or answer.user}: {answer.note.body}")
            for answer in asked.answers
            if answer.word != Answer.Word.APPROVE and answer.note
        ]
    if not faults:
        faults = [CheckFailure(row.history.latest("history_id").history_change_reason)]
    return back, faults
