"""Celery tasks. Each carries only the id of a row, so it may run twice, at once, or never."""

from __future__ import annotations

from typing import Any

from celery import Task, shared_task
from django.utils.timezone import now

from integrations.base import doorbell
from integrations.inbox.reading import call_due, read_due
from integrations.inbox.shapes import learn_shapes
from integrations.incidents.operations.watching import watch_incidents as watch
from integrations.outbox import deliver as delivering
from integrations.outbox.failing import watch_connections
from integrations.outbox.heads import SOON, calls_of, overdue
from integrations.outbox.heartbeat import end_dead_leases, heart
from integrations.proof.invoices import look_for_invoices
from integrations.publishing.learning import ask_systems
from integrations.publishing.probing import probe_due
from integrations.reconcile.sweep import reconcile_due

SOFT_S, HARD_S = 260, 280  # above the deadline of an attempt, see outbox.take
ROUNDING_S = 0.1  # without it, a retry could come just before the row is due, and be refused


@shared_task(
    bind=True,
    name="integrations.tasks.deliver",
    acks_late=True,
    max_retries=None,
    soft_time_limit=SOFT_S,
    time_limit=HARD_S,
)
def deliver(self: Task[Any, Any], /, *, outbound_id: int | None = None, **_: Any) -> None:
    """
    Make one attempt for one message. Without an id, as beat sends it, call overdue messages.

    A short wait is a retry of this task. A longer one stays in the row. A message that may not be
    sent now is left alone: the worker that is in its way calls it later, or beat does.
    """
    if outbound_id is None:
        watch_connections(at=now())
        freed = end_dead_leases(now())
        doorbell.outbound.ring([*calls_of(freed, now()), *overdue(now())])
        return
    worker = None if self.request.called_directly else heart.beating()
    queue = (self.request.delivery_info or {}).get("routing_key") or ""
    done = delivering.deliver(outbound_id, clock=now, worker=worker, queue=queue)
    if done is None:
        return
    doorbell.outbound.ring(done.calls)
    if done.wait_s is not None and done.wait_s <= SOON.total_seconds():
        raise self.retry(countdown=max(done.wait_s, 0) + ROUNDING_S, queue=done.queue)


@shared_task(
    bind=True,
    name="integrations.tasks.read",
    acks_late=True,
    soft_time_limit=SOFT_S,
    time_limit=HARD_S,
)
def read(self: Task[Any, Any], /, *, source: str | None = None, **_: Any) -> None:
    """
    Read the due steps of one connection. Without one, as beat sends it, call all that have some.
    """
    if source is None:
        call_due(at=now())
        return
    worker = None if self.request.called_directly else heart.beating()
    queue = (self.request.delivery_info or {}).get("routing_key") or ""
    read_due(source, clock=now, worker=worker, queue=queue)


@shared_task(bind=True, name="integrations.tasks.probe", acks_late=True)
def probe(self: Task[Any, Any], /, **_: Any) -> None:
    """
    Probe the pages that are due, look for invoices in the CRM, and ask systems what they keep of a
    text.

    The next beat finds those that this run does not reach.
    """
    worker = None if self.request.called_directly else heart.beating()
    probe_due(clock=now, worker=worker)
    look_for_invoices(clock=now, worker=worker)
    ask_systems(clock=now)


@shared_task(name="integrations.tasks.reconcile", acks_late=True)
def reconcile(**_: Any) -> None:
    """Search for objects that were made late or twice, and compare connections that are due."""
    reconcile_due(clock=now)


@shared_task(name="integrations.tasks.compare_shapes", acks_late=True)
def compare_shapes(**_: Any) -> None:
    """Flag events whose bodies have other fields than those before them."""
    learn_shapes(at=now())


@shared_task(name="integrations.tasks.watch_incidents", acks_late=True)
def watch_incidents(**_: Any) -> None:
    """Open incidents for trouble that nobody noticed, and tend those that are open."""
    watch(at=now())
