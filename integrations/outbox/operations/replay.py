"""Operations on messages: retry a failed one, or discard one that is no longer wanted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from integrations.base import doorbell
from integrations.base.connections import Connection
from integrations.outbox import outcomes
from integrations.outbox.cases import refused_dead, withdraw_cases
from integrations.outbox.heads import calls_about, calls_for, heads, settled
from integrations.outbox.models import Attempt, Outbound
from integrations.outbox.rows import lock_objects, lock_work, write
from routing.kernel.retrying import again
from routing.kernel.roles import AUDITOR, INTEGRATIONS, OPS, grant
from routing.kernel.transitions import verb_of
from routing.people.actors import Actor
from routing.people.saving import save_with_reason, tell
from routing.work.door import OperationResult
from routing.work.gates import GONE, GateResult, refused

grant("integrations.view_outbound", OPS, INTEGRATIONS, AUDITOR)
grant("integrations.view_attempt", OPS, INTEGRATIONS, AUDITOR)
grant("integrations.replay_outbound", OPS, INTEGRATIONS, name="Can retry failed outbox messages")
grant("integrations.discard_outbound", INTEGRATIONS, name="Can discard outbox messages")

State = Outbound.State
REPLAYABLE = verb_of(Outbound, "replay").sources
DISCARDABLE = verb_of(Outbound, "discard").sources


def replay(ids: Sequence[int], *, by: Actor, at: datetime, reason: str) -> list[OperationResult]:
    """
    Retry failed messages and release those that were blocked by them.

    Returns one ``OperationResult`` for each id.

    :raises PermissionDenied: if ``by`` may not retry messages
    """
    by.require("integrations.replay_outbound", to="retry outbox messages")
    return send_again(ids, by=by, at=at, reason=reason)


def send_again(
    ids: Sequence[int], *, by: Actor, at: datetime, reason: str
) -> list[OperationResult]:
    """
    Retry failed messages without asking for the permission: their exception was resolved.
    """

    def each(row: Outbound) -> None:
        row.replay(at=at)
        _keep(row, by, at, reason, "replay")
        outcomes.replayed(row, by, at)

    return again(lambda: _apply(ids, REPLAYABLE, each, at, reason))


def resume(connection: Connection, *, by: Actor, at: datetime) -> list[OperationResult]:
    """
    Try a connection again at once, after new credentials or because a person says it is fixed.

    Retries what refused credentials failed, and ends every wait for the pause. One message goes
    first. When it has been answered, the rest follow, a few per second.
    """
    # A pause that ends now, so that the connection is called by one message at a time.
    row = Connection.objects.filter(pk=connection.pk)
    row.update(paused_until=at, failing=[], failing_since=None)
    waiting = Outbound.objects.filter(connection=connection, due_at__gt=at)
    waiting.filter(state=State.RETRYING).update(due_at=at)
    # What a lost answer may have written is looked for only once it can surely be seen.
    lately = Attempt.objects.filter(outbound=OuterRef("pk"), ended_at__gt=at - settled(connection))
    waiting.filter(~Exists(lately), state=State.UNKNOWN).update(due_at=at)
    ids = list(refused_dead(connection).order_by("pk").values_list("pk", flat=True))
    results = []
    if ids:
        results = send_again(ids, by=by, at=at, reason="The connection is tried again.")
    first = (
        heads(at)
        .filter(connection=connection)
        .select_related("connection")
        .order_by("due_at", "pk")[:1]
    )
    transaction.on_commit(partial(doorbell.outbound.ring, calls_for(first, at)))
    return results


def discard(ids: Sequence[int], *, by: Actor, at: datetime, reason: str) -> list[OperationResult]:
    """
    Discard messages that are not delivered and release those that were blocked by them.

    What an attempt wrote stays. Returns one ``OperationResult`` for each id.

    :raises PermissionDenied: if ``by`` may not discard messages
    """
    by.require("integrations.discard_outbound", to="discard outbox messages")
    return give_up(ids, by=by, at=at, reason=reason)


def give_up(
    ids: Sequence[int], *, by: Actor, at: datetime, reason: str, replaced: bool = False
) -> list[OperationResult]:
    """
    Discard messages without asking for the permission: their work is cancelled or done again.

    :param replaced: a new message takes the place of these, so no callback runs
    """

    def each(row: Outbound) -> None:
        row.discard(at=at)
        _keep(row, by, at, reason, "discard")
        if not replaced:
            outcomes.discarded(row, by, at)
        withdraw_cases(row, at=at)

    return again(lambda: _apply(ids, DISCARDABLE, each, at, reason))


def _apply(
    ids: Sequence[int],
    states: Collection[str],
    each: Callable[[Outbound], None],
    at: datetime,
    reason: str,
) -> list[OperationResult]:
    with transaction.atomic():
        # Work items, then objects, then rows: the order in which a worker records a result, too.
        seen = list(Outbound.objects.filter(pk__in=ids))
        lock_work(seen)
        lock_objects({(row.connection_id, row.object_key) for row in seen})
        locked = (
            Outbound.objects.select_related("connection", "item", "run__item")
            .select_for_update(of=("self",))
            .order_by("pk")
        )
        rows = {row.pk: row for row in locked.filter(pk__in=ids)}
        results = []
        for pk in dict.fromkeys(ids):
            refusals = _refusals(rows.get(pk), states, reason)
            if not refusals:
                each(rows[pk])
            results.append(OperationResult(pk, not refusals, refusals, rows.get(pk)))
        _free([rows[result.id] for result in results if result.done], at)
        calls = calls_about({(row.connection_id, row.object_key) for row in seen}, at)
        transaction.on_commit(partial(doorbell.outbound.ring, calls))
    return results


def _refusals(row: Outbound | None, states: Collection[str], reason: str) -> tuple[GateResult, ...]:
    if row is None:
        return (GONE,)
    found = []
    if row.state not in states:
        found.append(
            refused("state", _("Not allowed in this state."), evidence=str(State(row.state).label))
        )
    if not reason.strip():
        found.append(refused("reason", _("Enter a reason.")))
    return tuple(found)


def _keep(row: Outbound, by: Actor, at: datetime, reason: str, verb: str) -> None:
    save_with_reason(row, by=by, at=at, reason=reason)
    tell(f"integrations.outbound.{verb}", row.pk, by=by, at=at)


def _free(resolved: Sequence[Outbound], at: datetime) -> None:
    """Release the blocked messages of objects without any failed message left."""
    objects = {(row.connection_id, row.object_key) for row in resolved}
    of = {
        "connection__in": {connection for connection, _ in objects},
        "object_key__in": {key for _, key in objects},
    }
    still = set(Outbound.objects.dead().filter(**of).values_list("connection_id", "object_key"))
    held = Outbound.objects.filter(state=State.HELD, **of).select_for_update().order_by("pk")
    freed = [row for row in held if (row.connection_id, row.object_key) in objects - still]
    for row in freed:
        row.free(at=at)
    write(freed)
