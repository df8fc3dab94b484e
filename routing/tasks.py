"""
Celery tasks. The queues are in the database, so a task may run twice, at the same time, or not at
all.
"""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils.timezone import now

from routing.audit.operations.seals import seal
from routing.desk.operations.exports import forget_exports, write_exports
from routing.desk.operations.sendings import forget_sendings
from routing.figures.operations.rollups import refresh
from routing.people.security import forget_security_events
from routing.runs.operations.advance import advance
from routing.runs.operations.cover_cases import cover_tonight, review_cases
from routing.runs.operations.occurrences import sweep_occurrences
from routing.runs.operations.outcomes import miss_receipts
from routing.runs.operations.own_failures import own_failures
from routing.runs.operations.proofs import miss_invoices
from routing.runs.operations.reviews import prepare_reviews, remind_of_reviews
from routing.runs.operations.silence import settle_heard
from routing.runs.operations.sla_proof import judge_slas
from routing.runs.operations.unclaimed_cases import settle_taken
from routing.sla.operations.escalate import escalate
from routing.sla.operations.promises import recount_promises
from routing.work.operations.files import sweep_orphans
from routing.work.operations.items import resume_due
from routing.work.operations.previews import draw_previews


# ``acks_late`` everywhere: if a worker dies, the broker sends its task again, which does no harm.
@shared_task(name="routing.tasks.process", acks_late=True)
def process_events(**_: Any) -> None:
    """
    Process events and runs as far as possible now. The next tick finds what failed or was not due.

    It calls no other system: events and clocks share its workers.
    """
    advance(clock=now, apart=True)


@shared_task(name="routing.tasks.seal", acks_late=True)
def seal_evidence(**_: Any) -> None:
    seal(at=now())


@shared_task(name="routing.tasks.sweep_files", acks_late=True)
def sweep_files(**_: Any) -> None:
    """
    Remove stored bytes that nothing refers to, tokens of forms and exports that are a day old, and
    old security events.
    """
    sweep_orphans(at=now())
    forget_sendings(at=now())
    forget_exports(at=now())
    forget_security_events(at=now())


@shared_task(name="routing.tasks.draw_previews", acks_late=True)
def draw_due_previews(**_: Any) -> None:
    """
    Draw the previews that are due. Two tasks at once wait for each other with every image.
    """
    draw_previews(clock=now)


@shared_task(
    name="routing.tasks.write_exports", acks_late=True, soft_time_limit=1740, time_limit=1800
)
def write_due_exports(**_: Any) -> None:
    """
    Write one export that is due. A million rows take minutes. Two tasks at once write two exports.
    """
    write_exports(clock=now)


@shared_task(
    name="routing.tasks.refresh_rollups", acks_late=True, soft_time_limit=1740, time_limit=1800
)
def refresh_rollups(**_: Any) -> None:
    """
    Bring the roll-ups of figures up to now. Two tasks at once: the second one does nothing.
    """
    refresh(at=now())


@shared_task(name="routing.tasks.escalate", acks_late=True)
def escalate_clocks(**_: Any) -> None:
    """
    Notify people of work that is nearly or already overdue, and judge the SLA of work that is done.
    Two tasks at once share the work.
    """
    escalate(at=now())
    miss_receipts(at=now())
    miss_invoices(at=now())
    judge_slas(at=now())


@shared_task(name="routing.tasks.recount_promises", acks_late=True)
def recount_due_promises(**_: Any) -> None:
    """
    Count open clocks anew whose promise was changed. Two tasks at once take different changes.
    """
    recount_promises(at=now())


@shared_task(name="routing.tasks.resume_due", acks_late=True)
def resume_due_work(**_: Any) -> None:
    """
    Resume the held work whose day has come. Two tasks at once: one of them resumes each item.
    """
    resume_due(at=now())


@shared_task(name="routing.tasks.sweep_occurrences", acks_late=True)
def sweep_due_occurrences(**_: Any) -> None:
    """
    Capture the occurrences of calendar triggers that are due. Two tasks at once share the work.
    """
    sweep_occurrences(at=now())


@shared_task(
    name="routing.tasks.look_at_cover", acks_late=True, soft_time_limit=1740, time_limit=1800
)
def look_at_cover(**_: Any) -> None:
    """
    Once a night, open the exceptions about work that nobody covers in the next days. A night that
    was missed is made up for. Two tasks at once open nothing twice.
    """
    cover_tonight(at=now())


@shared_task(name="routing.tasks.own_failures", acks_late=True)
def own_every_failure(**_: Any) -> None:
    """
    Give every failure without an open exception a new one, and end those about kinds of events that
    come again or that a flow takes now, and about work that somebody covers again.
    """
    settle_heard(at=now())
    settle_taken(at=now())
    review_cases(at=now())
    own_failures(at=now())


@shared_task(name="routing.tasks.prepare_reviews", acks_late=True)
def prepare_due_reviews(**_: Any) -> None:
    """
    Prepare the reviews of flows that are due, and remind of those that are overdue. Two tasks at
    once prepare each review once.
    """
    prepare_reviews(at=now())
    remind_of_reviews(at=now())
