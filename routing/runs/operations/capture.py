"""
Capture signals from outside: once each, whatever the sender repeats, in two statements a batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import transaction
from psycopg.types.json import Jsonb

from routing.kernel.canonical import json_digest
from routing.kernel.events import Dispatch, Event, Payload
from routing.kernel.reasons import Reason
from routing.kernel.sql import run
from routing.kernel.tables import insert_into
from routing.people.actors import Actor
from routing.runs.operations.raising import ExceptionFinding, raise_exceptions


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
        return json_digest(self.body)


class Capture(StrEnum):
    NEW = "new"
    REPEATED = "repeated"
    CONFLICT = "conflict"  # same key, another body: kept apart as an exception, never an overwrite


@dataclass(frozen=True, slots=True)
class Captured:
    event_id: int
    outcome: Capture


_EVENT = insert_into(
    Event,
    "new ORDER BY place",
    kind="kind",
    source="source",
    dedupe_key="dedupe_key",
    digest="digest",
    subject_type="subject_type",
    subject_id="subject_id",
    actor_id="%(actor)s::bigint",
    at="at",
)
_PAYLOAD = insert_into(
    Payload,
    "kept JOIN new USING (source, dedupe_key)",
    event_id="kept.id",
    body="new.body",
)
_QUEUED = insert_into(Dispatch, "kept", event_id="id", due_at="%(queued)s::timestamptz")
_CAPTURING = f"""
    WITH new AS (
        SELECT * FROM unnest(%(kinds)s::text[], %(sources)s::text[], %(keys)s::text[],
            %(digests)s::text[], %(types)s::text[], %(subjects)s::text[], %(ats)s::timestamptz[],
            %(bodies)s::jsonb[])
            WITH ORDINALITY AS new(kind, source, dedupe_key, digest, subject_type, subject_id, at,
                body, place)),
    kept AS (
        {_EVENT}
        ON CONFLICT (source, dedupe_key) WHERE dedupe_key IS NOT NULL DO NOTHING
        RETURNING id, source, dedupe_key),
    bodies AS ({_PAYLOAD}),
    queued AS ({_QUEUED})"""
STORE = _CAPTURING + " SELECT source, dedupe_key, id FROM kept"

KNOWN = """
    SELECT e.source, e.dedupe_key, e.id, e.digest
    FROM routing_event e JOIN unnest(%s::text[], %s::text[]) AS k(source, dedupe_key) USING (source,
        dedupe_key)"""


def capture_new(
    signal: Signal, *, by: Actor, at: datetime, beside: str, values: Mapping[str, Any]
) -> tuple[int, int] | None:
    """
    Record one signal that is probably new, and something beside it, in one statement and so all or
    nothing.

    :param beside: an INSERT of one row that reads FROM kept and RETURNING its id, so that it writes
        nothing when nothing is kept
    :param values: its parameters by name, none of which ``_columns`` has
    :returns: the ids of the event and of what is beside it; None if the key is known, and then
        nothing was written
    """
    sql = f"{_CAPTURING}, beside AS ({beside}) SELECT kept.id, beside.id FROM kept, beside"
    found = run(sql, {**values, **_columns([signal], by, at)})
    return (found[0][0], found[0][1]) if found else None


def _columns(signals: Sequence[Signal], by: Actor, at: datetime) -> dict[str, Any]:
    return {
        "kinds": [signal.kind for signal in signals],
        "sources": [signal.source for signal in signals],
        "keys": [signal.dedupe_key for signal in signals],
        "digests": [signal.digest for signal in signals],
        "types": [signal.subject_type for signal in signals],
        "subjects": [signal.subject_id for signal in signals],
        "ats": [signal.occurred_at for signal in signals],
        "bodies": [Jsonb(signal.body) for signal in signals],
        "actor": by.user_id,
        "queued": at,
    }


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
            (source, key): event for source, key, event in run(STORE, _columns(distinct, by, at))
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
            conflict = Reason.CONFLICTING_DUPLICATE
            raise_exceptions(
                [
                    ExceptionFinding(conflict, {"sent": digest}, event_id=event)
                    for event, digest in sorted(others.items())
                ],
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
