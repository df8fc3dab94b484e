"""
Make one attempt: take the message, look for the object, write it, read it back.

The calls are made outside any transaction. The result is recorded in a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from integrations.adapters.registry import adapter_of
from integrations.base.adapter import (
    CallFailed,
    OutboxMessage,
    Permanent,
    Temporary,
    Unknown,
    Writer,
    Written,
)
from integrations.base.doorbell import Call
from integrations.base.health import watched
from integrations.http.client import TOTAL_S
from integrations.http.network import within
from integrations.outbox.assets import NoSuchFile
from integrations.outbox.faults import hasten
from integrations.outbox.heads import calls_after, heads, lane, release
from integrations.outbox.heartbeat import EVERY_S
from integrations.outbox.messages import message_of
from integrations.outbox.models import Attempt, Outbound
from integrations.outbox.results import AttemptResult, recent, record_result
from integrations.outbox.take import LeasedMessage, attempt_s, take
from routing.kernel.isolate import isolate

Clock = Callable[[], datetime]
AT_A_STRETCH = timedelta(seconds=20)
MOST = 200  # messages in one round of deliver_due
STILL = _("The worker stopped. Sent again once the earlier attempt can no longer arrive.")
MAX_DEATHS = 5  # of workers in a row, without an answer: then the message itself kills them


@dataclass(frozen=True, slots=True)
class Done:
    """
    What a worker does next.

    ``calls`` are sent to workers now. ``wait_s`` is the time until the message itself is due again,
    in ``queue``, or None if it is finished or another worker has it.
    """

    calls: Sequence[Call] = ()
    wait_s: float | None = None
    queue: str = ""


def deliver(
    outbound_id: int, *, clock: Clock, worker: UUID | None = None, queue: str = ""
) -> Done | None:
    """
    Make one attempt if the message may be sent now, or return None.

    It may run twice, or in several workers at once, and it may be killed at any time.

    :param clock: returns the current time, aware; it is read again after the call, which takes time
    :param worker: see `take`
    :param queue: see `take`
    """
    taken = take(outbound_id, at=clock(), worker=worker, queue=queue)
    if taken is None:
        return None
    if isinstance(taken, Call):
        return Done([taken])
    attempt = _Attempt(taken, clock)
    isolate(attempt.make, [outbound_id], attempt.broke)
    row = attempt.written
    if row is None:  # another worker has the lease now, and continues
        return Done()
    at = clock()
    # The first answer after a pause ends it, and then the waiting messages are released.
    resumed = taken.row.connection.paused_until is not None and row.connection.paused_until is None
    calls = release(row.connection, at) if resumed else calls_after(row, at)
    if taken.row.connection.failures and row.state == Outbound.State.DELIVERED:
        calls += hasten(row, at=at)
    wait_s = (row.due_at - at).total_seconds() if row.state in Outbound.tried_again else None
    return Done(calls, wait_s, lane(row.connection))


def deliver_due(*, clock: Clock) -> int:
    """
    Deliver in this process until nothing is due, but not for long.

    Returns the number of attempts.
    """
    tried, until = 0, clock() + AT_A_STRETCH
    while clock() <= until:
        due = heads(clock()).order_by("due_at", "pk").values_list("pk", flat=True)[:MOST]
        made = sum(deliver(pk, clock=clock) is not None for pk in list(due))
        if not made:
            break
        tried += made
    return tried


class _Attempt:
    """
    One attempt.

    ``written`` is the message as the attempt left it, or None if the lease was lost.
    """

    def __init__(self, taken: LeasedMessage, clock: Clock) -> None:
        self._taken, self._clock = taken, clock
        self.written: Outbound | None = None

    def make(self, _ids: Sequence[int]) -> int:
        row, result = self._taken.row, AttemptResult()
        try:
            if _deaths(recent(row)) >= MAX_DEATHS:
                raise Permanent("Every worker that tried this died.")
            # The deadline ends before the lease, so that no call outlives the right to record it.
            watch = watched(row.connection, self._clock, about=row.object_key)
            with watch, within(attempt_s(row)):
                _send(self._taken, result, self._clock)
        except CallFailed as error:
            result.error = error
        self.written = record_result(self._taken, result, at=self._clock())
        return 1

    def broke(self, _id: int, why: str) -> None:
        """Record an unexpected error. The write may have happened, so the result is unknown."""
        self.written = record_result(
            self._taken, AttemptResult(error=Unknown(why)), at=self._clock()
        )


def _deaths(outcomes: Sequence[str]) -> int:
    """
    Count the workers that died over the message since the last answer.

    After a death, the next attempt may only have looked, which ends as unknown.
    """
    silent = takewhile(
        lambda outcome: outcome in {Attempt.Outcome.LOST, Attempt.Outcome.UNKNOWN}, outcomes
    )
    return list(silent).count(Attempt.Outcome.LOST)


def _send(taken: LeasedMessage, result: AttemptResult, clock: Clock) -> None:
    """
    Make the calls of one attempt.

    ``result`` is filled in step by step. So the written object is known even if reading it back
    fails.

    :raises CallFailed: if a call fails
    """
    row = taken.row
    adapter = adapter_of(row.connection.kind)
    writer = adapter.writer(row.connection) if adapter else None
    if writer is None:
        raise Permanent("This kind of connection cannot be written to.")
    try:
        message, known = message_of(row)
    except NoSuchFile as error:
        raise Permanent(str(error)) from None
    result.consistency_delay_s = writer.consistency_delay_s
    with writer:
        if row.look_first or known is None:
            found = writer.find(message)
            if found is not None and row.look_first and not writer.read_back(message, found):
                result.written, result.earlier = found, True
                return
            known = known or found
            if known is None and (left_s := _may_still_arrive_s(taken, writer, clock())) > 0:
                result.error = Unknown(str(STILL), left_s)
                return
        result.written = writer.write(message, known)
        result.differs = tuple(_read_back(writer, message, result.written))


def _may_still_arrive_s(taken: LeasedMessage, writer: Writer, at: datetime) -> float:
    """
    Return how long a dead worker's last request may still take effect.

    Until then, an object that is not found must not be created: there could be two in the end.
    """
    if taken.died_at is None:
        return 0
    sent = timedelta(seconds=EVERY_S + TOTAL_S + writer.consistency_delay_s)
    return (taken.died_at + sent - at).total_seconds()


def _read_back(writer: Writer, message: OutboxMessage, written: Written) -> Sequence[str]:
    """:raises Unknown: instead of Temporary, because the write has happened"""
    try:
        return writer.read_back(message, written)
    except Temporary as error:
        raise Unknown(
            str(error), error.after_s, status=error.status, of_object=error.of_object
        ) from None
