"""Celery only wakes what is due: every task is safe to run twice, at once, or never."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils.timezone import now

from delivery.approvals.operations.reviewing import expire_due


@shared_task(name="delivery.tasks.expire_approvals", acks_late=True)
def expire_approvals(**_: Any) -> None:
    """End questions that nobody answered in time; what is left is found by the next tick."""
    expire_due(at=now())
