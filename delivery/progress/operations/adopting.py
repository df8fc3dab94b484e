"""
Runs for requests that were recorded before every request had one.

Nothing is backdated: the event, the run and the history say when they were made, which is now. The
event names the instant that it is about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from delivery.progress.operations.recording import CLIENT, CONTACT, KIND, SUBJECT
from delivery.requests.models import Request
from routing.flows.models import FlowVersion
from routing.kernel.events import Dispatch, Event
from routing.kernel.queues import claim_batch
from routing.people.actors import Actor
from routing.people.saving import save_with_reason
from routing.runs.by_hand import ABOUT, CHANNEL, OWNED_BY, RECORDED_BY, SOURCE
from routing.runs.models import Enrichment, Run, RunEvent, RunStep
from routing.runs.operations.capture import Captured, Signal, capture
from routing.runs.operations.join_run import join_run
from routing.runs.operations.outcomes import complete
from routing.runs.outcomes import Outcome
from routing.runs.steps import mark_done
from routing.work.creation import create, created
from routing.work.items import WorkItem
from routing.work.new_items import new_item

EARLIER = "desk.earlier_request"
BATCH = 200
REASON = _("Every request has a run now. This one was recorded before.")
ENDED = {
    Request.State.REJECTED: Run.State.CANCELLED,
    Request.State.DUPLICATE: Run.State.CANCELLED,
    Request.State.CANCELLED: Run.State.CANCELLED,
    Request.State.DELIVERED: Run.State.AWAITING_OUTCOME,
}


def adopt_all(*, clock: Callable[[], datetime]) -> int:
    """
    Give each request without a run its event and its run, and return how many got one.

    It works in batches with a commit each, so it can be killed and run again at any time.

    :param clock: returns the current time (aware)
    """
    total = 0
    while found := adopt(at=clock()):
        total += found
    return total


def adopt(*, at: datetime, limit: int = BATCH) -> int:
    """
    Give up to ``limit`` requests, the oldest first, their event and their run.

    :returns: their number; 0 also if no published flow takes recorded requests
    """
    version = _version()
    if version is None:
        return 0
    with transaction.atomic():
        rows = _without_run(limit)
        if not rows:
            return 0
        below = _below([row.item_id for row in rows])
        runs = _runs(rows, below, version, at)
        _tell_where_they_came_from(rows, runs, at)
        joined = {row.item_id: run for row, run in zip(rows, runs, strict=True)}
        _join(joined, below, at)
        complete([run.pk for run in runs], at=at)
    return len(rows)


def _version() -> FlowVersion | None:
    """Return the published version that takes recorded requests."""
    live = FlowVersion.objects.live().select_related("flow").prefetch_related("triggers")
    for version in live:
        if any(trigger.kind == KIND for trigger in version.triggers.all()):
            return version
    return None


def _without_run(limit: int) -> list[Request]:
    waiting = WorkItem.objects.filter(as_request__isnull=False, run=None).order_by("pk")
    ids = list(waiting.values_list("pk", flat=True)[:limit])
    # Whoever changes one of them has its item. Claimed, so that its state stays as it is read.
    claimed = claim_batch(WorkItem.objects.filter(pk__in=ids, run=None), no_key=True)
    rows = Request.objects.filter(item__in=claimed).select_related("item__client")
    return list(rows.order_by("item_id"))


def _below(items: Sequence[int]) -> dict[int, int]:
    """Return the items below these that have no run either, each with its topmost item."""
    found: dict[int, int] = {}
    level = {item: item for item in items}
    while level:
        children = WorkItem.objects.filter(parent__in=level, run=None).exclude(pk__in=found)
        level = {child: level[parent] for child, parent in children.values_list("pk", "parent_id")}
        found |= level
    return found


def _runs(
    rows: Sequence[Request], below: Mapping[int, int], version: FlowVersion, at: datetime
) -> list[Run]:
    unmet, met = _outcomes(below)
    made = [_run(row, _state(row, unmet, met), version) for row in rows]
    return create(made, by=Actor.system(), at=at, reason=str(REASON))


def _run(row: Request, state: str, version: FlowVersion) -> Run:
    item = row.item
    return Run(
        item=new_item(
            f"{version.flow.name}: {item.title}",
            client=item.client,
            team_id=item.team_id,
            owner_id=item.owner_id,
            backup_id=item.backup_id,
            priority=item.priority,
        ),
        flow=version.flow,
        version=version,
        source=SOURCE,
        subject_type=SUBJECT,
        subject_id=_key(row),
        state=state,
    )


def _key(row: Request) -> str:
    return f"earlier.{row.pk}"


def _outcomes(below: Mapping[int, int]) -> tuple[set[int], set[int]]:
    """Return the topmost items with an unmet outcome below, and those with a met one."""
    unmet: set[int] = set()
    met: set[int] = set()
    for row in Outcome.objects.filter(item__in=below):
        (unmet if row.is_unmet else met).add(below[row.item_id])
    return unmet, met


def _state(row: Request, unmet: set[int], met: set[int]) -> str:
    if row.state in ENDED:
        return ENDED[Request.State(row.state)]
    if row.state != Request.State.CLOSED:
        return Run.State.IN_DELIVERY
    # Nothing says that it was proven, unless all of its outcomes are.
    is_proven = row.item_id in met - unmet
    return Run.State.COMPLETE if is_proven else Run.State.CLOSED_UNPROVEN


def _tell_where_they_came_from(rows: Sequence[Request], runs: Sequence[Run], at: datetime) -> None:
    """Record an event for each run, and what is known of its request now."""
    system = Actor.system()
    items = [row.item_id for row in rows]
    recorders, owners = _recorders(items), _first_owners(items)
    signals = [_signal(row, recorders, owners, at) for row in rows]
    captured = capture(signals, by=system, at=at)
    # They have their runs already, so nothing is left to route.
    events = [each.event_id for each in captured]
    Dispatch.objects.filter(event__in=events).delete()
    RunEvent.objects.bulk_create(_parts(captured, runs, at))
    Enrichment.objects.bulk_create(
        [_enrichment(row, run, system, at) for row, run in zip(rows, runs, strict=True)]
    )
    mark_done([run.pk for run in runs], [RunStep.Name.CAPTURE, RunStep.Name.ENRICH], at)


def _parts(captured: Iterable[Captured], runs: Iterable[Run], at: datetime) -> list[RunEvent]:
    return [
        RunEvent(event_id=each.event_id, run=run, part=RunEvent.Part.STARTED, at=at)
        for each, run in zip(captured, runs, strict=True)
    ]


def _signal(
    row: Request, recorders: Mapping[int, int], owners: Mapping[int, int], at: datetime
) -> Signal:
    body: dict[str, Any] = {
        ABOUT: row.item.created_at.isoformat(),
        CHANNEL: row.channel,
        CLIENT: row.item.client_id,
        CONTACT: row.contact_id,
        RECORDED_BY: recorders.get(row.item_id),
        OWNED_BY: owners.get(row.item_id),
    }
    return Signal(SOURCE, EARLIER, _key(row), SUBJECT, _key(row), at, body)


def _recorders(items: Sequence[int]) -> dict[int, int]:
    """Return who recorded each request, by work item."""
    events = Event.objects.filter(kind=created(Request).kind, item__in=items)
    return {item: actor for item, actor in events.values_list("item_id", "actor_id") if item}


def _first_owners(items: Sequence[int]) -> dict[int, int]:
    """Return who owned each request at first, by work item."""
    first = WorkItem.history.filter(id__in=items, history_type="+")
    return {item: owner for item, owner in first.values_list("id", "owner_id") if owner}


def _enrichment(row: Request, run: Run, by: Actor, at: datetime) -> Enrichment:
    facts = {
        "request.title": row.item.title,
        "request.channel": row.channel,
        "request.kind": row.kind,
    }
    if row.item.client is not None:
        facts |= {"client.name": row.item.client.name, "client.code": row.item.client.code}
    return Enrichment(
        run=run,
        facts=facts,
        sources=dict.fromkeys([*facts, "client"], f"request {row.item.ref}"),
        client_id=row.item.client_id,
        contact_ids=[row.contact_id] if row.contact_id else [],
        by_id=by.user_id,
        at=at,
    )


def _join(tops: Mapping[int, Run], below: Mapping[int, int], at: datetime) -> None:
    """Let the requests and everything below them belong to their runs."""
    runs = {item: run.pk for item, run in tops.items()}
    runs |= {item: tops[top].pk for item, top in below.items()}
    parents = {item: run.item_id for item, run in tops.items()}
    join_run(runs, parents, at=at, reason=str(REASON))
    system = Actor.system()
    for row in Outcome.objects.filter(Q(item__in=below) | Q(item__in=tops), run=None):
        row.run_id = runs[row.item_id]
        save_with_reason(row, by=system, at=at, reason=str(REASON), only=["run"])
