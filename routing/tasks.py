"""
Celery only wakes the database's own queues: every task is safe to run twice, at once, or never.
"""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils.timezone import now

from routing.audit.operations.seals import seal
from routing.desk.operations.sendings import forget_sendings
from routing.runs.operations.advance import advance
from routing.sla.operations.escalate import escalate
from routing.work.operations.files import sweep_orphans


@shared_task(name="routing.tasks.process", acks_late=True)
def process_events(**_: Any) -> None:
    """
    Take events as far as they go now.

    What is not due yet, or fails, is found again by the next tick.
    """
    advance(clock=now)


@shared_task(name="routing.tasks.seal", acks_late=True)
def seal_evidence(**_: Any) -> None:
    seal(at=now())


@shared_task(name="routing.tasks.sweep_files", acks_late=True)
def sweep_files(**_: Any) -> None:
    """
    Remove stored bytes that nothing refers to, and the tokens of forms that were sent a day ago.
    """
    sweep_orphans(at=now())
    forget_sendings(at=now())


@shared_task(name="routing.tasks.escalate", acks_late=True)
def escalate_clocks(**_: Any) -> None:
    """
    Tell of what is about to be late, or is.

    Two at once share the work; what none of them does, the next one finds.
    """
    escalate(at=now())
