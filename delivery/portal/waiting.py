"""What waits for a contact: one list, whoever contributes to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from delivery.models.requests import Request
from delivery.operations.requests import ASKING
from routing.actors import Actor
from routing.gates import Words
from routing.visibility import work_seen_by


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to do: ``do`` is the label of its button, ``due_at`` is None where nothing presses."""

    do: Words
    title: str
    client: str
    url: str
    since: datetime
    due_at: datetime | None = None


def questions(by: Actor) -> Sequence[Entry]:
    """Questions about requests, for those who may answer them."""
    mine = work_seen_by(by).filter(client__in=by.clients_as(*ASKING), held_at=None).order_by()
    rows = Request.objects.filter(item__in=mine, state=Request.State.NEEDS_INFORMATION).select_related("item__client")
    return [
        Entry(
            _("Answer a question"),
            row.item.title,
            str(row.item.client),
            reverse("portal:request", args=[row.item.ref]),
            row.item.changed_at,
        )
        for row in rows
    ]


SOURCES: tuple[Callable[[Actor], Sequence[Entry]], ...] = (questions,)


def waiting_for(by: Actor) -> list[Entry]:
    """Everything that waits for this contact: what is due first, then what waits longest."""
    found = [entry for source in SOURCES for entry in source(by)]
    return sorted(found, key=lambda entry: (entry.due_at is None, entry.due_at or entry.since, entry.url))
