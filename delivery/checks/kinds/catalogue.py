"""All kinds of checks, the function that runs them, and the checks that are shipped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from delivery.checks.kinds import assets, briefs, budget, links, pages, words
from delivery.checks.kinds.base import BadParams, CheckKind, CheckRule, Finding, said, typed
from delivery.checks.kinds.checked_brief import CheckedBrief
from delivery.checks.kinds.page import BudgetContext, CheckedPage, look
from delivery.deliverables.manifest import Manifest

JUDGMENT = CheckKind("judgment", _("Manual review"), _("A person must review this and sign off."))
KINDS: Mapping[str, CheckKind] = {
    kind.name: kind
    for kind in (*assets.KINDS, *pages.KINDS, *links.KINDS, *words.KINDS, *budget.KINDS, JUDGMENT)
}
BRIEF_KINDS: Mapping[str, CheckKind] = {kind.name: kind for kind in briefs.KINDS}

# Findings of one rule. Nobody reads more, and all of them are stored in one row.
MOST_FINDINGS = 200

BRAND = CheckRule("judgment", label=_("Brand and tone"))
DEFAULTS: Mapping[str, tuple[CheckRule, ...]] = {
    "page": (
        CheckRule("text_length", {"field": "title", "minimum": 1}, _("Title")),
        CheckRule("text_length", {"field": "body", "minimum": 1}, _("Body")),
        CheckRule("slug_form"),
        CheckRule("heading_order"),
        CheckRule("alt_text"),
        CheckRule("link_form"),
        CheckRule("table_headers"),
        CheckRule("file_use"),
        CheckRule("file_types"),
        CheckRule("max_size", {"megabytes": "20"}),
        BRAND,
    ),
    "file": (CheckRule("required_assets"), BRAND),
}
BRIEF_DEFAULTS = tuple(CheckRule(kind) for kind in BRIEF_KINDS)


class Verdict(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    NEEDS_SIGNATURE = "needs_signature"


def find_kind(name: str) -> CheckKind | None:
    """Return the kind of that name, of versions or of briefs, or None if it is gone."""
    return KINDS.get(name) or BRIEF_KINDS.get(name)


def all_kinds() -> list[CheckKind]:
    """Return the kinds of versions, then those of briefs."""
    return [*KINDS.values(), *BRIEF_KINDS.values()]


def check(rule: CheckRule) -> None:
    """
    Validate a rule when it is written, not when it runs.

    :raises BadParams: if its kind is unknown or its parameters are wrong
    """
    kind = find_kind(rule.kind)
    if kind is None:
        raise BadParams(_("There is no check of kind “%(kind)s”.") % {"kind": rule.kind})
    typed(kind, rule.params)


def run(
    rules: Iterable[CheckRule], manifest: Manifest, context: BudgetContext | None = None
) -> list[tuple[CheckRule, list[Finding]]]:
    """
    Run rules on a version, and return each with at least one finding.

    A rule or a version that cannot be read gives a failed finding and never an exception, because a
    version must not leave QA for an error in a check. A manual review always fails here: only a
    person can pass it.
    """
    page = look(manifest, context or BudgetContext())
    return [(rule, _judged(rule, page)) for rule in rules]


def run_on_brief(rule: CheckRule, brief: CheckedBrief) -> list[Finding]:
    """
    Run a rule on a brief, and return at least one finding.

    A rule that cannot be read gives a failed finding and never an exception.
    """
    kind = BRIEF_KINDS.get(rule.kind)
    if kind is None or kind.judge_brief is None:
        return [Finding(False, said(_("There is no check of kind “{kind}”."), kind=rule.kind))]
    try:
        params = typed(kind, rule.params)
    except BadParams as error:
        return [Finding(False, str(error))]
    return _limited(kind.judge_brief(brief, params))


def verdict(rule: CheckRule, findings: Sequence[Finding]) -> Verdict:
    if rule.kind == JUDGMENT.name:
        return Verdict.NEEDS_SIGNATURE
    # No findings at all means that the check did not run.
    if findings and all(finding.passed for finding in findings):
        return Verdict.PASSED
    return Verdict.FAILED


def _judged(rule: CheckRule, page: CheckedPage) -> list[Finding]:
    kind = KINDS.get(rule.kind)
    if kind is None:
        return [Finding(False, said(_("There is no check of kind “{kind}”."), kind=rule.kind))]
    if kind.judge is None:
        return [Finding(False, _("A person must review this and sign off."))]
    if kind.reads_body and page.fault:
        return [Finding(False, page.fault, place=_("body"))]
    try:
        params = typed(kind, rule.params)
    except BadParams as error:
        return [Finding(False, str(error))]
    return _limited(kind.judge(page, params))


def _limited(found: Iterable[Finding]) -> list[Finding]:
    findings = list(found)
    more = len(findings) - MOST_FINDINGS
    if more <= 0:
        return findings
    return [
        *findings[:MOST_FINDINGS],
        Finding(False, said(_("{more} more like this."), more=more)),
    ]
