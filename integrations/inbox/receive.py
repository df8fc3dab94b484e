"""Store a webhook and capture its events, in one transaction and before it is acknowledged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import transaction
from psycopg.types.json import Jsonb

from integrations.base.adapter import Adapter, Delivery, Ignored, Part, Poison, UnreadableBody
from integrations.base.connections import Connection
from integrations.base.typed import clean
from integrations.inbox.echoes import mark_echoes
from integrations.inbox.erased import named_in, without_erased
from integrations.inbox.models import Inbound
from routing.kernel.sql import run
from routing.kernel.tables import insert_into
from routing.people.actors import Actor
from routing.runs.operations.capture import Capture, Signal, capture, capture_new

CONFLICT = "conflicting_duplicate"
MAX_PROBLEMS = 50
MAX_HEADER = 200  # characters


@dataclass(frozen=True, slots=True)
class PartResult:
    """
    The result of one part of a webhook, by its position (from 0).

    ``became`` is new, repeated, conflict, ignored or poison. ``reason`` is a code for the last
    three. ``event_id`` is the event with this key. In a conflict, that event stays as it was.
    """

    place: int
    became: str
    reason: str = ""
    kind: str = ""
    subject_type: str = ""
    subject_id: str = ""
    dedupe_key: str = ""
    event_id: int | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    inbound_id: int
    state: str
    reason: str
    outcomes: tuple[PartResult, ...]

    def count(self, became: str) -> int:
        return sum(outcome.became == became for outcome in self.outcomes)

    @property
    def conflicts(self) -> tuple[PartResult, ...]:
        return tuple(outcome for outcome in self.outcomes if outcome.became == Capture.CONFLICT)


_ROW = {
    "connection_id": "%(connection)s::bigint",
    "received_at": "%(received)s::timestamptz",
    "last_received_at": "%(received)s::timestamptz",
    "headers": "%(headers)s::jsonb",
    "raw": "%(raw)s::bytea",
    "sha256": "%(sha256)s",
    "state": "%(state)s",
    "captured": "%(captured)s::int",
    "repeated": "%(repeated)s::int",
    "conflicting": "%(conflicting)s::int",
    "ignored": "%(ignored)s::int",
    "poison": "%(poison)s::int",
    "reason": "%(reason)s",
    "problems": "%(problems)s::jsonb",
}
# A repeated body counts, but is not stored again. GREATEST, because the sender's retries can be
# handled out of order.
_AGAIN = """
    ON CONFLICT (connection_id, sha256) DO UPDATE SET
        deliveries = known.deliveries + 1,
        last_received_at = GREATEST(known.last_received_at, EXCLUDED.last_received_at),
        captured = known.captured + EXCLUDED.captured,
        repeated = known.repeated + EXCLUDED.repeated,
        conflicting = EXCLUDED.conflicting, ignored = EXCLUDED.ignored, poison = EXCLUDED.poison,
        state = EXCLUDED.state, reason = EXCLUDED.reason, problems = EXCLUDED.problems
    RETURNING id"""
STORE = f"{insert_into(Inbound, '', alias='known', **_ROW)} {_AGAIN}"
BESIDE = f"{insert_into(Inbound, 'kept', alias='known', **_ROW)} {_AGAIN}"


def receive(
    connection: Connection, adapter: Adapter, delivery: Delivery, *, at: datetime
) -> Receipt:
    """
    Store a genuine webhook and capture its events, completely or not at all.

    Repeating a webhook has no further effect. Parts that cannot be read are recorded with a reason.
    Everything is committed when this returns.
    """
    unreadable = ""
    try:
        parts = mark_echoes(adapter.parts(delivery, connection, at), connection, adapter)
    except UnreadableBody as error:
        parts, unreadable = [], error.reason
    by = Actor.of(connection.service_user)
    if len(parts) == 1 and isinstance(parts[0], Signal) and not unreadable:
        receipt = _receive_new(connection, adapter, delivery, parts[0], by=by, at=at)
        if receipt is not None:
            return receipt
    with transaction.atomic():
        parts, kept_body = without_erased(parts, delivery.body)
        outcomes = tuple(_capture(parts, by=by, at=at))
        if unreadable:
            outcomes = (PartResult(0, "poison", unreadable),)
        return _store(connection, adapter, delivery, outcomes, at, kept_body)


def read_again(row: Inbound, adapter: Adapter, *, at: datetime) -> int:
    """
    Capture what can be read of a webhook now, and return how many events are new.

    Events that were captured before stay as they are. What is still unreadable is settled.

    :param row: locked, with its connection
    """
    delivery = Delivery("POST", row.connection.hook_url, row.headers, bytes(row.raw))
    by = Actor.of(row.connection.service_user)
    try:
        parts = mark_echoes(
            adapter.parts(delivery, row.connection, row.received_at), row.connection, adapter
        )
        parts, row.raw = without_erased(parts, delivery.body)
        outcomes = tuple(_capture(parts, by=by, at=at))
    except UnreadableBody as error:
        outcomes = (PartResult(0, "poison", error.reason),)
    counts = Counter(outcome.became for outcome in outcomes)
    problems = [outcome for outcome in outcomes if outcome.reason]
    row.captured += counts["new"]
    row.repeated += counts["repeated"]
    row.conflicting, row.ignored, row.poison = (
        counts["conflict"],
        counts["ignored"],
        counts["poison"],
    )
    row.state, row.reason = _state(counts), _reason(problems)
    row.problems = _listed(problems)
    row.settled_at = at if row.poison else None
    row.save()
    return counts["new"]


def _receive_new(
    connection: Connection,
    adapter: Adapter,
    delivery: Delivery,
    signal: Signal,
    *,
    by: Actor,
    at: datetime,
) -> Receipt | None:
    """
    Store a webhook with one new event, or return None if its event is not new or names somebody
    who was erased.

    Most webhooks are like this, so one statement without an explicit transaction does it all.
    """
    outcome = PartResult(
        0, Capture.NEW, "", signal.kind, signal.subject_type, signal.subject_id, signal.dedupe_key
    )
    state, reason, values = _row(connection, adapter, delivery, (outcome,), at)
    named = sorted(named_in(signal.body))
    kept = capture_new(signal, by=by, at=at, beside=BESIDE, values=values, named=named)
    if not kept:
        return None
    event_id, inbound_id = kept
    return Receipt(inbound_id, state, reason, (replace(outcome, event_id=event_id),))


def _capture(parts: Sequence[Part], *, by: Actor, at: datetime) -> Iterator[PartResult]:
    captured = iter(capture([part for part in parts if isinstance(part, Signal)], by=by, at=at))
    for place, part in enumerate(parts):
        match part:
            case Ignored(reason):
                yield PartResult(place, "ignored", reason)
            case Poison(reason):
                yield PartResult(place, "poison", reason)
            case Signal():
                kept = next(captured)
                reason = CONFLICT if kept.outcome is Capture.CONFLICT else ""
                yield PartResult(
                    place,
                    kept.outcome,
                    reason,
                    part.kind,
                    part.subject_type,
                    part.subject_id,
                    part.dedupe_key,
                    kept.event_id,
                )


def _store(
    connection: Connection,
    adapter: Adapter,
    delivery: Delivery,
    outcomes: tuple[PartResult, ...],
    at: datetime,
    kept_body: bytes,
) -> Receipt:
    state, reason, values = _row(connection, adapter, delivery, outcomes, at)
    values["raw"] = kept_body
    [(inbound_id,)] = run(STORE, values)
    return Receipt(inbound_id, state, reason, outcomes)


def _row(
    connection: Connection,
    adapter: Adapter,
    delivery: Delivery,
    outcomes: tuple[PartResult, ...],
    at: datetime,
) -> tuple[str, str, dict[str, Any]]:
    """Return state, reason and all values of a webhook's row."""
    counts = Counter(outcome.became for outcome in outcomes)
    problems = [outcome for outcome in outcomes if outcome.reason]
    state, reason = _state(counts), _reason(problems)
    headers = {
        name: clean(delivery.headers[name])[:MAX_HEADER]
        for name in adapter.kept_headers
        if name in delivery.headers
    }
    row = {
        "connection": connection.pk,
        "received": at,
        "headers": Jsonb(headers),
        "raw": delivery.body,
        "sha256": sha256(delivery.body).hexdigest(),
        "state": state,
        "captured": counts["new"],
        "repeated": counts["repeated"],
        "conflicting": counts["conflict"],
        "ignored": counts["ignored"],
        "poison": counts["poison"],
        "reason": reason,
        "problems": Jsonb(_listed(problems)),
    }
    return state, reason, row


def _listed(problems: Sequence[PartResult]) -> list[dict[str, Any]]:
    return [{"place": each.place, "reason": each.reason} for each in problems[:MAX_PROBLEMS]]


def _state(counts: Counter[str]) -> str:
    if counts["new"] or counts["repeated"] or counts["conflict"]:
        return Inbound.State.PROCESSED
    if counts["poison"]:
        return Inbound.State.POISON
    return Inbound.State.IGNORED  # also an empty batch, which nobody has to look at


def _reason(problems: Sequence[PartResult]) -> str:
    """Return the most serious reason: a conflict, then unreadable parts, then ignored ones."""
    for became in (Capture.CONFLICT, "poison", "ignored"):
        for outcome in problems:
            if outcome.became == became:
                return outcome.reason
    return ""
