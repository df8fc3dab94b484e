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
    Tell each item's owner once, unless the owner caused it.

    :param cause: what tells one cause from the next of the same kind, such as a version's id; empty
        for what happens once
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
    Write those that are new by their dedupe keys, and let carriers bring them to their people.
    """
    if not rows:
        return
    by_key = {row.dedupe_key: row for row in rows}
    known = Notification.objects.filter(dedupe_key__in=list(by_key))
    with transaction.atomic(savepoint=False):
        before = set(known.values_list("dedupe_key", flat=True))
        Notification.objects.bulk_create(rows, ignore_conflicts=True)
        created = []
        for pk, key in (
            known.exclude(dedupe_key__in=before).order_by("pk").values_list("pk", "dedupe_key")
        ):
            by_key[key].pk = pk
            created.append(by_key[key])
        send_notifications(created, at)


def mark_read(ids: Sequence[int] | None, *, by: Actor, at: datetime) -> int:
    """
    Say that the reader has seen these of their own messages; how many were new to them. Others' are
    left alone.

    :param ids: None for all of them
    """
    mine = Notification.objects.filter(recipient=by.user_id, read_at=None)
    return mine.update(read_at=at) if ids is None else mine.filter(pk__in=ids).update(read_at=at)


def sending(ids: Sequence[int], *, at: datetime) -> None:
    """Say that a letter with these messages is about to leave."""
    Notification.objects.filter(pk__in=ids).update(sent_at=at)
