"""
Judging a version: by the checks that apply to it, and by the people who sign what no machine can
judge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum

from delivery.checks.kinds.base import CheckRule, Finding
from delivery.checks.kinds.catalogue import JUDGMENT, run
from delivery.checks.kinds.page import BudgetContext
from delivery.checks.models import Check, CheckResult
from delivery.deliverables.models import Deliverable
from delivery.deliverables.versions import Version
from routing.kernel.roles import EVERYONE, OPS, grant
from routing.people.actors import Actor
from routing.work.visibility import work_seen_by

grant("delivery.view_check", *EVERYONE)
grant("delivery.view_checkresult", *EVERYONE)
grant("delivery.add_check", OPS)
grant("delivery.change_check", OPS)


@dataclass(frozen=True, slots=True)
class Judged:
    """One check of one version, with its newest result; None where it is not judged yet."""

    check: Check
    result: CheckResult | None

    @property
    def is_judgment(self) -> bool:
        return self.check.kind == JUDGMENT.name

    @property
    def failed(self) -> bool:
        return self.result is not None and not self.result.passed

    @property
    def unsigned(self) -> bool:
        return self.is_judgment and self.result is None


def judged_checks(rows: Sequence[Deliverable]) -> Mapping[int, list[Judged]]:
    """
    Every check that applies to each deliverable, by its id, with what its newest version got: two
    queries.
    """
    results: dict[tuple[int, int], CheckResult] = {}
    for result in CheckResult.objects.filter(
        version__in=[row.version_id for row in rows if row.version_id]
    ).order_by("pk"):
        results[result.version_id, result.check_row_id] = result
    asked = applying(rows)
    return {
        row.pk: [
            Judged(check, results.get((row.version_id or 0, check.pk))) for check in asked[row.pk]
        ]
        for row in rows
    }


def applying(rows: Sequence[Deliverable]) -> Mapping[int, list[Check]]:
    """Every check that is asked of each deliverable now, by its id: one query."""
    checks = list(Check.objects.filter(is_active=True))
    return {row.pk: [check for check in checks if _applies(check, row)] for row in rows}


def _applies(check: Check, row: Deliverable) -> bool:
    return check.format in {"", row.format} and check.client_id in {None, row.item.client_id}


def awaiting_signature(rows: QuerySet[Deliverable], *, by: Actor) -> QuerySet[Deliverable]:
    """Those in QA whose newest version, made by somebody else, waits for a person's judgment."""
    signed = CheckResult.objects.filter(
        version=OuterRef(OuterRef("version")), check_row=OuterRef("pk")
    )
    asked = Check.objects.filter(
        Q(format="") | Q(format=OuterRef("format")),
        Q(client=None) | Q(client=OuterRef("item__client")),
        ~Exists(signed),
        is_active=True,
        kind=JUDGMENT.name,
    )
    return rows.filter(Exists(asked), state=Deliverable.State.IN_QA).exclude(
        version__author=by.user_id
    )


def judge(rows: Sequence[Deliverable], *, by: Actor, at: datetime) -> Mapping[int, list[Judged]]:
    """
    Run every check that a machine can, keep what it found, and say how each deliverable stands
    then.
    """
    versions = {
        v.pk: v
        for v in Version.objects.filter(
            pk__in=[row.version_id for row in rows if row.version_id]
        ).prefetch_related("files__file")
    }
    known, budgets, made = judged_checks(rows), _budgets(rows), []
    for row in rows:
        version = versions[row.version_id or 0]
        checks = [each.check for each in known[row.pk] if not each.is_judgment]
        found = run(
            [CheckRule(check.kind, check.params) for check in checks],
            version.manifest,
            budgets.get(row.pk),
        )
        for check, (rule, findings) in zip(checks, found, strict=True):
            bad = [finding for finding in findings if not finding.passed]
            made.append(
                CheckResult(
                    version=version,
                    check_row=check,
                    digest=version.digest,
                    params=dict(rule.params),
                    passed=not bad,
                    findings=[
                        {"message": str(f.message), "evidence": f.evidence, "place": str(f.place)}
                        for f in bad
                    ],
                    by_id=by.user_id,
                    at=at,
                )
            )
    CheckResult.objects.bulk_create(made)
    return judged_checks(rows)


