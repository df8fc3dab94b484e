"""
A client requests a change to a live page.

The page stays live, and the agency must state the impact of the change.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from delivery.deliverables.models import Deliverable
from delivery.progress.operations.changes import ask_change
from routing.people.actors import Actor
from routing.people.clients import Contact
from routing.runs.operations.advance import advance

ABOUT, WHO = "Winter jackets, cared for", "dana@acme-outdoor.example"
WANTED = {
    "request.title": "New washing temperature",
    "request.details": "The jackets may be washed at 40 degrees now: please say so.",
}


def ask_for_change(at: datetime) -> None:
    contact = Contact.objects.select_related("user").get(email=WHO)
    page = Deliverable.objects.filter(item__title=ABOUT, state=Deliverable.State.LIVE).latest("pk")
    assert contact.user is not None  # invited before
    moment = at - timedelta(hours=5)
    ask_change(
        page.pk, WANTED, token=f"demo-{at:%Y%m%d%H%M%S}", by=Actor.of(contact.user), at=moment
    )
    advance(clock=lambda: moment)
