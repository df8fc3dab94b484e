"""New work items, unsaved: the one place that says what a part takes from what it is part of."""

from __future__ import annotations

from typing import Any, TypedDict, Unpack

from routing.people.clients import Client
from routing.work.items import WorkItem

# What belongs to a whole piece of work, so that each part of it has the same.
INHERITED = ("client", "run_id", "team_id", "owner_id", "backup_id", "priority")
LONGEST = WorkItem._meta.get_field("title").max_length


class Own(TypedDict, total=False):
    """What an item has of its own, in place of what it would inherit."""

    client: Client | None
    run_id: int | None
    parent_id: int | None
    team_id: int | None
    owner_id: int | None
    backup_id: int | None
    priority: int
    waiting_on: str


def new_item(
    title: str,
    *,
    parent: WorkItem | None = None,
    like: WorkItem | None = None,
    **own: Unpack[Own],
) -> WorkItem:
    """
    Return an unsaved item for ``create``, whose title is cut to what the column holds.

    :param parent: what it is part of, from which it has all that it has not of its own
    :param like: the item that it comes after, from which it inherits in place of the parent
    """
    pattern = like or parent
    values: dict[str, Any] = dict(own)
    for name in INHERITED if pattern is not None else ():
        values.setdefault(name, getattr(pattern, name))
    if parent is not None:
        values["parent"] = parent
    elif like is not None:
        values.setdefault("parent_id", like.parent_id)
    return WorkItem(title=title[:LONGEST], **values)
