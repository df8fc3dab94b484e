"""Review results of a version for pages: its checks with findings, its approvals with answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from delivery.approvals.models import Answer, Approval, AskedPerson
from delivery.checks import operations as checks
from delivery.checks.models import Check, CheckResult
from delivery.deliverables.models import Deliverable
from delivery.deliverables.versions import Version
from routing.people.actors import Actor
from routing.work.display import badge
from routing.work.visibility import work_seen_by


@dataclass(frozen=True, slots=True)
class CheckStatus:
    """One check of a version. ``result`` is None until it has been judged."""

    check: Check
    result: CheckResult | None
    signed: bool  # True if a person judges it, not a machine

    @property
    def badge(self) -> SafeString:
        if self.result is None:
            return badge(_("Needs sign-off"), "warn") if self.signed else badge(_("Not run yet"))
        return badge(_("Passed"), "good") if self.result.passed else badge(_("Failed"), "bad")


def checks_of(row: Deliverable, *versions: Version) -> Mapping[int, Sequence[CheckStatus]]:
    """
    Return the checks of each version by its id: failed ones first, then those without a result. Two
    queries for any number of versions.

    Checks that no longer apply are included if they have a result.
    """
    stored = CheckResult.objects.filter(version__in=versions).select_related("check_row", "by")
    results: dict[int, dict[int, CheckResult]] = {version.pk: {} for version in versions}
    # In the order of their ids, so that the newest result of a check replaces earlier ones.
    for result in stored.order_by("pk"):
        results[result.version_id][result.check_row_id] = result
    statuses = {}
    for pk, judged in results.items():
        found = {check: result.check_row for check, result in judged.items()}
        # The checks of today were not asked of an older version.
        if pk == row.version_id:
            found |= {check.pk: check for check in checks.applying([row])[row.pk]}
        made = [
            CheckStatus(check, judged.get(key), checks.Judged(check, None).is_judgment)
            for key, check in found.items()
        ]
        statuses[pk] = sorted(made, key=_urgency)
    return statuses


def _urgency(status: CheckStatus) -> tuple[float, int, int]:
    """Return the sort key of a check: failed, not judged, passed, and each by position."""
    outcome = 0.5 if status.result is None else float(status.result.passed)
    return outcome, status.check.position, status.check.pk


@dataclass(frozen=True, slots=True)
class ApprovalAnswers:
    """An approval with its answers. ``seen`` is true if the reader sees the approval itself."""

    approval: Approval
    answers: Sequence[Answer]
    seen: bool
    asked: Sequence[AskedPerson] = ()


def approvals_of(
    row: Deliverable, version: Version | None = None, *, seen_by: Actor | None = None
) -> Sequence[ApprovalAnswers]:
    """Return the approvals of a deliverable, or of one version, newest first, in three queries."""
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
    answers = Answer.objects.filter(approval__in=[each.pk for each in rows])
    by_approval: dict[int, list[Answer]] = {}
    for answer in answers.select_related("user", "contact", "recorded_by", "evidence", "note"):
        by_approval.setdefault(answer.approval_id, []).append(answer)
    asked: dict[int, list[AskedPerson]] = {}
    for person in AskedPerson.objects.filter(approval__in=rows).select_related("user", "contact"):
        asked.setdefault(person.approval_id, []).append(person)
    return [
        ApprovalAnswers(
            each,
            by_approval.get(each.pk, ()),
            getattr(each, "seen", False),
            asked.get(each.pk, ()),
        )
        for each in rows
    ]


@dataclass(frozen=True, slots=True)
class CheckFailure:
    what: Any
    place: str = ""
    quote: str = ""


def returned_version(row: Deliverable) -> Version | None:
    """Return the version that was returned for rework, or None if none is reworked now."""
    return row.reworked if row.state == Deliverable.State.REWORK else None


def what_to_change(
    row: Deliverable,
    judged: Mapping[int, Sequence[CheckStatus]],
    approvals: Sequence[ApprovalAnswers],
) -> tuple[Version | None, Sequence[CheckFailure]]:
    """
    Return the version that was returned for rework, and the reasons.

    :param judged: from ``checks_of``, with that version
    :param approvals: of the deliverable, from ``approvals_of``
    """
    back = returned_version(row)
    if back is None:
        return None, ()
    faults: list[CheckFailure] = []
    for each in judged[back.pk]:
        if each.result and not each.result.passed:
            faults += _failures(each.check, each.result)
    for asked in approvals:
        if asked.approval.version_id != back.pk:
            continue
        faults += [
            CheckFailure(f"{answer.contact or answer.user}: {answer.note.body}")
            for answer in asked.answers
            if answer.word != Answer.Word.APPROVE and answer.note
        ]
    # Sent back by a person: the reason is in the history.
    if not faults:
        faults = [CheckFailure(row.history.latest("history_id").history_change_reason)]
    return back, faults


def _failures(check: Check, result: CheckResult) -> list[CheckFailure]:
    return [
        CheckFailure(
            f"{check.name}: {finding['message']}",
            finding.get("place", ""),
            finding.get("evidence", ""),
        )
        for finding in result.findings
    ]
