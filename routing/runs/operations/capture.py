"""
Capture signals from outside as events, each once however often it is sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
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


@dataclass(frozen=True)
class Signal:
    """
    Something that happened outside.

    ``dedupe_key`` (at most 200 characters) identifies it within its source. ``body`` is without
    metadata of the delivery, so that a repeated delivery has an equal body. ``sent_digest`` is the
    digest of the body as it was sent, if an erased person was removed from it.
    """

    source: str
    kind: str
    dedupe_key: str
    subject_type: str
    subject_id: str
    occurred_at: datetime
    body: Mapping[str, Any]
    sent_digest: str = ""

    @cached_property
    def digest(self) -> str:
        """Return the SHA-256 of the body's canonical JSON, as hex."""
        return json_digest(self.body)

    def repeats(self, digest: str) -> bool:
        """Return whether the known event of this digest had the same body."""
        # The event may be older than the erasure.
        return digest in {self.digest, self.sent_digest}


class Capture(StrEnum):
    NEW = "new"
    REPEATED = "repeated"
    CONFLICT = "conflict"  # same key, another body: raises an exception and overwrites nothing


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
# Event, payload and queue in one statement. ``kept`` has only rows that are new, so a repetition
# writes nothing at all. ORDER BY place gives the ids the order of the signals.
_QUEUED = insert_into(Dispatch, "kept", event_id="id", due_at="%(queued)s::timestamptz")
_ARRIVING = """
    WITH new AS (
        SELECT * FROM unnest(%(kinds)s::text[], %(sources)s::text[], %(keys)s::text[],
            %(digests)s::text[], %(types)s::text[], %(subjects)s::text[], %(ats)s::timestamptz[],
            %(bodies)s::jsonb[])
            WITH ORDINALITY AS new(kind, source, dedupe_key, digest, subject_type, subject_id, at,
                body, place)"""
# Asked within the same statement, because this is the way of nearly every webhook.
_NOBODY_ERASED = """
        WHERE NOT EXISTS (SELECT FROM routing_erasedidentity e
            WHERE e.digest = ANY(%(named)s::text[]))"""
_KEPT = f"""),
    kept AS (
        {_EVENT}
        ON CONFLICT (source, dedupe_key) WHERE dedupe_key IS NOT NULL DO NOTHING
        RETURNING id, source, dedupe_key),
    bodies AS ({_PAYLOAD}),
    queued AS ({_QUEUED})"""
_CAPTURING = _ARRIVING + _KEPT
_CAPTURING_UNLESS_ERASED = _ARRIVING + _NOBODY_ERASED + _KEPT
STORE = _CAPTURING + " SELECT source, dedupe_key, id FROM kept"

KNOWN = """
    SELECT e.source, e.dedupe_key, e.id, e.digest
    FROM routing_event e JOIN unnest(%s::text[], %s::text[]) AS k(source, dedupe_key) USING (source,
        dedupe_key)"""


def capture_new(
    signal: Signal,
    *,
    by: Actor,
    at: datetime,
    beside: str,
    values: Mapping[str, Any],
    named: Sequence[str] = (),
) -> tuple[int, int] | None:
    """
    Record one signal that is probably new, together with another row, in one statement.

    :param beside: an INSERT of one row FROM kept that returns its id
    :param values: its parameters by name, which must differ from those of ``_columns``
    :param named: keyed digests of the addresses and numbers in the body
    :returns: the ids of the event and of the other row. None if the key is known or an erased
        person is named; nothing was written then.
    """
    start = _CAPTURING_UNLESS_ERASED if named else _CAPTURING
    sql = f"{start}, beside AS ({beside}) SELECT kept.id, beside.id FROM kept, beside"
    columns = _columns([signal], by, at)
    if named:
        columns["named"] = list(named)
    found = run(sql, {**values, **columns})
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
    Record each signal as an event with its payload, queue it, and return a result for each signal.

    A conflict raises an exception. Everything is committed on return, unless the caller holds a
    transaction.
    """
    if not signals:
        return []
    first: dict[tuple[str, str], Signal] = {}
    for signal in signals:
        first.setdefault((signal.source, signal.dedupe_key), signal)
    # Ids follow the times of the events. One order also keeps two batches with the same keys from
    # waiting for each other in a circle.
    distinct = sorted(first.values(), key=lambda signal: (signal.occurred_at, signal.dedupe_key))
    with transaction.atomic(savepoint=False):
        stored = run(STORE, _columns(distinct, by, at))
        new = {(source, key): event for source, key, event in stored}
        known = {key: (event, first[key].digest) for key, event in new.items()}
        if len(known) < len(first):
            for source, key, event, digest in _known(first):
                known[source, key] = (event, digest)
        _raise_conflicts(signals, known, at)
    answers, reported = [], set()
    for signal in signals:
        key = (signal.source, signal.dedupe_key)
        event, digest = known[key]
        outcome = Capture.REPEATED if signal.repeats(digest) else Capture.CONFLICT
        if key in new and key not in reported and outcome is Capture.REPEATED:
            outcome = Capture.NEW
        reported.add(key)
        answers.append(Captured(event, outcome))
    return answers


def _raise_conflicts(
    signals: Sequence[Signal], known: Mapping[tuple[str, str], tuple[int, str]], at: datetime
) -> None:
    """Raise an exception for each event that was sent again with another body."""
    others: dict[int, str] = {}
    for signal in signals:
        event, digest = known[signal.source, signal.dedupe_key]
        if not signal.repeats(digest):
            others[event] = signal.digest
    conflict = Reason.CONFLICTING_DUPLICATE
    findings = [
        ExceptionFinding(conflict, {"sent": sent}, event_id=event)
        for event, sent in sorted(others.items())
    ]
    raise_exceptions(findings, at=at)


def _known(keys: Mapping[tuple[str, str], Signal]) -> list[tuple[Any, ...]]:
    sources, names = zip(*keys, strict=True)
    return run(KNOWN, [list(sources), list(names)])
