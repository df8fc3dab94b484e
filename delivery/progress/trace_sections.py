"""Trace sections for requests, briefs, deliverables, versions and approvals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.utils.translation import gettext as _

from delivery.approvals.models import Answer, Approval
from delivery.briefs.models import Brief
from delivery.checks.models import BriefCheckResult, CheckResult
from delivery.deliverables.models import Deliverable
from delivery.deliverables.versions import Version
from delivery.requests.models import Request
from routing.runs.models import Run
from routing.runs.registry import TraceEntry, trace_section
from routing.runs.trace import page
from routing.work.items import WorkNoun


@trace_section
def requests(run: Run) -> Sequence[TraceEntry]:
    found = (
        Request.objects.filter(item__run=run)
        .select_related("item__owner", "item__backup")
        .order_by("pk")
    )
    return [
        _entry("request", _("Request %(ref)s was opened"), row, channel=row.get_channel_display())
        for row in found
    ]


@trace_section
def briefs(run: Run) -> Sequence[TraceEntry]:
    """Return each brief with the newest result of each check."""
    found = list(
        Brief.objects.filter(item__run=run)
        .select_related("item__owner", "item__backup", "request__item")
        .order_by("pk")
    )
    results: dict[int, dict[str, str]] = defaultdict(dict)
    stored = BriefCheckResult.objects.filter(brief__in=found).select_related("check_row")
    # In the order of their ids, so that the newest result of a check replaces earlier ones.
    for result in stored.order_by("pk"):
        results[result.brief_id][result.check_row.name] = _outcome(result)
    return [
        _entry(
            "brief",
            _("Brief %(ref)s was written"),
            row,
            number=row.number,
            request=row.request.item.ref,
            checks=results.get(row.pk, {}),
        )
        for row in found
    ]


def _outcome(result: BriefCheckResult) -> str:
    if result.accepted:
        return "accepted"
    return "passed" if result.passed else "failed"


@trace_section
def deliverables(run: Run) -> Sequence[TraceEntry]:
    found = (
        Deliverable.objects.filter(item__run=run)
        .select_related("item__owner", "item__backup", "brief__item")
        .order_by("pk")
    )
    return [
        _entry(
            "deliverable",
            _("Deliverable %(ref)s was planned"),
            row,
            brief=row.brief.item.ref,
            what=row.get_format_display(),
            live=row.live_url,
        )
        for row in found
    ]


@trace_section
def versions(run: Run) -> Sequence[TraceEntry]:
    """Return each version with the newest result of each check."""
    found = list(
        Version.objects.filter(deliverable__item__run=run)
        .select_related("deliverable__item", "author")
        .order_by("pk")
    )
    results: dict[int, dict[str, str]] = defaultdict(dict)
    stored = CheckResult.objects.filter(version__in=found).select_related("check_row")
    # In the order of their ids, so that the newest result of a check replaces earlier ones.
    for result in stored.order_by("pk"):
        outcome = "passed" if result.passed else "failed"
        results[result.version_id][result.check_row.name] = outcome
    return [
        TraceEntry(
            row.at,
            "version",
            _("Version %(number)s of %(ref)s was uploaded")
            % {"number": row.number, "ref": row.deliverable.item.ref},
            {
                "deliverable": row.deliverable.item.ref,
                "number": row.number,
                "digest": row.digest,
                "author": str(row.author),
                "checks": results.get(row.pk, {}),
            },
            page(row.deliverable.item_id),
        )
        for row in found
    ]


@trace_section
def approvals(run: Run) -> Sequence[TraceEntry]:
    """
    Return each approval, and each answer as an entry of its own.

    Names of contacts are read from their rows, where erasure reaches them.
    """
    found = list(
        Approval.objects.filter(item__run=run)
        .select_related("item__owner", "item__backup", "version")
        .order_by("pk")
    )
    entries = [
        _entry(
            "approval",
            _("Approval %(ref)s was requested"),
            row,
            stage=row.stage + 1,
            asks=row.get_audience_display(),
            version=row.version.number,
        )
        for row in found
    ]
    answers = (
        Answer.objects.filter(approval__in=found)
        .select_related("approval__item", "user", "contact", "recorded_by")
        .order_by("pk")
    )
    return [*entries, *(_answer(each) for each in answers)]


def _answer(each: Answer) -> TraceEntry:
    about = each.approval.item
    who = {"contact": str(each.contact)} if each.contact_id else {"by": str(each.user)}
    recorded = {"recorded_by": str(each.recorded_by)} if each.recorded_by else {}
    data = {"approval": about.ref, "word": each.word, "digest": each.digest, **who, **recorded}
    return TraceEntry(
        each.at,
        "answer",
        _("%(ref)s was answered: %(word)s") % {"ref": about.ref, "word": each.get_word_display()},
        data,
        page(about.pk),
    )


def _entry(section: str, title: str, row: WorkNoun, **more: object) -> TraceEntry:
    item = row.item
    data = {
        "ref": item.ref,
        "title": item.title,
        "state": row.state,
        "owner": str(item.owner),
        "backup": str(item.backup),
        **more,
    }
    return TraceEntry(item.created_at, section, title % {"ref": item.ref}, data, page(item.pk))
