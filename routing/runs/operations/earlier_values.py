"""What fields of events were before, for triggers that wait for a change."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from routing.flows.event_catalogue import changed_keys, value_in
from routing.flows.models import FlowVersion
from routing.flows.trigger_operators import CHANGES
from routing.flows.triggers import UNSEEN, TriggerLike, matches, may_match
from routing.kernel.events import Event
from routing.kernel.sql import run as sql

# The newest earlier value of each field asked for, in an event about the same object. Earlier is by
# the times of the events: systems keep no order in sending them. Echoes count: we changed it then.
BEFORE = """
    SELECT w.event, w.field, before.value::text
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[]) AS w(event, field, name, now)
    JOIN routing_event e ON e.id = w.event
    JOIN LATERAL (
        SELECT CASE WHEN p.body ? w.field THEN p.body -> w.field ELSE p.body -> w.now END AS value
        FROM routing_event o JOIN routing_payload p ON p.event_id = o.id
        WHERE o.source = e.source AND o.subject_type = e.subject_type
            AND o.subject_id = e.subject_id AND o.subject_id <> ''
            AND (o.at, o.id) < (e.at, e.id) AND p.erased_at IS NULL
            AND (p.body ? w.field OR (w.name <> '' AND p.body ->> w.name = w.field))
        ORDER BY o.at DESC, o.id DESC LIMIT 1) before ON true"""


@dataclass(frozen=True, slots=True)
class EarlierValues:
    """Earlier values by event and field. What no earlier event had is left out."""

    values: Mapping[tuple[int, str], Any] = field(default_factory=dict)

    def match(self, trigger: TriggerLike, event: Event, body: Mapping[str, Any]) -> bool:
        """Return whether an event of the trigger's kind has the value that it waits for."""
        now = value_in(event.kind, body, trigger.field)
        return matches(trigger, now, lambda: self.values.get((event.pk, trigger.field), UNSEEN))


def earlier_values(events: Sequence[Event], live: Iterable[FlowVersion]) -> EarlierValues:
    """Read what fields were before these events, where a trigger depends on it."""
    triggers: list[TriggerLike] = []
    for version in live:
        triggers += version.triggers.all()
    return values_before(events, triggers)


def values_before(events: Sequence[Event], triggers: Iterable[TriggerLike]) -> EarlierValues:
    """Read the same for these triggers, which need not be stored."""
    waiting: dict[str, list[TriggerLike]] = {}
    for trigger in triggers:
        if trigger.operator in CHANGES:
            waiting.setdefault(trigger.kind, []).append(trigger)
    wanted: dict[tuple[int, str], tuple[str, str]] = {}
    for event in events:
        for trigger in waiting.get(event.kind, ()):
            body = event.payload.body if hasattr(event, "payload") else {}
            if may_match(trigger, value_in(event.kind, body, trigger.field)):
                wanted[event.pk, trigger.field] = changed_keys(event.kind) or ("", "")
    if not wanted:
        return EarlierValues()
    ids, fields = zip(*wanted, strict=True)
    names, nows = zip(*wanted.values(), strict=True)
    rows = sql(BEFORE, [list(ids), list(fields), list(names), list(nows)])
    return EarlierValues({(event, name): json.loads(value) for event, name, value in rows if value})


def matching(
    triggers: Iterable[TriggerLike], event: Event, body: Mapping[str, Any], earlier: EarlierValues
) -> list[TriggerLike]:
    """Return those of the triggers that an event matches."""
    return [
        trigger
        for trigger in triggers
        if trigger.kind == event.kind and (not trigger.field or earlier.match(trigger, event, body))
    ]
