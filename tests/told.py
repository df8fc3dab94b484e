"""Notifications of owners, for tests about what becomes of a notification."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from routing.messages.operations import write
from routing.models import Notification, WorkItem
from routing.people.actors import Actor


def tell_owners(
    items: Sequence[WorkItem], words: str, *, by: Actor, at: datetime, cause: str = ""
) -> None:
    """
    Notify each item's owner once, unless the owner caused it.

    :param cause: distinguishes several causes of one kind, such as a version's id; empty for
        what happens only once
    """
    rows = [
        Notification(
            recipient_id=item.owner_id,
            item=item,
            words=words,
            dedupe_key=f"{words}:{item.pk}:{item.owner_id}:{cause}".rstrip(":"),
            at=at,
        )
        for item in items
        if item.owner_id is not None and item.owner_id != by.user_id
    ]
    write(rows, at=at)
