"""
Upper limit of PostgreSQL: a finished lead copied under new ids, with one statement per table and
batch.
"""

from __future__ import annotations

from typing import Any

from django.db import models, transaction

from bench.world import World
from delivery.briefs.models import Brief
from delivery.engagements.models import Engagement
from delivery.requests.models import Request
from integrations.models import ExternalLink
from routing.kernel.events import Event
from routing.kernel.sql import run
from routing.messages.models import Notification
from routing.runs.decisions import Decision
from routing.runs.models import Enrichment, Run, RunEvent, RunStep
from routing.sla.clocks import Clock
from routing.work.items import WorkItem

BATCH = 200
CLAIM = """DELETE FROM routing_dispatch WHERE event_id IN (
    SELECT event_id FROM routing_dispatch WHERE parked_reason = '' AND due_at <= now()
        ORDER BY due_at, id LIMIT %s FOR UPDATE SKIP LOCKED)
    RETURNING event_id"""
IDS = ("run_item", "run", "request_item", "request", "brief_item", "brief", "engagement")
SEQUENCES = (
    "routing_workitem",
    "routing_run",
    "routing_workitem",
    "delivery_request",
    "routing_workitem",
    "delivery_brief",
)
COUNT = "UPDATE routing_refcounter SET last = last + %s WHERE prefix = %s"
_ARRAYS = ", ".join(f"%({name})s::bigint[]" for name in ("event", *IDS))
NEW = f"WITH new AS (SELECT * FROM unnest({_ARRAYS}) AS new(event, {', '.join(IDS)}))"


def drain(_world: World) -> None:
    """
    Until nothing waits, three commits a batch, as ours makes.

    It reads no event, matches nobody, decides nothing and counts no load; every row but the last
    state of the run's is written once.
    """
    sample = Sample()
    while sample.batch():
        pass


class Sample:
    """The newest finished lead, and what its rows are called."""

    def __init__(self) -> None:
        brief = Brief.objects.select_related("request", "item__run", "item__client").latest("pk")
        request, started = brief.request, brief.item.run
        assert started is not None
        assert brief.item.client is not None
        self.code = brief.item.client.code
        self.ids: dict[str, Any] = {
            "run_item": started.item_id,
            "run": started.pk,
            "request_item": request.item_id,
            "request": request.pk,
            "brief_item": brief.item_id,
            "brief": brief.pk,
            "engagement": brief.engagement_id,
        }
        self.old = {f"old_{name}": value for name, value in self.ids.items()}

    def batch(self) -> int:
        with transaction.atomic():
            events = [event for (event,) in run(CLAIM, [BATCH])]
            if not events:
                return 0
            self._number(events)
            run(COUNT, [len(events), "THR"])
            self._write(*RECEIVED)
        with transaction.atomic():
            self._write(*ENRICHED)
        with transaction.atomic():
            run(COUNT, [2 * len(events), self.code])
            self._write(*SETTLED)
        return len(events)

    def _number(self, events: list[int]) -> None:
        named = [
            f"nextval(pg_get_serial_sequence('{table}', 'id'))"
            for table in (*SEQUENCES, "delivery_engagement")
        ]
        made = run(f"SELECT {', '.join(named)} FROM generate_series(1, %s)", [len(events)])
        self.new = {"event": events} | {
            name: list(column) for name, column in zip(IDS, zip(*made, strict=True), strict=True)
        }

    def _write(self, *statements: str) -> None:
        for each in statements:
            run(each, self.new | self.old)


def copied(model: type[models.Model], where: str, **changed: str) -> str:
    """
    One INSERT of the sample's rows for each new lead; an id that is not named is the sequence's
    own.
    """
    table = model._meta.db_table
    key = str(model._meta.pk.column)
    columns = {
        str(field.column): f't."{field.column}"'
        for field in model._meta.concrete_fields
        if field.column != key
    } | changed
    names = ", ".join(f'"{name}"' for name in columns)
    return f'{NEW} INSERT INTO "{table}" ({names}) SELECT {", ".join(columns.values())} FROM new n, "{table}" t WHERE {where}'  # noqa: E501


def history(model: type[models.Model], where: str, **changed: str) -> str:
    return copied(model.history.model, where, **changed)  # type: ignore[attr-defined]


def of(column: str, *names: str) -> str:
    """The new id that stands for the old one in this column."""
    return f"CASE t.{column} {' '.join(f'WHEN %(old_{name})s THEN n.{name}' for name in names)} END"


ITEMS = ("run_item", "request_item", "brief_item")
MINE = "t.run_id = %(old_run)s"
ITEM = {
    "id": of("id", *ITEMS),
    "ref": f"'LIM-' || {of('id', *ITEMS)}",
    "run_id": "n.run",
    "parent_id": of("parent_id", *ITEMS),
}
PARTS = "t.id IN (%(old_request_item)s, %(old_brief_item)s)"
NAMED = """
    UPDATE routing_workitem w SET client_id = t.client_id
    FROM routing_workitem t WHERE t.id = %(old_run_item)s AND w.id = ANY(%(run_item)s)"""
