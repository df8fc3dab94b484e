"""New, unsaved work items: the one place that decides what a part inherits from its parent."""

from __future__ import annotations

from typing import Any, TypedDict, Unpack

from routing.kernel.clean_text import one_line
from routing.people.clients import Client
from routing.work.items import WorkItem

# Columns that describe the whole piece of work, so that every part has the same values.
INHERITED = ("client", "run_id", "team_id", "owner_id", "backup_id", "priority")
UNTITLED = "—"
LONGEST = WorkItem._meta.get_field("title").max_length


class Own(TypedDict, total=False):
    """Values of an item's own, which replace those it would inherit."""

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
    Return an unsaved item for ``create``. A title that is too long is cut.

    :param parent: the item it is part of, and inherits from
    :param like: the item it follows, from which it inherits instead
    """
    pattern = like or parent
    values: dict[str, Any] = dict(own)
    if pattern is not None:
        # Only what is missing is read: a client that is not loaded costs a query for each item.
        values |= {name: getattr(pattern, name) for name in INHERITED if name not in own}
    if parent is not None:
        values["parent"] = parent
    elif like is not None:
        values.setdefault("parent_id", like.parent_id)
    # Titles come from other systems too. One that is long, or has nothing to see, must not stop the
    # work.
    return WorkItem(title=one_line(title)[:LONGEST] or UNTITLED, **values)


def imagined_item(kind: str, state: str, *, team_id: int | None, client_id: int | None) -> WorkItem:
    """Return an item that is never stored, to ask what would become of one."""
    return WorkItem(kind=kind, state=state, team_id=team_id, client_id=client_id)
