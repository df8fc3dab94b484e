"""Checking of briefs: which checks apply, what they found, and the storing of their results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from delivery.briefs.checking import finds_checks
from delivery.briefs.models import Brief
from delivery.checks.brief_context import checked_briefs, digest_of
from delivery.checks.kinds.base import CheckRule, Finding
from delivery.checks.kinds.catalogue import BRIEF_KINDS, run_on_brief
from delivery.checks.models import BriefCheckResult, Check
from delivery.checks.version_checks import NamedChecks, named_in_runs
from routing.kernel.roles import EVERYONE, grant
from routing.people.actors import Actor
from routing.work.visibility import work_seen_by

grant("delivery.view_briefcheckresult", *EVERYONE)

RELATED = ("item__client", "request", "engagement")


@dataclass(frozen=True, slots=True)
class JudgedBrief:
    """One check of one brief with its newest result, or None if there is no result yet."""

    check: Check
    result: BriefCheckResult | None

    @property
    def name(self) -> str:
        return self.check.name

    @property
    def blocks(self) -> bool:
        return self.result is not None and self.result.blocks

    @property
    def sentence(self) -> str:
        """Return the name of the check and what it found first."""
        findings = self.result.findings if self.result else []
        parts = [str(findings[0][part]) for part in ("place", "evidence") if findings[0][part]]
        about = f" ({', '.join(parts)})" if parts else ""
        return f"{self.check.name}: {findings[0]['message']}{about}"


def brief_checks(rows: Sequence[Brief]) -> Mapping[int, list[Check]]:
    """Return the active checks of each brief by its id, in one query or two."""
    checks = list(Check.objects.filter(is_active=True, kind__in=BRIEF_KINDS))
    named = named_in_runs(checks, [row.item.run_id for row in rows])
    found = {}
    for row in rows:
        found[row.pk] = [check for check in checks if _applies(check, row, named)]
    return found


def _applies(check: Check, row: Brief, named: NamedChecks) -> bool:
    return check.client_id in {None, row.item.client_id} and named.looks_at(check, row.item.run_id)


@finds_checks
def judged_briefs(rows: Sequence[Brief]) -> Mapping[int, list[JudgedBrief]]:
    """
    Return the checks of each brief that have run, by its id, with their newest results. One query
    or two.

    A check that is not active any more, or is for other clients or flows by now, is left out.
    """
    judged: dict[int, list[JudgedBrief]] = {row.pk: [] for row in rows}
    briefs = {row.pk: row for row in rows}
    stored = BriefCheckResult.objects.filter(
        brief__in=list(judged), check_row__is_active=True, check_row__kind__in=BRIEF_KINDS
    )
    newest = stored.order_by("brief_id", "check_row_id", "-pk").select_related("check_row", "by")
    results = list(newest.distinct("brief_id", "check_row_id"))
    named = named_in_runs(
        [result.check_row for result in results], [row.item.run_id for row in rows]
    )
    for result in results:
        if _applies(result.check_row, briefs[result.brief_id], named):
            judged[result.brief_id].append(JudgedBrief(result.check_row, result))
    for known in judged.values():
        known.sort(key=lambda each: (each.check.position, each.check.pk))
    return judged


def _with_results(
    rows: Sequence[Brief], asked: Mapping[int, Sequence[Check]]
) -> Mapping[int, list[JudgedBrief]]:
    checked = [row.pk for row in rows if asked[row.pk]]
    results: dict[tuple[int, int], BriefCheckResult] = {}
    if checked:
        stored = BriefCheckResult.objects.filter(brief__in=checked).select_related("by")
        newest = stored.order_by("brief_id", "check_row_id", "-pk")
        for result in newest.distinct("brief_id", "check_row_id"):
            results[result.brief_id, result.check_row_id] = result
    judged = {}
    for row in rows:
        judged[row.pk] = [
            JudgedBrief(check, results.get((row.pk, check.pk))) for check in asked[row.pk]
        ]
    return judged


def judge_briefs(
    ids: Sequence[int], *, by: Actor, at: datetime, seen_only: bool = True
) -> Mapping[int, list[JudgedBrief]]:
    """
    Run the checks of open briefs, store what is new, and return the checks that began to fail, with
    their results, by brief.

    :param seen_only: leave out briefs that the actor does not see
    """
    found = Brief.objects.filter(pk__in=ids, state__in=Brief.open_states)
    if seen_only:
        found = found.filter(item__in=work_seen_by(by).order_by())
    rows = list(found.select_related(*RELATED).order_by("pk"))
    asked = brief_checks(rows)
    rows = [row for row in rows if asked[row.pk]]
    if not rows:
        return {}
    before, contexts = _with_results(rows, asked), checked_briefs(rows, at)
    made: list[BriefCheckResult] = []
    began: dict[int, list[JudgedBrief]] = {}
    for row in rows:
        digest = digest_of(row)
        for known in before[row.pk]:
            rule = CheckRule(known.check.kind, known.check.params)
            result = _result(known, row, run_on_brief(rule, contexts[row.pk]), digest, by, at)
            if known.result is not None and _is_same(known.result, result):
                continue
            made.append(result)
            if result.blocks and not known.blocks:
                began.setdefault(row.pk, []).append(JudgedBrief(known.check, result))
    BriefCheckResult.objects.bulk_create(made)
    return began


def _result(
    known: JudgedBrief,
    row: Brief,
    found: Sequence[Finding],
    digest: str,
    by: Actor,
    at: datetime,
) -> BriefCheckResult:
    failed = [
        {"message": str(each.message), "evidence": each.evidence, "place": str(each.place)}
        for each in found
        if not each.passed
    ]
    # Accepted findings stay accepted while the brief around them changes.
    last = known.result
    kept = last if last and last.accepted and last.findings == failed else None
    return BriefCheckResult(
        brief=row,
        check_row=known.check,
        digest=digest,
        # A copy: the result shows the parameters of its time, even if the check changes later.
        params=dict(known.check.params),
        passed=not failed,
        findings=failed,
        accepted=kept is not None,
        reason=kept.reason if kept else "",
        by_id=kept.by_id if kept else by.user_id,
        at=at,
    )


def _is_same(one: BriefCheckResult, other: BriefCheckResult) -> bool:
    return _values(one) == _values(other)


def _values(row: BriefCheckResult) -> tuple[Any, ...]:
    return row.digest, row.params, row.passed, row.findings, row.accepted


def accept(row: Brief, known: JudgedBrief, *, reason: str, by: Actor, at: datetime) -> None:
    """Store that a person accepts what a check found. The caller has locked the brief."""
    result = known.result
    if result is None or not result.blocks:
        return
    BriefCheckResult.objects.create(
        brief=row,
        check_row=known.check,
        digest=result.digest,
        params=result.params,
        passed=False,
        findings=result.findings,
        accepted=True,
        reason=reason,
        by_id=by.user_id,
        at=at,
    )


TRIED = 20  # open briefs that a check is tried on
MOST_SHOWN = 5  # findings of each


@dataclass(frozen=True, slots=True)
class BriefTrial:
    """Result of trying a check. ``failed`` holds the briefs that would fail, with findings."""

    looked: int
    failed: Sequence[tuple[Brief, Sequence[Finding]]]


def try_out(check: Check, *, by: Actor, at: datetime) -> BriefTrial:
    """
    Try a check, saved or not, on the newest open briefs that it applies to and the actor sees.

    Nothing is written.
    """
    about = Brief.objects.filter(
        item__in=work_seen_by(by).order_by(), state__in=Brief.open_states
    ).select_related(*RELATED)
    if check.client_id:
        about = about.filter(item__client=check.client_id)
    rows = list(about.order_by("-pk")[:TRIED])
    contexts, failed = checked_briefs(rows, at), []
    for row in rows:
        findings = run_on_brief(CheckRule(check.kind, check.params), contexts[row.pk])
        if bad := [each for each in findings if not each.passed]:
            failed.append((row, bad[:MOST_SHOWN]))
    return BriefTrial(len(rows), failed)