def _budgets(rows: Sequence[Deliverable]) -> Mapping[int, BudgetContext]:
    """
    Return the planned cost of each deliverable and the budget that its engagement has left beside
    other plans.
    """
    found = Deliverable.objects.filter(pk__in=[row.pk for row in rows]).select_related(
        "brief__engagement"
    )
    sold_to = [row.brief.engagement_id for row in found if row.brief.engagement_id]
    planned = (
        Deliverable.objects.filter(brief__engagement__in=sold_to)
        .exclude(state=Deliverable.State.CANCELLED)
        .order_by()
    )
    sums = (
        planned.values("brief__engagement")
        .annotate(amounts=Sum("amount"), time=Sum("hours"))
        .values_list("brief__engagement", "amounts", "time")
    )
    spent = {engagement: (amounts, time) for engagement, amounts, time in sums}
    budgets = {}
    for row in found:
        sold = row.brief.engagement
        if sold is not None and sold.pk in spent:
            budgets[row.pk] = BudgetContext(
                estimated_amount=row.amount,
                estimated_hours=row.hours,
                remaining_amount=None
                if sold.amount is None
                else sold.amount - spent[sold.pk][0] + row.amount,
                remaining_hours=None
                if sold.hours is None
                else sold.hours - spent[sold.pk][1] + row.hours,
                currency=sold.currency,
            )
    return budgets


TRIED, MOST_SHOWN = 20, 5  # versions that a check is tried on, findings of each


@dataclass(frozen=True, slots=True)
class Trial:
    """
    Result of trying a check.

    ``failed`` holds the versions that would fail, with their findings.
    """

    looked: int
    failed: Sequence[tuple[Version, Sequence[Finding]]]
    by_people: bool


def try_out(check: Check, *, by: Actor) -> Trial:
    """
    Ask a check, kept or not, of the newest versions it would apply to and the actor sees.

    Nothing is written.
    """
    about = Deliverable.objects.filter(
        item__in=work_seen_by(by).order_by(), version__isnull=False
    ).select_related("item")
    about = about.filter(format=check.format) if check.format else about
    about = about.filter(item__client=check.client_id) if check.client_id else about
    rows = list(about.order_by("-version__at")[:TRIED])
    if check.kind == JUDGMENT.name:
        return Trial(len(rows), (), by_people=True)
    newest = Version.objects.filter(pk__in=[row.version_id for row in rows]).select_related(
        "deliverable__item"
    )
    versions, budgets = list(newest.prefetch_related("files__file").order_by("-at")), _budgets(rows)
    failed = []
    for version in versions:
        [(_rule, findings)] = run(
            [CheckRule(check.kind, check.params)],
            version.manifest,
            budgets.get(version.deliverable_id),
        )
        if bad := [finding for finding in findings if not finding.passed]:
            failed.append((version, bad[:MOST_SHOWN]))
    return Trial(len(versions), failed, by_people=False)


def sign(
    row: Deliverable, check_id: int, *, passed: bool, note: str, by: Actor, at: datetime
) -> None:
    """Keep what a person judged, of the newest version of a deliverable that is locked."""
    version = Version.objects.get(pk=row.version_id or 0)
    findings = [{"message": note, "evidence": "", "place": ""}] if note else []
    CheckResult.objects.create(
        version=version,
        check_row_id=check_id,
        digest=version.digest,
        passed=passed,
        findings=findings,
        by_id=by.user_id,
        at=at,
    )


def split(
    known: Mapping[int, Sequence[Judged]],
) -> tuple[dict[int, list[str]], list[int], list[int]]:
    """
    Ids of what failed (with the names of the checks), of what passed everything, and of what waits
    for a person.
    """
    failed: dict[int, list[str]] = defaultdict(list)
    for pk, each in known.items():
        for judged in each:
            if judged.failed:
                failed[pk].append(judged.check.name)
    waiting = [
        pk
        for pk, each in known.items()
        if pk not in failed and any(judged.unsigned for judged in each)
    ]
    clear = [pk for pk in known if pk not in failed and pk not in waiting]
    return dict(failed), clear, waiting
