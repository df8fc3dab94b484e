"""First responses to a request that are no e-mail: what is seen in the portal, and calls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from delivery.requests.models import Request
from delivery.requests.operations import requests
from delivery.requests.reach import Reach, reach_of
from routing.people.actors import Actor
from routing.sla.operations.first_response import ResponseChannel, reached_client
from routing.work.notes import Note
from routing.work.operations import notes
from routing.work.operations.notes import NOTED
from routing.work.registry import react


@react(requests.accept)
def respond_with_acceptance(rows: Sequence[Request], by: Actor, at: datetime) -> None:
    """Count an acceptance that somebody of the client sees in the portal."""
    timed = [row for row in rows if row.item.is_timed]
    reach = reach_of(timed) if timed else {}
    seen = [row.item_id for row in timed if _is_seen(reach[row.pk])]
    if seen:
        reached_client(seen, ResponseChannel.PORTAL, by=by, at=at)


def _is_seen(reach: Reach) -> bool:
    return any(each.has_access for each in reach.informed)


@react(NOTED)
def respond_with_note(written: Sequence[Note], by: Actor, at: datetime) -> None:
    """Count shared notes of staff on requests whose people have access to the portal."""
    if by.contact_id is not None:
        return
    items = [note.item_id for note in written if note.is_shared]
    rows = list(Request.objects.filter(item__in=items).select_related("item")) if items else []
    reach = reach_of(rows)
    readable = [row.item_id for row in rows if reach[row.pk].answering]
    if readable:
        reached_client(readable, ResponseChannel.PORTAL, by=by, at=at)


def record_call(item_id: int, *, body: str, by: Actor, at: datetime) -> Note:
    """
    Record a call with the client about a request: what was said, as an internal note.

    :raises PermissionDenied: if ``by`` may not write notes
    :raises WorkItem.DoesNotExist: if there is no such work, or ``by`` may not see it
    :raises ValidationError: if the note is empty or too long
    """
    with transaction.atomic():
        note = notes.add(item_id, body=body, audience=Note.Audience.INTERNAL, by=by, at=at)
        reached_client([item_id], ResponseChannel.CALL, by=by, at=at)
    return note
