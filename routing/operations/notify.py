"""Notifications, written in the transaction that causes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from routing.actors import Actor
from routing.models.messages import Notification
from routing.models.work import WorkItem


def tell_owners(items: Sequence[WorkItem], words: str, *, by: Actor, at: datetime) -> None:
    """Tell each item's owner once, unless the owner caused it."""
    Notification.objects.bulk_create(
        [
            Notification(recipient_id=item.owner_id, item=item, words=words, dedupe_key=f"{words}:{item.pk}:{item.owner_id}", at=at)
            for item in items
            if item.owner_id is not None and item.owner_id != by.user_id
        ],
        ignore_conflicts=True,
    )
