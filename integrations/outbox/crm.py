"""
Update the deal in the CRM with the state of its run.

The message is written in the transaction that changes the run, and sent by the outbox.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from delivery.approvals.operations import deliverables
from delivery.briefs.operations import briefs
from delivery.deliverables.operations import editing
from delivery.models import Brief, Deliverable, Request
from delivery.progress.operations import impacts
from delivery.requests.operations import requests
from integrations.adapters.registry import adapter_of
from integrations.base.connections import Connection
from integrations.outbox.enqueue import NewMessage, enqueue
from integrations.outbox.models import Outbound
from integrations.outbox.rows import digest_of
from integrations.outbox.verbs import called
from routing.cover.operations import leaving
from routing.models import Run, User, WorkItem
from routing.people.actors import Actor
from routing.runs.operations import outcomes, route_runs, runs
from routing.work.creation import created
from routing.work.operations import items
from routing.work.registry import react

VERB = called("crm.tell_deal", _("Update the deal with the outcome"))
DEAL, RUN, REQUEST = "deal", "run", "request"
ON_HOLD = "on_hold"


def update_deal(
    run: Run, changes: Mapping[str, str], *, by: Actor, at: datetime
) -> Outbound | None:
    """
    Write a message with the run's new values, or return None if there is no deal or nothing new.

    :param changes: those of ``state``, ``owner``, ``url``, ``needed_by``, ``planned_for`` and
        ``ended_on`` that changed; dates in ISO form, empty to clear one
    """
    return next(iter(update_deals([(run, changes)], by=by, at=at)), None)


def update_deals(
    updates: Sequence[tuple[Run, Mapping[str, str]]], *, by: Actor, at: datetime
) -> list[Outbound]:
    """
    Write a message for each of many runs.

    Each message repeats earlier values that still hold, so that it can supersede older ones.
    """
    sources = {run.source for run, _changes in updates if run.subject_type == DEAL}
    if not sources:
        return []
    connections = {each.slug: each for each in Connection.objects.filter(slug__in=sources)}
    about = [
        (run, connections[run.source], changes)
        for run, changes in updates
        if run.subject_type == DEAL and run.source in connections
    ]
    before = _last_contents([(connection.pk, _object(run)) for run, connection, _changes in about])
    wanted = []
    for run, connection, changes in about:
        adapter = adapter_of(connection.kind)
        content = adapter.outcome_content(changes, connection.valid_settings) if adapter else None
        if content is None:
            continue
        known = before.get((connection.pk, _object(run)), {})
        whole = {name: _with(known.get(name, {}), part) for name, part in content.items()}
        if whole != known and any(whole.values()):
            wanted.append(_wanted(run, connection, whole, at))
    return enqueue(wanted, by=by, at=at)


def _with(known: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    """Return the earlier values with the new ones. An empty one clears only what was told."""
    told = {name: value for name, value in part.items() if value != "" or name in known}
    return {**known, **told}


def _object(run: Run) -> str:
    return f"{DEAL}:{run.subject_id}"


def _wanted(
    run: Run, connection: Connection, content: Mapping[str, Any], at: datetime
) -> NewMessage:
    key = f"{VERB}:{run.pk}:{at:%Y%m%dT%H%M%S%f}:{digest_of(content, [])[:16]}"
    return NewMessage(
        connection.pk, key, VERB, _object(run), content, remote_id=run.subject_id, run_id=run.pk
    )


def _last_contents(objects: Sequence[tuple[int, str]]) -> dict[tuple[int, str], Mapping[str, Any]]:
    """Return the content of the last message, sent or queued, for each object."""
    if not objects:
        return {}
    rows = Outbound.objects.filter(
        connection__in={connection for connection, _key in objects},
        object_key__in={key for _connection, key in objects},
        verb=VERB,
    ).exclude(state=Outbound.State.DISCARDED)
    newest = rows.order_by("connection_id", "object_key", "-pk").distinct(
        "connection_id", "object_key"
    )
    return {(row.connection_id, row.object_key): row.content for row in newest}


@react(route_runs.ROUTE)
def update_routed(rows: Sequence[Run], by: Actor, at: datetime) -> None:
    owners = User.objects.filter(
        pk__in={run.item.owner_id for run in rows if run.subject_type == DEAL}
    )
    names = dict(owners.values_list("pk", "full_name"))
    updates = []
    for run in rows:
        changes = {"state": run.state}
        if run.item.owner_id in names:
            changes["owner"] = names[run.item.owner_id]
        updates.append((run, changes))
    update_deals(updates, by=by, at=at)


@react(outcomes.REOPEN)
def update_reopened(rows: Sequence[Run], by: Actor, at: datetime) -> None:
    update_deals([(run, {"state": run.state, "ended_on": ""}) for run in rows], by=by, at=at)


@react(runs.complete, runs.close_unproven, runs.cancel)
def update_ended(rows: Sequence[Run], by: Actor, at: datetime) -> None:
    """Update the deal with the end, and the address of what was published last, if anything was."""
    if not any(run.subject_type == DEAL for run in rows):
        return
    published = Outbound.objects.filter(
        run__in=[run.pk for run in rows], state=Outbound.State.DELIVERED
    ).exclude(url="")
    urls = dict(published.order_by("pk").values_list("run_id", "url"))
    zones = dict(
        Run.objects.filter(pk__in=[run.pk for run in rows]).values_list(
            "pk", "item__client__timezone"
        )
    )
    updates = []
    for run in rows:
        day = at.astimezone(ZoneInfo(zones.get(run.pk) or "UTC")).date()
        changes = {"state": run.state, "ended_on": day.isoformat()}
        if run.pk in urls:
            changes["url"] = urls[run.pk]
        updates.append((run, changes))
    update_deals(updates, by=by, at=at)


# -- What happens to the work of a run -------------------------------------------------------------


@react(items.hand_over, leaving.replace_person)
def update_owner(rows: Sequence[WorkItem], by: Actor, at: datetime) -> None:
    """Tell the deal the new owner of the run or of its request."""
    about = _deals_of(rows)
    names = dict(
        User.objects.filter(pk__in={row.owner_id for row, _run in about}).values_list(
            "pk", "full_name"
        )
    )
    # The run first: its request is what people work on, so the request's owner counts.
    about.sort(key=lambda pair: pair[0].kind == REQUEST)
    owners = {run: {"owner": names[row.owner_id or 0]} for row, run in about}
    update_deals(list(owners.items()), by=by, at=at)


@react(items.hold, items.resume)
def update_hold(rows: Sequence[WorkItem], by: Actor, at: datetime) -> None:
    """Tell the deal that its work is on hold, or goes on."""
    states: dict[Run, dict[str, str]] = {}
    for row, run in _deals_of(rows):
        held = row.held_at is not None or run.item.held_at is not None
        states[run] = {"state": ON_HOLD if held else run.state}
    update_deals(list(states.items()), by=by, at=at)


def _deals_of(rows: Sequence[WorkItem]) -> list[tuple[WorkItem, Run]]:
    """Return the runs about deals with the rows that are such a run, or its request."""
    own = {row.pk: row for row in rows if row.kind == RUN}
    found = Run.objects.filter(subject_type=DEAL).select_related("item")
    about = [(own[run.item_id], run) for run in found.filter(item__in=own)] if own else []
    requested = [row for row in rows if row.kind == REQUEST and row.run_id]
    if requested:
        of_requests = found.in_bulk([row.run_id for row in requested])
        about += [(row, of_requests[row.run_id]) for row in requested if row.run_id in of_requests]
    return about


@react(created(Request))
def update_wanted(rows: Sequence[Request], by: Actor, at: datetime) -> None:
    update_needed_by([row for row in rows if row.wanted_date], by, at)


@react(requests.edit)
def update_needed_by(rows: Sequence[Request], by: Actor, at: datetime) -> None:
    """Tell the deal by when the client needs the work."""
    days = {row.item.run_id: row.wanted_date for row in rows if row.item.run_id}
    _tell_dates(days, "needed_by", by=by, at=at)


@react(briefs.approve, deliverables.replan, editing.edit, deliverables.cancel)
def update_planned(rows: Sequence[Brief | Deliverable], by: Actor, at: datetime) -> None:
    """Tell the deal the last day of the plan, or that no day is planned any more."""
    runs_ = {row.item.run_id for row in rows if row.item.run_id}
    planned = Deliverable.objects.filter(item__run__in=runs_).exclude(
        state=Deliverable.State.CANCELLED
    )
    days = planned.order_by().values("item__run").annotate(last=Max("due_date"))
    last = dict.fromkeys(runs_) | {each["item__run"]: each["last"] for each in days}
    _tell_dates(last, "planned_for", by=by, at=at)


@react(impacts.accept_impact)
def update_agreed(rows: Sequence[Request], by: Actor, at: datetime) -> None:
    """Tell the deal the day that the client agreed to."""
    agreed = {row.item.run_id: row.impact_date for row in rows if row.item.run_id}
    _tell_dates(agreed, "planned_for", by=by, at=at)


def _tell_dates(days: Mapping[int, date | None], name: str, *, by: Actor, at: datetime) -> None:
    found = Run.objects.filter(subject_type=DEAL).in_bulk(list(days)) if days else {}
    updates = []
    for pk, run in found.items():
        day = days[pk]
        updates.append((run, {name: day.isoformat() if day else ""}))
    update_deals(updates, by=by, at=at)
