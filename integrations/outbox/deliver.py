"""
Make one attempt: take the change, look there, write, read back. Outside any transaction; what
became of it is recorded apart.
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
from integrations.outbox.heads import calls_after, heads, lane, release
from integrations.outbox.heartbeat import EVERY_S
from integrations.outbox.messages import intent_of
from integrations.outbox.models import Attempt, Outbound
from integrations.outbox.results import AttemptResult, recent, record_result
from integrations.outbox.take import LeasedChange, attempt_s, take
from routing.kernel.isolate import isolate

Clock = Callable[[], datetime]
AT_A_STRETCH = timedelta(seconds=20)
MOST = 200  # changes that a round of deliver_due looks at
STILL = _("The worker stopped. Sent again once the earlier attempt can no longer arrive.")
MAX_DEATHS = 5  # of workers, without an answer between: it is the intent that kills them
WAITING = frozenset({Outbound.State.RETRYING, Outbound.State.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Done:
    """
    A message for a change has been dealt with.

    ``calls`` are to be sent to workers now. ``wait_s`` is how long until the change itself is due
    again, in ``queue``; None if it is finished or no longer ours.
    """

    calls: Sequence[Call] = ()
    wait_s: float | None = None
    queue: str = ""


def deliver(
    outbound_id: int, *, clock: Clock, worker: UUID | None = None, queue: str = ""
) -> Done | None:
    """
    Make one attempt, if the change may be sent now; None if not. Safe at once, twice, and to be
    killed.

    :param clock: says the instant, aware; asked anew after the call, because the other side takes
        its time
    :param worker: see `take`
    :param queue: see `take`
    """
    taken = take(outbound_id, at=clock(), worker=worker, queue=queue)
    if taken is None:
        return None
    if isinstance(taken, Call):
        return Done([taken])
    attempt = _Try(taken, clock)
    isolate(attempt.make, [outbound_id], attempt.broke)
    row = attempt.written
    if row is None:  # whoever holds the lease now sees to the rest
        return Done()
    at = clock()
    resumed = taken.row.connection.paused_until is not None and row.connection.paused_until is None
    calls = release(row.connection, at) if resumed else calls_after(row, at)
    wait_s = (row.due_at - at).total_seconds() if row.state in WAITING else None
    return Done(calls, wait_s, lane(row.connection))


def deliver_due(*, clock: Clock) -> int:
    """
    Deliver in this process until nothing is due that may be sent, or for a while; returns how many
    attempts were made.
    """
    tried, until = 0, clock() + AT_A_STRETCH
    while clock() <= until:
        due = heads(clock()).order_by("due_at", "pk").values_list("pk", flat=True)[:MOST]
        made = sum(deliver(pk, clock=clock) is not None for pk in list(due))
        if not made:
            break
        tried += made
    return tried


class _Try:
    """
    One attempt. ``written`` is the change as the attempt left it; None if its lease was lost
    meanwhile.
    """

    def __init__(self, taken: LeasedChange, clock: Clock) -> None:
        self._taken, self._clock = taken, clock
        self.written: Outbound | None = None

    def make(self, _ids: Sequence[int]) -> int:
        row, result = self._taken.row, AttemptResult()
        try:
            if _deaths(recent(row)) >= MAX_DEATHS:
                raise Permanent("Every worker that tried this died.")
            with watched(row.connection, self._clock), within(attempt_s(row)):
                _attempt(self._taken, result, self._clock)
        except CallFailed as error:
            result.error = error
        self.written = record_result(self._taken, result, at=self._clock())
        return 1

    def broke(self, _id: int, why: str) -> None:
        """Record an error that nobody foresaw: it may have been done all the same."""
        self.written = record_result(
            self._taken, AttemptResult(error=Unknown(why)), at=self._clock()
        )


def _deaths(outcomes: Sequence[str]) -> int:
    """
    Count the workers that died over it since the last answer; between two deaths an attempt may
    only have looked.
    """
    silent = takewhile(
        lambda outcome: outcome in {Attempt.Outcome.LOST, Attempt.Outcome.UNKNOWN}, outcomes
    )
    return list(silent).count(Attempt.Outcome.LOST)


def _attempt(taken: LeasedChange, result: AttemptResult, clock: Clock) -> None:
    """
    One try; ``result`` is filled in on the way, so that what was written is known even if reading
    it back fails.

    :raises CallFailed: when the other side does not answer as it should
    """
    row = taken.row
    adapter = adapter_of(row.connection.kind)
    writer = adapter.writer(row.connection) if adapter else None
    if writer is None:
        raise Permanent("This kind of connection cannot be written to.")
    try:
        intent, known = intent_of(row)
    except NoSuchFile as error:
        raise Permanent(str(error)) from None
    result.consistency_delay_s = writer.consistency_delay_s
    if row.look_first or known is None:
        found = writer.find(intent)
        if found is not None and row.look_first and not writer.read_back(intent, found):
            result.written, result.earlier = found, True
            return
        known = known or found
        if known is None and (left_s := _may_still_arrive_s(taken, writer, clock())) > 0:
            result.error = Unknown(str(STILL), left_s)
            return
    result.written = writer.write(intent, known)
    result.differs = tuple(_read_back(writer, intent, result.written))


def _may_still_arrive_s(taken: LeasedChange, writer: Writer, at: datetime) -> float:
    """
    How long what a dead worker sent last may still appear there: until then, what is not there must
    not be made again.
    """
    if taken.died_at is None:
        return 0
    sent = timedelta(seconds=EVERY_S + TOTAL_S + writer.consistency_delay_s)
    return (taken.died_at + sent - at).total_seconds()


def _read_back(writer: Writer, intent: OutboxMessage, written: Written) -> Sequence[str]:
    """:raises Unknown: instead of Temporary, because it was written already"""
    try:
        return writer.read_back(intent, written)
    except Temporary as error:
        raise Unknown(str(error), error.after_s) from None
