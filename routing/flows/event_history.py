"""What was captured of each kind of event: its sources, how often it came, and how it looks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from routing.flows.event_catalogue import EventField, catalogued, changed_keys
from routing.flows.models import Trigger
from routing.kernel.events import Event, Payload
from routing.kernel.personal import masked
from routing.kernel.shapes import flat, json_type
from routing.kernel.sql import run as sql

DAYS = 14
LAST_BODIES = 100  # events from which fields and examples are read
EXAMPLES = 3
CAPTURED = Q(dedupe_key__isnull=False)

# Jumps from one pair to the next in the index ``event_source_kind_idx``, however many events there
# are. GROUP BY would read all of them.
SEEN_KINDS = """
    WITH RECURSIVE pairs AS (
        (SELECT source, kind FROM routing_event WHERE dedupe_key IS NOT NULL
            ORDER BY source, kind LIMIT 1)
        UNION ALL
        SELECT n.source, n.kind FROM pairs p CROSS JOIN LATERAL (
            SELECT source, kind FROM routing_event
            WHERE dedupe_key IS NOT NULL AND (source, kind) > (p.source, p.kind)
            ORDER BY source, kind LIMIT 1) n)
    SELECT p.source, p.kind, newest.id, newest.at FROM pairs p CROSS JOIN LATERAL (
        SELECT id, at FROM routing_event e
        WHERE e.dedupe_key IS NOT NULL AND e.source = p.source AND e.kind = p.kind
        ORDER BY at DESC, id DESC LIMIT 1) newest"""


@dataclass(frozen=True, slots=True)
class SeenKind:
    """A kind of event that a source has sent, with its newest event."""

    source: str
    kind: str
    last_id: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class SchemaField:
    """A field of a kind: its name and label, its types and examples with personal values masked."""

    name: str
    label: str
    types: tuple[str, ...]
    examples: tuple[str, ...]
    personal: bool
    count: int


@dataclass(frozen=True, slots=True)
class KindSample:
    """The newest bodies of a kind: the last one masked, and the fields of all of them."""

    at: datetime | None
    body: Any
    fields: tuple[SchemaField, ...]
    read: int


def seen_kinds() -> Sequence[SeenKind]:
    """Return each kind of each source that was ever captured, by source and kind."""
    return [SeenKind(*row) for row in sql(SEEN_KINDS)]


def volumes(
    now: datetime, kinds: Collection[str] | None = None
) -> Mapping[str, Mapping[date, int]]:
    """
    Return how many events of each kind were captured on each of the last 14 days.

    Days are those of the reader's time zone, oldest first.
    """
    seen = [each for each in seen_kinds() if kinds is None or each.kind in kinds]
    days = last_days(now)
    found: dict[str, dict[date, int]] = {}
    if not seen:
        return found
    zone = timezone.get_current_timezone()
    start = datetime.combine(days[0], datetime.min.time(), zone)
    rows = (
        Event.objects.filter(
            CAPTURED,
            source__in={each.source for each in seen},
            kind__in={each.kind for each in seen},
            at__gte=start,
            at__lte=now,
        )
        .order_by()
        .annotate(day=TruncDate("at", tzinfo=zone))
        .values_list("kind", "day")
        .annotate(count=Count("pk"))
    )
    for kind, day, count in rows:
        by_day = found.setdefault(kind, dict.fromkeys(days, 0))
        if day in by_day:
            by_day[day] += count
    return found


def last_days(now: datetime) -> list[date]:
    today = timezone.localtime(now).date()
    return [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]


def flows_started_by() -> Mapping[str, Sequence[Trigger]]:
    """Return the triggers of live versions by kind, with their flows."""
    found: dict[str, list[Trigger]] = defaultdict(list)
    rows = Trigger.objects.live().select_related("version__flow")
    for trigger in rows.order_by("version__flow__name", "pk"):
        found[trigger.kind].append(trigger)
    return found


def sample_of(kind: str) -> KindSample:
    """Return how the newest events of a kind look, with personal values masked."""
    rows = []
    for each in seen_kinds():
        if each.kind == kind:
            newest = Payload.objects.filter(
                event__dedupe_key__isnull=False,
                event__source=each.source,
                event__kind=kind,
                erased_at=None,
            ).order_by("-event__at")
            rows += list(newest.values_list("event__at", "body")[:LAST_BODIES])
    rows.sort(key=lambda row: row[0], reverse=True)
    rows = rows[:LAST_BODIES]
    declared = _declared(kind)
    fields = tuple(_fields([body for _at, body in rows], kind, declared))
    if not rows:
        return KindSample(None, None, fields, 0)
    at, body = rows[0]
    return KindSample(at, _masked_body(kind, body, declared), fields, len(rows))


def _declared(kind: str) -> Mapping[str, EventField]:
    known = catalogued().get(kind)
    return {field.name: field for field in known.fields()} if known else {}


def _masked_body(kind: str, body: Any, declared: Mapping[str, EventField]) -> Any:
    if not isinstance(body, dict):
        return masked(body)
    return {key: _masked_field(kind, body, key, value, declared) for key, value in body.items()}


def _masked_field(
    kind: str, body: Mapping[str, Any], name: str, value: Any, declared: Mapping[str, EventField]
) -> Any:
    field, called = declared.get(name), name
    keys = changed_keys(kind)
    # The value of an event that reports a change belongs to the field that the event names.
    if keys is not None and name == keys[1]:
        called = str(body.get(keys[0], ""))
        field = declared.get(called)
    return masked(value, called, personal=bool(field and field.personal))


def _fields(
    bodies: Sequence[Any], kind: str, declared: Mapping[str, EventField]
) -> Sequence[SchemaField]:
    types: dict[str, Counter[str]] = {name: Counter() for name in declared}
    examples: dict[str, dict[str, None]] = {}
    for body in bodies:
        values = flat(body)
        keys = changed_keys(kind)
        named = values.get(keys[0]) if keys else None
        if keys and isinstance(named, str) and named in declared:
            values[named] = values.get(keys[1])
        for name, value in values.items():
            types.setdefault(name, Counter())[json_type(value).value] += 1
            shown = _masked_field(kind, values, name, value, declared)
            if shown not in (None, "", [], {}):
                examples.setdefault(name, {}).setdefault(str(shown))
    found = []
    for name, counted in types.items():
        field = declared.get(name)
        found.append(
            SchemaField(
                name,
                str(field.label) if field else name,
                tuple(counted) or ((field.type.value,) if field else ()),
                tuple(examples.get(name, ()))[:EXAMPLES],
                bool(field and field.personal),
                counted.total(),
            )
        )
    return found
