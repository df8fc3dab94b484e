"""Celery only wakes the outbox: the task is safe to run twice, at once, or never."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils.timezone import now

from integrations.outbox.deliver import deliver_due
from integrations.publishing.probing import probe_due


@shared_task(name="integrations.tasks.deliver", acks_late=True)
def deliver(**_: Any) -> None:
    """Send what is due. What is not due yet, or fails, is found again by the next tick."""
    deliver_due(clock=now)


@shared_task(name="integrations.tasks.probe", acks_late=True)
def probe(**_: Any) -> None:
    """Look at what should be live. What is not looked at now is found again by the next tick."""
    probe_due(clock=now)