ROUTED = """
    UPDATE routing_workitem w
    SET owner_id = t.owner_id, backup_id = t.backup_id, team_id = t.team_id, priority = t.priority,
        state = t.state
    FROM routing_workitem t WHERE t.id = %(old_run_item)s AND w.id = ANY(%(run_item)s)"""
MARKS = """
    INSERT INTO routing_clockmark (clock_id, at, does, party, cause, state)
    SELECT c.id, m.at, m.does, m.party, m.cause, m.state
    FROM routing_clock c JOIN routing_clock t USING (purpose) JOIN routing_clockmark m
        ON m.clock_id = t.id
    WHERE t.item_id IN (%(old_request_item)s, %(old_brief_item)s)
        AND c.item_id = ANY(%(request_item)s::bigint[] || %(brief_item)s::bigint[])"""
STEP = "UPDATE routing_runstep SET state = 'done', attempts = 1, ended_at = now() WHERE run_id = ANY(%(run)s) AND name = '{}'"  # noqa: E501
REQUEST = {"id": "n.request", "item_id": "n.request_item"}
BRIEF = {
    "id": "n.brief",
    "item_id": "n.brief_item",
    "request_id": "n.request",
    "engagement_id": "n.engagement",
}
SOLD = {"id": "n.engagement"}
LINK = {"remote_id": "'lim-' || n.engagement", "engagement_id": "n.engagement"}
RUN = {"id": "n.run", "item_id": "n.run_item", "subject_id": "'lim-' || n.run"}


def events(*kinds: str) -> str:
    about = {
        "item_id": of("item_id", *ITEMS),
        "object_id": "CASE t.item_id WHEN %(old_run_item)s THEN n.run",
    }
    about["object_id"] += " WHEN %(old_request_item)s THEN n.request ELSE n.brief END"
    items = ", ".join(f"%(old_{name})s" for name in ITEMS)
    return copied(
        Event,
        f"t.item_id IN ({items}) AND t.kind IN ({', '.join(repr(kind) for kind in kinds)})",
        **about,
    )


def changes(
    model: type[models.Model], own: str, first: int, last: int, changed: dict[str, str]
) -> str:
    """The sample's history from its first to its last change, counted from 0."""
    table = model.history.model._meta.db_table  # type: ignore[attr-defined]
    among = f'SELECT history_id FROM "{table}" WHERE id = %(old_{own})s ORDER BY history_id OFFSET {first} LIMIT {last - first + 1}'  # noqa: E501
    return history(model, f"t.history_id IN ({among})", **changed)


RECEIVED = (
    copied(WorkItem, "t.id = %(old_run_item)s", **ITEM, state="'received'"),
    changes(WorkItem, "run_item", 0, 0, ITEM),
    copied(Run, "t.id = %(old_run)s", **RUN, state="'received'"),
    changes(Run, "run", 0, 0, RUN),
    events("routing.run.create"),
    copied(RunEvent, f"{MINE} AND t.part = 'started'", event_id="n.event", run_id="n.run"),
    copied(RunStep, f"{MINE} AND t.name IN ('capture', 'enrich')", run_id="n.run"),
)
ENRICHED = (
    copied(Engagement, "t.id = %(old_engagement)s", **SOLD),
    history(Engagement, "t.id = %(old_engagement)s", **SOLD),
    copied(ExternalLink, "t.engagement_id = %(old_engagement)s", **LINK),
    history(ExternalLink, "t.engagement_id = %(old_engagement)s", **LINK),
    copied(Enrichment, MINE, run_id="n.run", engagement_id="n.engagement"),
    NAMED,
    changes(WorkItem, "run_item", 1, 1, ITEM),
    changes(Run, "run", 1, 1, RUN),
    events("routing.run.identify"),
    STEP.format("enrich"),
    copied(RunStep, f"{MINE} AND t.name = 'validate'", run_id="n.run"),
)
SETTLED = (
    copied(Decision, MINE, run_id="n.run"),
    ROUTED,
    "UPDATE routing_run SET state = 'in_delivery' WHERE id = ANY(%(run)s)",
    changes(WorkItem, "run_item", 2, 9, ITEM),
    changes(Run, "run", 2, 9, RUN),
    copied(WorkItem, PARTS, **ITEM),
    history(WorkItem, PARTS, **ITEM),
    copied(Request, "t.id = %(old_request)s", **REQUEST),
    history(Request, "t.id = %(old_request)s", **REQUEST),
    copied(Brief, "t.id = %(old_brief)s", **BRIEF),
    history(Brief, "t.id = %(old_brief)s", **BRIEF),
    events(
        "routing.run.route", "routing.run.begin", "delivery.request.create", "delivery.brief.create"
    ),
    copied(
        Clock,
        "t.item_id IN (%(old_request_item)s, %(old_brief_item)s)",
        item_id=of("item_id", *ITEMS),
    ),
    MARKS,
    copied(
        Notification,
        "t.item_id = %(old_request_item)s",
        item_id="n.request_item",
        dedupe_key="'lim:' || n.request_item",
    ),
    STEP.format("validate"),
    copied(RunStep, f"{MINE} AND t.name IN ('decide', 'act')", run_id="n.run"),
)
