"""Checking of versions: by machine, and by people who sign off what a machine cannot judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum

from delivery.checks.kinds.base import CheckRule, Finding
from delivery.checks.kinds.catalogue import BRIEF_KINDS, JUDGMENT, run
from delivery.checks.kinds.page import BudgetContext
from delivery.checks.models import Check, CheckResult
from delivery.checks.version_checks import NamedChecks, named_in_runs
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
    """One check of one version with its newest result, or None if there is no result yet."""

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
    Return the checks of each deliverable by its id, with the results of its newest version.

    This takes two queries for any number of deliverables.
    """
    newest = [row.version_id for row in rows if row.version_id]
    results: dict[tuple[int, int], CheckResult] = {}
    # In the order of their ids, so that the newest result of a check replaces earlier ones.
    for result in CheckResult.objects.filter(version__in=newest).order_by("pk"):
        results[result.version_id, result.check_row_id] = result
    asked, judged = applying(rows), {}
    for row in rows:
        version = row.version_id or 0
        judged[row.pk] = [
            Judged(check, results.get((version, check.pk))) for check in asked[row.pk]
        ]
    return judged


def applying(rows: Sequence[Deliverable]) -> Mapping[int, list[Check]]:
    """Return the active checks of each deliverable by its id, in one query or two."""
    checks = list(Check.objects.filter(is_active=True).exclude(kind__in=BRIEF_KINDS))
    named = named_in_runs(checks, [row.item.run_id for row in rows])
    found = {}
    for row in rows:
        found[row.pk] = [check for check in checks if _applies(check, row, named)]
    return found


def _applies(check: Check, row: Deliverable, named: NamedChecks) -> bool:
    return (
        check.format in {"", row.format}
        and check.client_id in {None, row.item.client_id}
        and named.looks_at(check, row.item.run_id)
    )


def awaiting_signature(rows: QuerySet[Deliverable], *, by: Actor) -> QuerySet[Deliverable]:
    """Return deliverables in QA whose newest version this person can sign off."""
    # In the database, because it filters a list: judged_checks would load all work in QA.
    signed = CheckResult.objects.filter(
        version=OuterRef(OuterRef("version")), check_row=OuterRef("pk")
    )
    asked = Check.objects.filter(
        Q(format="") | Q(format=OuterRef("format")),
        Q(client=None) | Q(client=OuterRef("item__client")),
        Q(only_in_flows=False) | Q(named_by__version__runs=OuterRef("item__run")),
        ~Exists(signed),
        is_active=True,
        kind=JUDGMENT.name,
    )
    # Nobody signs off a version of their own.
    return rows.filter(Exists(asked), state=Deliverable.State.IN_QA).exclude(
        version__author=by.user_id
    )


def judge(rows: Sequence[Deliverable], *, by: Actor, at: datetime) -> Mapping[int, list[Judged]]:
    """Run all checks that a machine can judge, store the results, and return all checks."""
    newest = Version.objects.filter(pk__in=[row.version_id for row in rows if row.version_id])
    versions = {version.pk: version for version in newest.prefetch_related("files__file")}
    known, budgets = judged_checks(rows), _budgets(rows)
    made: list[CheckResult] = []
    for row in rows:
        checks = [each.check for each in known[row.pk] if not each.is_judgment]
        rules = [CheckRule(check.kind, check.params) for check in checks]
        version = versions[row.version_id or 0]
        found = run(rules, version.manifest, budgets.get(row.pk))
        made += [
            _result(check, version, findings, by, at)
            for check, (_rule, findings) in zip(checks, found, strict=True)
        ]
    CheckResult.objects.bulk_create(made)
    return judged_checks(rows)


def _result(
    check: Check, version: Version, findings: Sequence[Finding], by: Actor, at: datetime
) -> CheckResult:
    failed = [finding for finding in findings if not finding.passed]
    return CheckResult(
        version=version,
        check_row=check,
        digest=version.digest,
        # A copy: the result shows the parameters of its time, even if the check changes later.
        params=dict(check.params),
        passed=not failed,
        findings=[
            {"message": str(each.message), "evidence": each.evidence, "place": str(each.place)}
            for each in failed
        ],
        by_id=by.user_id,
        at=at,
    )


def _budgets(rows: Sequence[Deliverable]) -> Mapping[int, BudgetContext]:
    """Return the planned cost of each deliverable, and the budget that other plans leave for it."""
    found = Deliverable.objects.filter(pk__in=[row.pk for row in rows]).select_related(
        "brief__engagement"
    )
    sold_to = [row.brief.engagement_id for row in found if row.brief.engagement_id]
    # Without an order: Django would add it to GROUP BY, and the sums would fall apart.
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
            amounts, time = spent[sold.pk]
            budgets[row.pk] = BudgetContext(
                estimated_amount=row.amount,
                estimated_hours=row.hours,
                remaining_amount=_remaining(sold.amount, amounts, row.amount),
                remaining_hours=_remaining(sold.hours, time, row.hours),
                currency=sold.currency,
            )
    return budgets


def _remaining(sold: Decimal | None, spent: Decimal, own: Decimal) -> Decimal | None:
    """Return the rest of the budget beside other plans. ``spent`` includes the plan's own part."""
    if sold is None:
        return None
    return sold - spent + own


TRIED = 20  # versions that a check is tried on
MOST_SHOWN = 5  # findings of each


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
    Try a check, saved or not, on the newest versions that it applies to and the actor sees.

    Nothing is written.
    """
    about = Deliverable.objects.filter(
        item__in=work_seen_by(by).order_by(), version__isnull=False
    ).select_related("item")
    if check.format:
        about = about.filter(format=check.format)
    if check.client_id:
        about = about.filter(item__client=check.client_id)
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
    """Store a person's judgment of the newest version. The caller has locked the deliverable."""
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
    Sort deliverables by their checks.

    Return those that failed with the names of the checks, those that passed everything, and those
    that wait for a sign-off.
    """
    failed: dict[int, list[str]] = {}
    clear: list[int] = []
    waiting: list[int] = []
    for pk, checks in known.items():
        # A failed check returns the work at once. Nobody needs to sign off the rest of it.
        if names := [each.check.name for each in checks if each.failed]:
            failed[pk] = names
        elif any(each.unsigned for each in checks):
            waiting.append(pk)
        else:
            clear.append(pk)
    return failed, clear, waiting
