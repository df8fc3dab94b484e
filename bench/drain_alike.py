"""
Where a lead ended, in words that two contenders share for equal leads: no keys, instants, people,
or reasons.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from django.utils.timezone import now

from bench import leads
from bench.world import World
from delivery.briefs.models import Brief
from delivery.engagements.models import Engagement
from delivery.requests.models import Request
from routing.kernel.events import Event
from routing.runs.decisions import Decision
from routing.runs.models import Enrichment, Run
from routing.sla.clocks import Clock
from routing.work.items import WorkItem

Drain = Callable[[World, list[int]], None]
SAME = (
    450_000  # numbers so far apart have the same client, amount and size, and nobody else's numbers
)
ITEM = ("kind", "state", "title", "is_open", "is_timed", "waiting_on", "team", "priority", "client")
CLOCK = ("purpose", "target", "warn_after", "escalate_every", "terms", "waiting_on", "cause")
HISTORY = ("history_type", "history_user")
PAST_ITEM = (*HISTORY, "title", "team", "priority", "client")


def ended(world: World, drain: Drain, numbers: Sequence[int]) -> list[list[str]]:
    """Let these be submitted and taken; return where each ended, a line a fact."""
    events = leads.capture_these(numbers, now())
    drain(world, events)
    found = []
    for number in numbers:
        run = Run.objects.get(source=leads.FORM, subject_id=str(number))
        found.append([line.replace(str(number), "N") for line in _lines(run)])
    return found


def _lines(run: Run) -> list[str]:
    items = WorkItem.objects.filter(run=run)
    known = Enrichment.objects.get(run=run)
    requests = Request.objects.filter(item__run=run)
    briefs = Brief.objects.filter(item__run=run)
    past_run = Run.history.filter(id=run.pk).order_by("history_id")
    past_item = WorkItem.history.filter(id=run.item_id).order_by("history_id")
    facts = json.dumps(
        [known.facts, known.sources, known.client_id, known.contact_ids], sort_keys=True
    )
    return [
        f"run: {run.state}, {run.item.kind} {run.item.state}",
        f"known: {facts}",
        *_named("item", items.order_by("kind").values_list(*ITEM)),
        *_named("parent", items.order_by("kind").values_list("kind", "parent__kind")),
        *_named("request", requests.values_list("state", "channel", "details", "contact_id")),
        *_named("brief", briefs.values_list("state", "body", "request__item__kind")),
        *_named(
            "sold",
            Engagement.objects.filter(pk=known.engagement_id or 0).values_list("name", "client"),
        ),
        *_named("rule", Decision.objects.filter(run=run).values_list("rule_name", "version")),
        *_named("step", run.steps.order_by("name").values_list("name", "state", "attempts")),
        *_named(
            "clock",
            Clock.objects.filter(item__run=run)
            .order_by("item__kind", "purpose")
            .values_list(*CLOCK),
        ),
        *_named(
            "event",
            Event.objects.filter(item__run=run)
            .order_by("pk")
            .values_list("kind", "from_state", "to_state"),
        ),
        *_named("past run", past_run.values_list(*HISTORY, "state")),
        *_named("past item", past_item.values_list(*PAST_ITEM)),
    ]


def _named(what: str, rows: Any) -> list[str]:
    return [f"{what}: {row}" for row in rows]
