"""
Inside triggers about what is made: briefs, versions, reviews and decisions.

An asset is ready once its deliverable is approved: everybody who was asked has said yes, and it can
be published or handed over. A version that was merely submitted may still change.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from delivery.approvals.models import Approval
from delivery.approvals.operations import approvals, deliverables
from delivery.approvals.stages import progress, stages_of
from delivery.briefs.models import Brief
from delivery.briefs.operations import briefs
from delivery.deliverables.formats import Format
from delivery.deliverables.models import Deliverable
from delivery.deliverables.stages import Audience
from routing.runs.operations.work_events import WorkFound, records, work_event
from routing.work.registry import react


class QaDecision(TextChoices):
    PASSED = "passed", _("Passed")
    FAILED = "failed", _("Failed")


DECISIONS = (
    Approval.State.APPROVED,
    Approval.State.CHANGES_REQUESTED,
    Approval.State.REJECTED,
)


def _formats() -> Sequence[tuple[str, str]]:
    return [(value, str(label)) for value, label in Format.choices]


def _decisions() -> Sequence[tuple[str, str]]:
    return [(each.value, str(each.label)) for each in DECISIONS]


def _qa_decisions() -> Sequence[tuple[str, str]]:
    return [(value, str(label)) for value, label in QaDecision.choices]


_FORMAT = (_("Type of the deliverable"), _formats)
BRIEF_APPROVED = work_event("brief_approved", _("Brief approved"), "approval")
ASSET_READY = work_event(
    "asset_ready", _("Asset ready (deliverable approved)"), "asset", format=_FORMAT
)
INTERNAL_REVIEW_DONE = work_event(
    "internal_review_done", _("Internal review done"), "review", format=_FORMAT
)
CLIENT_DECIDED = work_event(
    "client_decided",
    _("Client decided"),
    "answer",
    decision=(_("Decision of the client"), _decisions),
    format=_FORMAT,
)
QA_DECIDED = work_event(
    "qa_decided",
    _("QA passed or failed"),
    "qa",
    decision=(_("Decision of QA"), _qa_decisions),
    format=_FORMAT,
)


@react(briefs.approve)
@records(BRIEF_APPROVED)
def brief_approved(rows: Sequence[Brief]) -> list[WorkFound]:
    return [WorkFound(row.item_id) for row in rows if row.state == Brief.State.APPROVED]


@react(deliverables.approve)
@records(ASSET_READY)
def asset_ready(rows: Sequence[Deliverable]) -> list[WorkFound]:
    return [_found(row) for row in rows]


@react(approvals.approve)
@records(INTERNAL_REVIEW_DONE)
def internal_review_done(rows: Sequence[Approval]) -> list[WorkFound]:
    """Return the work that has no further review of the agency's own before it."""
    about = list(_asked_about([row for row in rows if row.audience == Audience.INTERNAL]).values())
    stages, done = stages_of(about), progress(about)
    found = []
    for row in about:
        left = stages[row.pk][done[row.pk][0] :]
        if all(each.audience != Audience.INTERNAL for each in left):
            found.append(_found(row))
    return found


@react(approvals.approve, approvals.request_changes, approvals.reject)
@records(CLIENT_DECIDED)
def client_decided(rows: Sequence[Approval]) -> list[WorkFound]:
    asked = [row for row in rows if row.audience == Audience.CLIENT and row.state in DECISIONS]
    about = _asked_about(asked)
    return [
        _found(about[row.version_id], str(row.state)) for row in asked if row.version_id in about
    ]


@react(deliverables.pass_qa)
@records(QA_DECIDED)
def qa_passed(rows: Sequence[Deliverable]) -> list[WorkFound]:
    return [_found(row, QaDecision.PASSED) for row in rows]


@react(deliverables.return_for_rework, deliverables.send_back)
@records(QA_DECIDED)
def qa_failed(rows: Sequence[Deliverable]) -> list[WorkFound]:
    """Return what was sent back out of QA. The same steps send work back out of a review."""
    in_qa = Deliverable.State.IN_QA
    return [_found(row, QaDecision.FAILED) for row in rows if row.item.before.get("state") == in_qa]


def _found(row: Deliverable, decision: str = "") -> WorkFound:
    values = {"decision": str(decision)} if decision else {}
    return WorkFound(row.item_id, {"format": str(row.format), **values})


def _asked_about(rows: Sequence[Approval]) -> dict[int, Deliverable]:
    """Return the deliverable of each question, by the version that it is about."""
    about = Deliverable.objects.filter(version__in={row.version_id for row in rows})
    return {row.version_id or 0: row for row in about.select_related("item", "version")}
