"""Ring for a worker. The work is a row already; if nobody hears, the next sweep finds it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event, Lock, Thread

import structlog
from celery import current_app
from kombu.exceptions import KombuError

log = structlog.get_logger(__name__)


class Bell(ABC):
    """
    Sends messages without making anybody wait: a thread of its own speaks to the broker, which may
    be slow or away.

    Nothing here ever fails. Ring after the commit, or the worker looks too early.
    """

    def __init__(self, task: str) -> None:
        self.task = task
        self._wanted, self._lock = Event(), Lock()
        self._thread: Thread | None = None

    def _wake(self) -> None:
        self._wanted.set()
        if (
            self._thread is None or not self._thread.is_alive()
        ):  # also in a process that was forked after the last ring
            with self._lock:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = Thread(
                        target=self._listen, name=f"doorbell {self.task}", daemon=True
                    )
                    self._thread.start()

    def _listen(self) -> None:
        while True:
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

    Rings that come while it speaks become one more message: a storm of deliveries is not one of
    tasks.
    """

    def __init__(self, task: str, queue: str) -> None:
        super().__init__(task)
        self.queue = queue

    def ring(self) -> None:
        self._wake()

    def _send(self) -> None:
        current_app.send_task(self.task, queue=self.queue, retry=False, ignore_result=True)


@dataclass(frozen=True, slots=True)
class Call:
    """
    A message for one outgoing change: in which queue, and in how many seconds, a minute at most.
    """

    outbound_id: int
    queue: str
    after_s: float = 0


class ChangeBell(Bell):
    """
    Sends a task for each change.

    The first error of the broker drops the rest: beat finds their rows.
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
            # By name, as a worker of the version before takes any argument by name and then sends
            # all that is due.
            current_app.send_task(
                self.task,
                kwargs={"outbound_id": call.outbound_id},
                queue=call.queue,
                retry=False,
                ignore_result=True,
                countdown=call.after_s or None,
            )


# By name: what the worker imports is not ours to know.
process = Doorbell("routing.tasks.process", "process")
outbound = ChangeBell("integrations.tasks.deliver")
