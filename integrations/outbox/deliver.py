"""Carry out what is leased: look there, write, read back. Outside any transaction; what became of it is settled apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from integrations.adapters.registry import adapter_of
from integrations.base.adapter import CallFailed, Intent, Permanent, Temporary, Unknown, Writer, Written
from integrations.base.health import watched
from integrations.outbox.assets import NoSuchFile
from integrations.outbox.claim import Lease, claim, lease_of
from integrations.outbox.intents import intent_of
from integrations.outbox.models import Attempt, Outbound
from integrations.outbox.settle import Result, recent, settle
from routing.kernel.isolate import isolate

Clock = Callable[[], datetime]
NOW = timedelta()
AT_A_STRETCH = timedelta(seconds=20)  # then other tasks have their turn; the next tick goes on
MAX_DEATHS = 5  # of workers, one after the other: it is the intent that kills them


def deliver_due(*, clock: Clock) -> int:
    """
    Deliver until nothing is due that may be sent, or for a while; how many were tried. Safe at once, twice, and to be killed.

    :param clock: says the instant, aware; asked anew for each attempt, because the other side takes its time
    """
    tried, until = 0, clock() + AT_A_STRETCH
    while clock() <= until and (leases := claim(at=clock())):
        tried += sum(isolate(partial(_one, lease, clock), [lease.outbound_id], partial(_broke, lease, clock)) for lease in leases)
    return tried


def _one(lease: Lease, clock: Clock, _ids: Sequence[int]) -> int:
    row = _begin(lease, clock())
    if row is None:
        return 0
    result = Result()
    try:
        if recent(row)[:MAX_DEATHS] == [Attempt.Outcome.LOST] * MAX_DEATHS:
            raise Permanent("Every worker that tried it died.")
        with watched(row.connection, clock):
            _attempt(row, result)
    except CallFailed as error:
        result.error = error
    settle(lease, result, at=clock())
    return 1


def _broke(lease: Lease, clock: Clock, _id: int, why: str) -> None:
    """An error that nobody foresaw: it may have been done all the same."""
    settle(lease, Result(error=Unknown(why)), at=clock())


def _begin(lease: Lease, at: datetime) -> Outbound | None:
    """
    The leased row, with a fresh lease for this attempt; None when the lease was lost, or the other side rests meanwhile.

    What must not be called now is given back: that was no attempt.
    """
    row = Outbound.objects.select_related("connection").get(pk=lease.outbound_id)
    mine = Outbound.objects.filter(pk=row.pk, lease=lease.token, state=Outbound.State.LEASED)
    connection, paused_until = row.connection, row.connection.paused_until
    if connection.is_paused(at) or not connection.is_active:
        row.retry(at=paused_until if paused_until and paused_until > at else at, after=NOW)
        mine.update(state=row.state, due_at=row.due_at, leased_until=None)
        return None
    until = at + lease_of(row)
    row.attempts, row.begun_at = row.attempts + 1, row.begun_at or at
    kept = mine.update(attempts=row.attempts, started_at=at, leased_until=until, due_at=until, begun_at=row.begun_at)
    return row if kept else None


def _attempt(row: Outbound, result: Result) -> None:
    """
    One try; ``result`` is filled in on the way, so that what was written is known even if reading it back fails.

    :raises CallFailed: when the other side does not answer as it should
    """
    adapter = adapter_of(row.connection.kind)
    writer = adapter.writer(row.connection) if adapter else None
    if writer is None:
        raise Permanent("Nothing is ever written to this kind of connection.")
    try:
        intent, known = intent_of(row)
    except NoSuchFile as error:
        raise Permanent(str(error)) from None
    result.settle_s = writer.settle_s
    if row.look_first or known is None:
        found = writer.find(intent)
        if found is not None and row.look_first and not writer.read_back(intent, found):
            result.written, result.earlier = found, True
            return
        known = known or found
    result.written = writer.write(intent, known)
    result.differs = tuple(_read_back(writer, intent, result.written))


def _read_back(writer: Writer, intent: Intent, written: Written) -> Sequence[str]:
    """:raises Unknown: instead of Temporary, because it was written already"""
    try:
        return writer.read_back(intent, written)
    except Temporary as error:
        raise Unknown(str(error), error.after_s) from None
