"""
Record the result of an attempt.

The row changes only if its lease still has the attempt's token. Otherwise another worker has taken
the message, and this result does not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from integrations.base.adapter import (
    CallFailed,
    Conflict,
    CredentialsRefused,
    NotFound,
    Permanent,
    Temporary,
    Unknown,
    Written,
)
from integrations.outbox import outcomes
from integrations.outbox.cases import raise_case, withdraw_cases
from integrations.outbox.failing import watch_answers
from integrations.outbox.faults import MARK, own_fault
from integrations.outbox.links import AlreadyLinked, keep_link
from integrations.outbox.models import Attempt, Outbound
from integrations.outbox.rows import lock_objects, lock_work, write
from integrations.outbox.take import LeasedMessage
from routing.kernel.queues import Lease, Patience, backoff_s, finish
from routing.kernel.retrying import again
from routing.people.actors import Actor

Outcome = Attempt.Outcome
PATIENCE = Patience(12, invited=120)  # some two hours, unless the other side names a time
MAX_DIFFERS = 3  # attempts whose result differed from what was sent: more would not help
AFTER_REST_S = 1  # failed messages come back after those that only waited for the pause
MAX_ERROR = 300  # characters


@dataclass(slots=True)
class AttemptResult:
    """
    The result of an attempt.

    ``written`` is the external object, also if a later step failed. ``earlier`` is true if an
    earlier attempt had written it.
    """

    written: Written | None = None
    earlier: bool = False
    differs: tuple[str, ...] = ()
    error: CallFailed | None = None
    consistency_delay_s: float = 0

    @property
    def outcome(self) -> Outcome:
        if self.error is not None:
            return _outcome_of(self.error)
        if self.differs:
            return Outcome.DIFFERS
        return Outcome.FOUND if self.earlier else Outcome.DELIVERED

    @property
    def words(self) -> str:
        words = str(self.error) if self.error else " ".join(self.differs)
        return words[:MAX_ERROR]

    @property
    def status(self) -> int:
        return self.error.status if isinstance(self.error, Permanent | Temporary) else 0

    @property
    def after_s(self) -> float:
        return self.error.after_s if isinstance(self.error, Temporary) else 0

    @property
    def found(self) -> dict[str, object]:
        found: dict[str, object] = {}
        if self.written:
            found |= {"remote_id": self.written.remote_id, "url": self.written.url}
        if self.differs:
            found["differs"] = list(self.differs)
        if isinstance(self.error, Temporary) and self.error.of_object:
            found[MARK] = True
        return found


def _outcome_of(error: CallFailed) -> Outcome:
    match error:
        case CredentialsRefused():
            return Outcome.REFUSED
        case Conflict() | NotFound():
            return Outcome.CONFLICT
        case Unknown():  # before Temporary, which it is, too
            return Outcome.UNKNOWN
        case Temporary():
            return Outcome.TEMPORARY
    return Outcome.PERMANENT


def record_result(taken: LeasedMessage, result: AttemptResult, *, at: datetime) -> Outbound | None:
    """
    Record the result, and return the message as it is now, with its connection.

    Return None if another worker has taken the lease. That worker finds what this one wrote.
    """
    return again(partial(_record_result, taken, result, at))


def _record_result(taken: LeasedMessage, result: AttemptResult, at: datetime) -> Outbound | None:
    lease = taken.lease
    with transaction.atomic():
        # Work items and objects are locked before rows, as everywhere. A message never changes
        # them, so they can be read from the old row.
        lock_work([taken.row])
        lock_objects([(taken.row.connection_id, taken.row.object_key)])
        row = finish(Outbound.objects.leased().select_related("connection__service_user"), lease)
        if row is not None:
            _move(row, result, at)
        _record(row or taken.row, lease, result, at, mine=row is not None)
        if row is not None and row.state == Outbound.State.UNKNOWN:
            watch_answers(row.connection, at=at)
    return row


def _record(
    row: Outbound, lease: Lease, result: AttemptResult, at: datetime, *, mine: bool
) -> None:
    outcome = result.outcome if mine else Outcome.OVERTAKEN
    attempt = Attempt(
        outbound=row,
        number=lease.token,
        started_at=row.started_at or at,
        ended_at=at,
        outcome=outcome,
    )
    attempt.status, attempt.error, attempt.found = result.status, result.words, result.found
    # The worker that took its place may have recorded this attempt as lost.
    Attempt.objects.bulk_create([attempt], ignore_conflicts=True)


def _move(row: Outbound, result: AttemptResult, at: datetime) -> None:
    by = Actor.of(row.connection.service_user)
    if result.written is not None:
        row.remote_id = result.written.remote_id
        row.url = result.written.url[:500]
        row.evidence = dict(result.written.evidence)
    if result.error is None and not result.differs:
        # The link comes first: if the external object stands for other work, this is no success.
        try:
            keep_link(row, by=by, at=at)
        except AlreadyLinked as error:
            result.error = Conflict(str(error))
        else:
            row.deliver(at=at)
            _write(row)
            withdraw_cases(row, at=at)
            outcomes.delivered(row, by, at)
            return
    row.last_error = result.words
    if isinstance(result.error, Temporary):
        result.error = own_fault(row, result.error) or result.error
    if _is_final(row, result):
        _die(row, result, by, at)
    else:
        _again(row, result, at)
        _write(row)


def recent(row: Outbound) -> list[str]:
    """
    Return the outcomes of earlier attempts, newest first.

    A retry by a person sets ``attempts`` to 0, so older ones no longer count.
    """
    earlier = max(row.attempts - 1, 0)
    return list(row.tries.order_by("-number").values_list("outcome", flat=True)[:earlier])


def _is_final(row: Outbound, result: AttemptResult) -> bool:
    if result.outcome == Outcome.DIFFERS:
        return recent(row).count(Outcome.DIFFERS) + 1 >= MAX_DIFFERS
    if not isinstance(result.error, Temporary):
        return True
    return PATIENCE.is_spent(row.attempts, result.after_s)


def _again(row: Outbound, result: AttemptResult, at: datetime) -> None:
    paused_until = row.connection.paused_until
    rest_s = max((paused_until - at).total_seconds(), 0) if paused_until else 0
    # This message queues up behind the others that wait for the end of the pause. Otherwise the
    # same message would be the trial each time, and would use up its attempts.
    wait_s = max(result.after_s, rest_s + AFTER_REST_S, backoff_s(row.attempts, key=row.pk))
    if result.outcome == Outcome.TEMPORARY:
        row.retry(at=at, after=timedelta(seconds=wait_s))
        return
    # A program that answered has finished, so what it wrote can be seen at once.
    answered = isinstance(result.error, Temporary) and result.error.of_object
    settle_s = 0 if answered else result.consistency_delay_s
    row.lose(at=at, after=timedelta(seconds=max(wait_s, settle_s)))


def _die(row: Outbound, result: AttemptResult, by: Actor, at: datetime) -> None:
    """Fail the message permanently: block later ones of its object and raise an exception."""
    row.die(at=at)
    behind = Outbound.objects.filter(
        connection=row.connection_id,
        object_key=row.object_key,
        state=Outbound.State.PENDING,
        pk__gt=row.pk,
    )
    # The lock on the object keeps new messages out meanwhile: they see the failure and are held.
    held = list(behind.select_for_update().order_by("pk"))
    for each in held:
        each.hold(at=at)
    write(held)
    _write(row)
    raise_case(row, result.outcome, result.status, at=at)
    outcomes.died(row, by, at)


def _write(row: Outbound) -> None:
    write([row], "remote_id", "url", "evidence", "delivered_at")
