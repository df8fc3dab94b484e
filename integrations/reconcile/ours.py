"""Load what our rows say about the objects of a connection that publishes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from delivery.models import Deliverable
from integrations.base.connections import Connection
from integrations.outbox.models import Outbound, OutboundQuerySet
from integrations.publishing.draft_objects import DRAFT
from integrations.publishing.publish import VERB
from integrations.reconcile.compare import OurObject

State = Outbound.State
COLUMNS = (
    "object_key",
    "item_id",
    "state",
    "remote_id",
    "url",
    "evidence",
    "content__slug",
    "content__post_type",
)


def our_objects(
    connection: Connection, keys: Collection[str] | None = None
) -> dict[str, OurObject]:
    """
    Return our objects of a connection by object key.

    :param keys: those wanted, or None for all
    """
    # Drafts too: their marks are ours, though nobody watches them.
    about = Outbound.objects.filter(connection=connection, verb__in=(VERB, DRAFT))
    if keys is not None:
        about = about.filter(object_key__in=keys)
    found = {}
    for row in _newest(about.filter(state=State.DELIVERED)):
        found[row["object_key"]] = _ours(row)
    # Messages that are not delivered come second: what they say is newer.
    for row in _newest(about.filter(state__in=Outbound.unfinished_states)):
        known = found.get(row["object_key"])
        ours = replace(known, item_id=row["item_id"]) if known else _ours(row)
        found[row["object_key"]] = replace(ours, is_busy=row["state"] in Outbound.workable)
    return _with_watch(found)


def _newest(rows: OutboundQuerySet) -> Any:
    """Return the newest message of each object, without its texts."""
    return rows.order_by("object_key", "-pk").distinct("object_key").values(*COLUMNS)


def _ours(row: dict[str, Any]) -> OurObject:
    return OurObject(
        object_key=row["object_key"],
        object_type=row["content__post_type"] or "",
        remote_id=row["remote_id"],
        url=row["url"],
        item_id=row["item_id"],
        content={"slug": row["content__slug"]},
        evidence=row["evidence"],
    )


def _with_watch(found: dict[str, OurObject]) -> dict[str, OurObject]:
    items = {each.item_id for each in found.values()}
    # Whatever becomes of the pages of other work is no longer our concern.
    placed = Deliverable.objects.filter(item__in=items - {None}, state__in=Deliverable.placed)
    watched = set(placed.values_list("item_id", flat=True))
    return {key: replace(each, is_watched=each.item_id in watched) for key, each in found.items()}
