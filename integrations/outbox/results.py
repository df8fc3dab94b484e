"""
Write down what became of an attempt, in one transaction, under the lease's token: nobody else's
result counts.
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
from integrations.outbox.links import AlreadyLinked, keep_link
from integrations.outbox.models import Attempt, Outbound
from integrations.outbox.rows import lock_objects, lock_work, write
from integrations.outbox.take import LeasedChange
from routing.kernel.queues import Lease, Patience, backoff_s, finish
from routing.kernel.retrying import again
from routing.people.actors import Actor

Outcome = Attempt.Outcome
PATIENCE = Patience(12, invited=120)  # some two hours, without an invitation
MAX_DIFFERS = 3  # sent, and then not found as it was sent: not a matter of patience
AFTER_REST_S = 1  # what failed comes back after those that only waited for the pause
WORDS = 300


@dataclass(slots=True)
class AttemptResult:
    """
    Result of an attempt.

    ``written`` is the remote object, also if a later step failed. ``earlier``: another attempt had
    done it.
    """

    written: Written | None = None
    earlier: bool = False
    differs: tuple[str, ...] = ()
    error: CallFailed | None = None
    consistency_delay_s: float = 0

    @property
    def outcome(self) -> Outcome:
        match self.error:
            case None:
                return (
                    Outcome.DIFFERS
                    if self.differs
                    else Outcome.FOUND
                    if self.earlier
                    else Outcome.DELIVERED
                )
            case CredentialsRefused():
                return Outcome.REFUSED
            case Conflict() | NotFound():
                return Outcome.CONFLICT
            case Unknown():
                return Outcome.UNKNOWN
            case Temporary():
                return Outcome.TEMPORARY
        return Outcome.PERMANENT

    @property
    def words(self) -> str:
        return (str(self.error) if self.error else " ".join(self.differs))[:WORDS]

    @property
    def status(self) -> int:
        return self.error.status if isinstance(self.error, Permanent) else 0

    @property
    def after_s(self) -> float:
        return self.error.after_s if isinstance(self.error, Temporary) else 0

    @property
    def found(self) -> dict[str, object]:
        seen = (
            {"remote_id": self.written.remote_id, "url": self.written.url} if self.written else {}
        )
        return {**seen, **({"differs": list(self.differs)} if self.differs else {})}


def record_result(taken: LeasedChange, result: AttemptResult, *, at: datetime) -> Outbound | None:
    """
    Record the result, and return the change as it is now, with its connection.

    Return None if another worker took the lease in the meantime; it will find what this one did.
    """
    return again(partial(_record_result, taken, result, at))


def _record_result(taken: LeasedChange, result: AttemptResult, at: datetime) -> Outbound | None:
    lease = taken.lease
    with transaction.atomic():
        # Its work and object never change, so they can be locked before the row is read.
        lock_work([taken.row])
        lock_objects([(taken.row.connection_id, taken.row.object_key)])
        row = finish(Outbound.objects.leased().select_related("connection__service_user"), lease)
        if row is not None:
            _move(row, result, at)
        _record(row or taken.row, lease, result, at, mine=row is not None)
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
    # Whoever took its place may have written it down as lost.
    Attempt.objects.bulk_create([attempt], ignore_conflicts=True)


def _move(row: Outbound, result: AttemptResult, at: datetime) -> None:
    by = Actor.of(row.connection.service_user)
    if result.written is not None:
        row.remote_id, row.url, row.evidence = (
            result.written.remote_id,
            result.written.url[:500],
            dict(result.written.evidence),
        )
    if result.error is None and not result.differs:
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
    if _is_final(row, result):
        _die(row, result, by, at)
    else:
        _again(row, result, at)
        _write(row)


def recent(row: Outbound) -> list[str]:
    """
    The outcomes of its earlier tries, newest first, since it was made or a person last let it be
    tried anew.
    """
    return list(
        row.tries.order_by("-number").values_list("outcome", flat=True)[: max(row.attempts - 1, 0)]
    )


def _is_final(row: Outbound, result: AttemptResult) -> bool:
    if result.outcome == Outcome.DIFFERS:
        return recent(row).count(Outcome.DIFFERS) + 1 >= MAX_DIFFERS
    if not isinstance(result.error, Temporary):
        return True
    return PATIENCE.is_spent(row.attempts, result.after_s)


def _again(row: Outbound, result: AttemptResult, at: datetime) -> None:
    paused_until = row.connection.paused_until
    rest_s = max((paused_until - at).total_seconds(), 0) if paused_until else 0
    # After the others that wait for the same rest: or the first of them would be asked each time,
    # and die for all.
    wait_s = max(result.after_s, rest_s + AFTER_REST_S, backoff_s(row.attempts, key=row.pk))
    if result.outcome == Outcome.TEMPORARY:
        row.retry(at=at, after=timedelta(seconds=wait_s))
    else:
        row.lose(at=at, after=timedelta(seconds=max(wait_s, result.consistency_delay_s)))


def _die(row: Outbound, result: AttemptResult, by: Actor, at: datetime) -> None:
    """It failed for good: a person is told, and what comes after it waits."""
    row.die(at=at)
    behind = Outbound.objects.filter(
        connection=row.connection_id,
        object_key=row.object_key,
        state=Outbound.State.PENDING,
        pk__gt=row.pk,
    )
    held = list(behind.select_for_update().order_by("pk"))
    for each in held:
        each.hold(at=at)
    write(held)
    _write(row)
    raise_case(row, result.outcome, result.status, at=at)
    outcomes.died(row, by, at)


def _write(row: Outbound) -> None:
    write([row], "remote_id", "url", "evidence", "delivered_at")
