"""Celery tasks. Each is safe to run twice, at the same time, or not at all."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils.timezone import now

from delivery.approvals.operations.reviewing import expire_due
from delivery.briefs.operations.approvers import report_missing_approvers
from delivery.engagements.ending import sweep_endings
from delivery.progress.retainers import sweep_retainers
from delivery.reports.operations.making import make_due_reports
from delivery.requests.operations.unanswered import remind_due
from delivery.requests.operations.unreachable import follow_reach


@shared_task(name="delivery.tasks.expire_approvals", acks_late=True)
def expire_approvals(**_: Any) -> None:
    """Expire approvals whose deadline has passed. The next run finds what this one leaves."""
    expire_due(at=now())


@shared_task(name="delivery.tasks.remind_clients", acks_late=True)
def remind_clients(**_: Any) -> None:
    """
    Remind clients of open questions, and escalate those that stay unanswered or that nobody of the
    client can answer any more.
    """
    remind_due(at=now())
    follow_reach(at=now())


@shared_task(name="delivery.tasks.sweep_endings", acks_late=True)
def sweep_ending_engagements(**_: Any) -> None:
    """
    Capture the events of engagements that are about to end, and of retainers whose hours of the
    month run out, for flows that wait for them, and find briefs that nobody can approve any more.
    """
    sweep_endings(at=now())
    sweep_retainers(at=now())
    report_missing_approvers(at=now())


@shared_task(name="delivery.tasks.make_reports", acks_late=True)
def make_reports(**_: Any) -> None:
    """Make and send the monthly reports that are due. Months that were missed come late, once."""
    make_due_reports(at=now())
