"""
Capture signals from outside: once each, whatever the sender repeats, in two statements a batch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from django.db import transaction
from psycopg.types.json import Jsonb

from routing.kernel.reasons import Reason
from routing.kernel.sql import run
from routing.people.actors import Actor
from routing.runs.operations.event_cases import raise_for_events


@dataclass(frozen=True, slots=True)
class Signal:
    """
    Something that happened outside.

    ``dedupe_key`` names it within its source (at most 200 characters); ``body`` is canonical:
    without delivery metadata, so that a repeated delivery has an equal body.
    """

    source: str
    kind: str
    dedupe_key: str
    subject_type: str
    subject_id: str
    occurred_at: datetime
    body: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """SHA-256 of the body's canonical JSON, as hex."""
        text = json.dumps(
            self.body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
        return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Capture(StrEnum):
    NEW = "new"
    REPEATED = "repeated"
    CONFLICT = "conflict"  # same key, another body: kept apart as an exception, never an overwrite


@dataclass(frozen=True, slots=True)
class Captured:
    event_id: int
    outcome: Capture


_CAPTURING = """
    WITH new AS (
        SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
            %s::timestamptz[], %s::jsonb[])
            WITH ORDINALITY AS new(kind, source, dedupe_key, digest, subject_type, subject_id, at,
                body, place)),
    kept AS (
        INSERT INTO routing_event (kind, source, dedupe_key, digest, subject_type, subject_id,
            from_state, to_state, actor_id, at)
        SELECT kind, source, dedupe_key, digest, subject_type, subject_id, '', '', %s::bigint, at
            FROM new ORDER BY place
        ON CONFLICT (source, dedupe_key) WHERE dedupe_key IS NOT NULL DO NOTHING
        RETURNING id, source, dedupe_key),
    bodies AS (
        INSERT INTO routing_payload (event_id, body)
        SELECT kept.id, new.body FROM kept JOIN new USING (source, dedupe_key)),
    queued AS (
        INSERT INTO routing_dispatch (event_id, due_at, attempts, parked_reason)
        SELECT id, %s::timestamptz, 0, '' FROM kept)"""
STORE = _CAPTURING + " SELECT source, dedupe_key, id FROM kept"

KNOWN = """
    SELECT e.source, e.dedupe_key, e.id, e.digest
    FROM routing_event e JOIN unnest(%s::text[], %s::text[]) AS k(source, dedupe_key) USING (source,
        dedupe_key)"""


def capture_new(
    signal: Signal, *, by: Actor, at: datetime, beside: str, values: Sequence[Any]
) -> tuple[int, int] | None:
    """
    Record one signal that is probably new, and something beside it, in one statement and so all or
    nothing.

    :param beside: an INSERT of one row that reads FROM kept and RETURNING its id, so that it writes
        nothing when nothing is kept
    :returns: the ids of the event and of what is beside it; None if the key is known, and then
        nothing was written
    """
    sql = f"{_CAPTURING}, beside AS ({beside}) SELECT kept.id, beside.id FROM kept, beside"
    found = run(sql, [*_columns([signal]), by.user_id, at, *values])
    return (found[0][0], found[0][1]) if found else None


def _columns(signals: Sequence[Signal]) -> list[list[Any]]:
    rows = (
        (
            s.kind,
            s.source,
            s.dedupe_key,
            s.digest,
            s.subject_type,
            s.subject_id,
            s.occurred_at,
            Jsonb(s.body),
        )
        for s in signals
    )
    return [list(column) for column in zip(*rows, strict=True)]


def capture(signals: Sequence[Signal], *, by: Actor, at: datetime) -> list[Captured]:
    """
    Record each signal as one event with its payload, queued for its flow; one answer a signal, in
    order.

    A conflict becomes an exception case. Committed when this returns, unless the caller holds a
    transaction. Safe concurrently: the database keeps one row a key.
    """
    if not signals:
        return []
    first: dict[tuple[str, str], Signal] = {}
    for signal in signals:
        first.setdefault((signal.source, signal.dedupe_key), signal)
    distinct = sorted(first.values(), key=lambda signal: (signal.occurred_at, signal.dedupe_key))
    with transaction.atomic(savepoint=False):
        new = {
            (source, key): event
            for source, key, event in run(STORE, [*_columns(distinct), by.user_id, at])
        }
        known = {key: (event, first[key].digest) for key, event in new.items()}
        if len(known) < len(first):
            known |= {
                (source, key): (event, digest) for source, key, event, digest in _known(first)
            }
        others = {
            event: s.digest
            for s in signals
            for event, digest in [known[s.source, s.dedupe_key]]
            if digest != s.digest
        }
        if others:
            raise_for_events(
                Reason.CONFLICTING_DUPLICATE,
                {event: {"sent": digest} for event, digest in others.items()},
                at=at,
            )
    answers, reported = [], set()
    for signal in signals:
        key = (signal.source, signal.dedupe_key)
        event, digest = known[key]
        outcome = Capture.REPEATED if digest == signal.digest else Capture.CONFLICT
        if key in new and key not in reported and outcome is Capture.REPEATED:
            outcome = Capture.NEW
        reported.add(key)
        answers.append(Captured(event, outcome))
    return answers


def _known(keys: Mapping[tuple[str, str], Signal]) -> list[tuple[Any, ...]]:
    sources, names = zip(*keys, strict=True)
    return run(KNOWN, [list(sources), list(names)])
