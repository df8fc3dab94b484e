"""
Update the deal in the CRM with the state of its run.

The message is written in the transaction that changes the run, and sent by the outbox.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from integrations.adapters.registry import adapter_of
from integrations.base.connections import Connection
from integrations.outbox.enqueue import NewMessage, enqueue
from integrations.outbox.models import Outbound
from integrations.outbox.rows import digest_of
from integrations.outbox.verbs import called
from routing.models import Run, User
from routing.people.actors import Actor
from routing.runs.operations import outcomes, route_runs, runs
from routing.work.registry import react

VERB = called("crm.tell_deal", _("Update the deal with the outcome"))
DEAL = "deal"


def update_deal(
    run: Run, changes: Mapping[str, str], *, by: Actor, at: datetime
) -> Outbound | None:
    """
    Write a message with the run's new values, or return None if there is no deal or nothing new.

    :param changes: those of ``state``, ``owner`` and ``url`` that changed
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
        content = adapter.outcome_content(changes, connection.settings) if adapter else None
        if content is None:
            continue
        known = before.get((connection.pk, _object(run)), {})
        whole = {name: {**known.get(name, {}), **part} for name, part in content.items()}
        if whole != known:
            wanted.append(_wanted(run, connection, whole, at))
    return enqueue(wanted, by=by, at=at)


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
    update_deals([(run, {"state": run.state}) for run in rows], by=by, at=at)


@react(runs.complete)
def update_complete(rows: Sequence[Run], by: Actor, at: datetime) -> None:
    """Update the deal with the address of what was published last, if anything was."""
    published = Outbound.objects.filter(
        run__in=[run.pk for run in rows], state=Outbound.State.DELIVERED
    ).exclude(url="")
    urls = dict(published.order_by("pk").values_list("run_id", "url"))
    updates = []
    for run in rows:
        changes = {"state": run.state}
        if run.pk in urls:
            changes["url"] = urls[run.pk]
        updates.append((run, changes))
    update_deals(updates, by=by, at=at)
