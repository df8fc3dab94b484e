"""Notifications, written in the transaction that causes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from routing.kernel.roles import EVERYONE, grant
from routing.messages.channels import send_notifications
from routing.messages.models import Notification
from routing.people.actors import Actor
from routing.work.items import WorkItem

grant("routing.view_notification", *EVERYONE)


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


def write(rows: Sequence[Notification], *, at: datetime) -> None:
    """
    Write the notifications whose dedupe keys are new, and pass those to the channels.
    """
    if not rows:
        return
    by_key = {row.dedupe_key: row for row in rows}
    known = Notification.objects.filter(dedupe_key__in=list(by_key))
    with transaction.atomic(savepoint=False):
        before = set(known.values_list("dedupe_key", flat=True))
        Notification.objects.bulk_create(rows, ignore_conflicts=True)
        # With ignore_conflicts Django returns no ids. The new rows are those that were not there
        # before.
        new = known.exclude(dedupe_key__in=before).order_by("pk")
        created = []
        for pk, key in new.values_list("pk", "dedupe_key"):
            by_key[key].pk = pk
            created.append(by_key[key])
        send_notifications(created, at)


def mark_read(ids: Sequence[int] | None, *, by: Actor, at: datetime) -> int:
    """
    Mark the reader's own notifications as read, and return how many were unread.

    :param ids: None for all of them
    """
    mine = Notification.objects.filter(recipient=by.user_id, read_at=None)
    if ids is not None:
        mine = mine.filter(pk__in=ids)
    return mine.update(read_at=at)


def sending(ids: Sequence[int], *, at: datetime) -> None:
    """Record that an e-mail with these notifications is about to leave."""
    Notification.objects.filter(pk__in=ids).update(sent_at=at)
