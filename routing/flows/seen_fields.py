"""Fields that the last events of a kind had, for kinds whose senders choose their own."""

from __future__ import annotations

from collections.abc import Sequence

from routing.flows.event_catalogue import EventField
from routing.kernel.sql import run as sql

LAST_EVENTS = 10_000  # of all kinds, because kinds have no index
LAST_BODIES = 200  # events of the kind
MOST = 100  # fields
LONGEST = 60  # characters, as in a trigger

SEEN = """
    SELECT DISTINCT key FROM (
        SELECT p.body FROM routing_event e JOIN routing_payload p ON p.event_id = e.id
        WHERE e.id > (SELECT coalesce(max(id), 0) FROM routing_event) - %s AND e.kind = %s
            AND p.erased_at IS NULL AND jsonb_typeof(p.body) = 'object'
        ORDER BY e.id DESC LIMIT %s) last,
        LATERAL jsonb_each(last.body) AS field(key, value)
    WHERE jsonb_typeof(field.value) IN ('string', 'number', 'boolean')
        AND length(key) BETWEEN 1 AND %s
    ORDER BY key LIMIT %s"""


def seen_fields(kind: str) -> Sequence[EventField]:
    """Return the fields with one value each. Their names are the labels that their sender gave."""
    rows = sql(SEEN, [LAST_EVENTS, kind, LAST_BODIES, LONGEST, MOST])
    return tuple(EventField(name, name) for (name,) in rows)
