"""Notifications, written in the transaction that causes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from routing.kernel.roles import EVERYONE, grant
from routing.kernel.sql import run
from routing.kernel.tables import insert_into
from routing.messages.channels import send_notifications
from routing.messages.models import Notification
from routing.people.actors import Actor

grant("routing.view_notification", *EVERYONE)


# Django's bulk_create returns no ids if it ignores conflicts.
_NOTIFICATIONS = insert_into(
    Notification,
    """unnest(%(recipients)s::bigint[], %(items)s::bigint[], %(words)s::text[], %(states)s::text[],
        %(parties)s::text[], %(keys)s::text[], %(at)s::timestamptz[])
        AS new(recipient, item, words, state, party, key, at)""",
    recipient_id="new.recipient",
    item_id="new.item",
    words="new.words",
    while_state="new.state",
    party="new.party",
    dedupe_key="new.key",
    at="new.at",
)
WRITE = f"{_NOTIFICATIONS} ON CONFLICT (dedupe_key) DO NOTHING RETURNING id, dedupe_key"


def write(rows: Sequence[Notification], *, at: datetime) -> None:
    """
    Write the notifications whose dedupe keys are new, and pass those to the channels.
    """
    if not rows:
        return
    by_key = {row.dedupe_key: row for row in rows}
    new = list(by_key.values())
    with transaction.atomic(savepoint=False):
        found = run(
            WRITE,
            {
                "recipients": [row.recipient_id for row in new],
                "items": [row.item_id for row in new],
                "words": [str(row.words) for row in new],
                "states": [row.while_state for row in new],
                "parties": [row.party for row in new],
                "keys": [row.dedupe_key for row in new],
                "at": [row.at for row in new],
            },
        )
        created = []
        for pk, key in sorted(found):
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
