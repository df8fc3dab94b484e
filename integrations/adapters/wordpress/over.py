"""Carry out a person's decision about a post that is not as we wrote it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.utils import timezone

from integrations.adapters.wordpress import mapping
from integrations.adapters.wordpress.client import (
    MEDIA,
    TRASHED,
    WordPressClient,
    WordPressPost,
)
from integrations.base.adapter import Conflict, NotFound, OutboxMessage, Over, Written

PUBLIC = "publish"
# A site whose clock is behind ours would take our instant for the future, and schedule the post.
BEHIND = timedelta(minutes=5)


def is_about(message: OutboxMessage, post: WordPressPost) -> bool:
    """Return whether a person decided about this post."""
    over = Over.of(message.content)
    return over is not None and over.choice != Over.ANEW and over.remote_id == post.id


def takes_theirs(message: OutboxMessage) -> bool:
    over = Over.of(message.content)
    return over is not None and over.choice == Over.THEIRS


def is_replaced(message: OutboxMessage, post: WordPressPost) -> bool:
    """Return whether the message creates another post in the place of this one."""
    over = Over.of(message.content)
    replaces = over is not None and over.choice == Over.ANEW
    return replaces and over is not None and (post.id == over.remote_id or mapping.in_trash(post))


def check(now: WordPressPost, message: OutboxMessage) -> None:
    """
    :raises Conflict: if the post changed after the person looked, other than by this message
    """
    over = Over.of(message.content)
    if over is None or over.seen == mapping.exactly(now):
        return
    # A text of ours: an earlier attempt wrote it, or somebody has put it back.
    if over.choice == Over.OURS and mapping.as_marked(now):
        return
    raise Conflict(
        f"Somebody changed post {now.id} on the site again after the decision. It was not "
        f"overwritten. Decide again."
    )


def restored(now: WordPressPost, fields: Mapping[str, Any], status: str) -> Mapping[str, Any]:
    """Return the fields of an update. One that leaves the trash needs a status at once."""
    return {**fields, "status": status} if mapping.in_trash(now) else fields


def now_public(now: WordPressPost, status: str) -> Mapping[str, Any]:
    """Return the fields that make a post public now, also one that is scheduled for later."""
    if status != PUBLIC or now.status != mapping.SCHEDULED:
        return {"status": status}
    at = timezone.now() - BEHIND
    return {"status": status, "date_gmt": f"{at:%Y-%m-%dT%H:%M:%S}"}


def to_trash(client: WordPressClient, message: OutboxMessage) -> Written:
    """
    Move the post to the trash, unless it is there or was deleted. A file is deleted.

    :raises Conflict: if it changed since it was looked at
    """
    post_type, key = str(message.content["post_type"]), message.remote_id
    try:
        if post_type == MEDIA:
            client.delete_medium(int(key))
        else:
            _trash(client, post_type, key, message.content)
    except NotFound:  # also the answer if somebody else was faster
        pass
    return Written(key, "", {"status": TRASHED})


def _trash(client: WordPressClient, post_type: str, key: str, content: Mapping[str, Any]) -> None:
    now = client.read(post_type, key)
    if mapping.in_trash(now):
        return
    if now.status != content.get("status", now.status):
        raise Conflict(
            f"Post {now.id} is no longer a {content['status']}: it is {now.status}. It was not "
            f"moved to the trash."
        )
    # Of a post that was found after its answer was lost, nothing is known but what its mark says.
    seen = content["seen"]
    if mapping.exactly(now) != seen and (seen or not mapping.as_marked(now)):
        raise Conflict(
            f"Somebody changed post {now.id} on the site after the decision. It was not moved to "
            f"the trash. Decide again."
        )
    client.trash(post_type, key)


def left_outside_trash(client: WordPressClient, message: OutboxMessage) -> Sequence[str]:
    """Return a sentence if the object is still there."""
    post_type, key = str(message.content["post_type"]), message.remote_id
    try:
        if post_type == MEDIA:
            return [f"The file {client.medium(int(key)).id} is still there."]
        now = client.read(post_type, key)
    except NotFound:
        return []
    return [] if mapping.in_trash(now) else [f"Post {key} is not in the trash: {now.status}."]
