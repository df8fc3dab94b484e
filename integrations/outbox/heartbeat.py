"""
Heartbeats of the processes that send messages.

When a process dies, its leases end within seconds.
"""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta
from threading import Event, Lock, Thread
from uuid import UUID, uuid4

import structlog
from django.db import DatabaseError, connection
from django.db.models import DateTimeField, Exists, ExpressionWrapper, OuterRef
from django.utils import timezone

from integrations.outbox.models import Outbound, WorkerBeat
from routing.models import Outcome, RunStep

EVERY_S = 2.0
DEAD_AFTER = timedelta(seconds=10)  # five beats missed
KEPT = timedelta(hours=1)

log = structlog.get_logger(__name__)


class Heartbeat:
    """
    Writes the row of this process every two seconds.

    A thread does so, because the process itself may be waiting for an external system.
    """

    def __init__(self) -> None:
        self._lock, self._stopped = Lock(), Event()
        self._thread: Thread | None = None
        self._pid, self._id = 0, uuid4()

    def beating(self) -> UUID:
        """
        Start the heartbeat if necessary, and return the id of this process.

        The first beat is written before the process takes a message.
        """
        with self._lock:
            # Celery forks its children: a child has this object, but neither the thread nor the id.
            if self._pid != os.getpid() or self._thread is None or not self._thread.is_alive():
                self._pid, self._id = os.getpid(), uuid4()
                WorkerBeat.objects.create(
                    pk=self._id,
                    host=socket.gethostname()[:200],
                    pid=self._pid,
                    seen_at=timezone.now(),
                )
                self._stopped = Event()
                self._thread = Thread(
                    target=self._beat, name="heart", args=(self._stopped,), daemon=True
                )
                self._thread.start()
        return self._id

    def stop(self) -> None:
        """Stop the thread and wait for its end."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def _beat(self, stopped: Event) -> None:
        while not stopped.wait(EVERY_S):
            try:
                WorkerBeat.objects.filter(pk=self._id).update(seen_at=timezone.now())
            except DatabaseError as error:  # the next beat opens a new connection
                log.warning("heartbeat_unwritten", error=type(error).__name__)
                connection.close()
        connection.close()


heart = Heartbeat()


def end_dead_leases(at: datetime) -> list[int]:
    """
    End the leases of processes without a heartbeat for ten seconds, and return their messages.

    Ends those of steps that they were reading for and of pages that they were checking, too.

    A process that was only frozen loses its leases, too. Its result no longer counts, and the next
    attempt looks first.
    """
    # A worker of the previous version takes a message without naming itself, so the row may still
    # name a dead process. Such an attempt started after the dead one's last beat.
    began = ExpressionWrapper(OuterRef("started_at") - DEAD_AFTER, output_field=DateTimeField())
    dead = WorkerBeat.objects.filter(
        pk=OuterRef("worker"), seen_at__lt=at - DEAD_AFTER, seen_at__gt=began
    )
    held = Outbound.objects.leased().filter(Exists(dead), leased_until__gt=at)
    ids = list(held.values_list("pk", flat=True))
    held.filter(pk__in=ids).update(leased_until=at, due_at=at)
    # Reading and looking twice does no harm, so these are due at once.
    RunStep.objects.being_read(at).filter(Exists(dead)).update(due_at=at)
    began = ExpressionWrapper(OuterRef("probed_at") - DEAD_AFTER, output_field=DateTimeField())
    dead = WorkerBeat.objects.filter(
        pk=OuterRef("worker"), seen_at__lt=at - DEAD_AFTER, seen_at__gt=began
    )
    probed = Outcome.objects.exclude(worker=None).filter(Exists(dead), next_probe_at__gt=at)
    probed.update(next_probe_at=at, worker=None)
    leased = Outbound.objects.leased().exclude(worker=None)
    WorkerBeat.objects.filter(seen_at__lt=at - KEPT).exclude(
        pk__in=leased.values("worker")
    ).delete()
    return ids
