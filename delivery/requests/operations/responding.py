"""
The first response to a request: the moment at which something of ours reached the client.

An automatic receipt is none, and neither is a step that nobody at the client learns of.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from delivery.requests.models import Request
from delivery.requests.operations import requests
from delivery.requests.reach import Reach, reach_of
from routing.people.actors import Actor
from routing.people.clients import Membership
from routing.sla.operations.clocks import stop
from routing.work.items import WorkItem
from routing.work.notes import Note
from routing.work.operations.notes import NOTED
from routing.work.registry import react

FIRST_RESPONSE = "first_response"


def responded(items: Sequence[WorkItem], at: datetime) -> None:
    """Stop the clocks of the first response. Call it with locked items."""
    timed = [item for item in items if item.is_timed]
    if timed:
        stop(timed, FIRST_RESPONSE, at)


@react(requests.accept)
def answered_in_portal(rows: Sequence[Request], by: Actor, at: datetime) -> None:
    """Count an acceptance that somebody of the client sees in the portal."""
    timed = [row for row in rows if row.item.is_timed]
    reach = reach_of(timed) if timed else {}
    responded([row.item for row in timed if _is_seen(reach[row.pk])], at)


def _is_seen(reach: Reach) -> bool:
    return any(each.has_access for each in reach.informed)


@react(NOTED)
def wrote_to_client(notes: Sequence[Note], by: Actor, at: datetime) -> None:
    """Count a shared note of the agency, if somebody of the client can read it in the portal."""
    if by.contact_id is not None or by.is_service:
        return
    about = [note.item for note in notes if note.audience == Note.Audience.CLIENT]
    clients = {item.client_id for item in about if item.kind == "request"} - {None}
    members = Membership.objects.filter(
        client__in=clients, contact__erased_at=None, contact__user__is_active=True
    )
    reached = set(members.values_list("client_id", flat=True)) if clients else set()
    items = [item.pk for item in about if item.client_id in reached]
    if items:
        # Locked like every item whose clocks turn.
        found = WorkItem.objects.filter(pk__in=items).order_by("pk").select_for_update(no_key=True)
        responded(list(found), at)
