"""
Wake a worker.

The work is a row already, so a lost call costs only time: the next sweep finds the row.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Event, Lock, Thread
from time import sleep

import structlog
from celery import current_app
from kombu.exceptions import KombuError

# A task that finds one event costs a worker about as much as one that finds twenty. In a storm of
# webhooks, a task for each would take the processors from the web.
PAUSE_S = 0.1

log = structlog.get_logger(__name__)


class Bell(ABC):
    """
    Sends tasks from a thread of its own, because the broker may be slow or away.

    Ringing never waits and never fails. Ring after the commit, or the worker may look too early.
    """

    def __init__(self, task: str) -> None:
        self.task = task
        self._wanted, self._lock = Event(), Lock()
        self._thread: Thread | None = None

    def _wake(self) -> None:
        self._wanted.set()
        # A process that was forked after the last ring has this object, but not its thread.
        if self._thread is None or not self._thread.is_alive():
            with self._lock:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = Thread(
                        target=self._listen, name=f"doorbell {self.task}", daemon=True
                    )
                    self._thread.start()

    def _listen(self) -> None:
        while True:
            # Cleared before sending, so that a ring during the send is not lost.
            self._wanted.wait()
            self._wanted.clear()
            try:
                self._send()
            except (KombuError, OSError) as error:
                log.warning("doorbell_unanswered", task=self.task, error=type(error).__name__)

    @abstractmethod
    def _send(self) -> None:
        """:raises KombuError: if the broker is away"""


class Doorbell(Bell):
    """
    Wakes one task.

    The first ring sends it at once. Rings during the send and ``PAUSE_S`` after it are merged into
    one more task, so a storm of webhooks causes few tasks, and each finds many events.
    """

    def __init__(self, task: str, queue: str) -> None:
        super().__init__(task)
        self.queue = queue

    def ring(self) -> None:
        self._wake()

    def _send(self) -> None:
        current_app.send_task(self.task, queue=self.queue, retry=False, ignore_result=True)
        sleep(PAUSE_S)  # in the bell's own thread: nobody waits for it


@dataclass(frozen=True, slots=True)
class Call:
    """
    A task for one outbox message, in a queue and after some seconds.

    The delay is a minute at most. A longer wait stays in the row.
    """

    outbound_id: int
    queue: str
    after_s: float = 0


class OutboxBell(Bell):
    """
    Sends a task for each outbox message.

    At the first error of the broker, the rest is dropped. Beat finds their rows.
    """

    def __init__(self, task: str) -> None:
        super().__init__(task)
        self._calls: dict[int, Call] = {}
        self._listing = Lock()

    def ring(self, calls: Sequence[Call]) -> None:
        if not calls:
            return
        with self._listing:
            self._calls.update({call.outbound_id: call for call in calls})
        self._wake()

    def _send(self) -> None:
        with self._listing:
            calls, self._calls = self._calls, {}
        for call in calls.values():
            # A keyword argument: a worker of the previous version ignores it and sends what is due.
            current_app.send_task(
                self.task,
                kwargs={"outbound_id": call.outbound_id},
                queue=call.queue,
                retry=False,
                ignore_result=True,
                countdown=call.after_s or None,
            )


class ReadingBell(Bell):
    """
    Sends a task for each connection that is to be read.

    Rings during the send and ``PAUSE_S`` after it are merged, as by `Doorbell`.
    """

    def __init__(self, task: str) -> None:
        super().__init__(task)
        self._queues: dict[str, str] = {}
        self._listing = Lock()

    def ring(self, queues: Mapping[str, str]) -> None:
        """:param queues: the queue of each connection, by its slug"""
        if not queues:
            return
        with self._listing:
            self._queues.update(queues)
        self._wake()

    def _send(self) -> None:
        with self._listing:
            queues, self._queues = self._queues, {}
        for source, queue in queues.items():
            current_app.send_task(
                self.task, kwargs={"source": source}, queue=queue, retry=False, ignore_result=True
            )
        sleep(PAUSE_S)  # in the bell's own thread: nobody waits for it


# Tasks are named by strings, because the modules of the tasks import this one.
process = Doorbell("routing.tasks.process", "process")
outbound = OutboxBell("integrations.tasks.deliver")
reading = ReadingBell("integrations.tasks.read")
