"""Ring for a worker. The work is a row already; if nobody hears, the next sweep finds it."""

from __future__ import annotations

from threading import Event, Lock, Thread

import structlog
from celery import current_app
from kombu.exceptions import KombuError

log = structlog.get_logger(__name__)


class Doorbell:
    """
    Wakes one task without making anybody wait: a thread of its own speaks to the broker, which may be slow or away.

    Rings that come while it speaks become one more message, so a storm of deliveries is not a storm of tasks.
    """

    def __init__(self, task: str, queue: str) -> None:
        self.task, self.queue = task, queue
        self._wanted, self._lock = Event(), Lock()
        self._thread: Thread | None = None

    def ring(self) -> None:
        """Never fails and never waits. Call it after the commit, or the worker looks too early."""
        self._wanted.set()
        if self._thread is None or not self._thread.is_alive():  # also in a process that was forked after the last ring
            with self._lock:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = Thread(target=self._listen, name=f"doorbell {self.task}", daemon=True)
                    self._thread.start()

    def _listen(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            try:
                current_app.send_task(self.task, queue=self.queue, retry=False, ignore_result=True)
            except (KombuError, OSError) as error:
                log.warning("doorbell_unanswered", task=self.task, error=type(error).__name__)


process = Doorbell("routing.tasks.process", "process")  # by name: what the worker imports is not ours to know
outbound = Doorbell("integrations.tasks.deliver", "outbound")
