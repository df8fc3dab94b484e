"""Work that waits for a contact, from the table of turns."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from delivery.approvals.models import Approval
from delivery.portal.addresses import portal_page
from delivery.turns.parties import APPROVERS, ASKED, REQUESTER
from routing.people.actors import Actor
from routing.work.gates import Words
from routing.work.items import WorkItemQuerySet
from routing.work.turn_times import turns_began
from routing.work.turns import (
    WaitingSide,
    parties_of,
    turn_of,
    turns_of_mine,
    waits_for,
    with_turns,
)
from routing.work.visibility import work_seen_by

# The label of the button, by the party that is asked.
DO: Mapping[str, Words] = {
    REQUESTER.code: _("Answer a question"),
    ASKED.code: _("Review and decide"),
    APPROVERS.code: _("Accept or decline a change"),
}
FOR_COLLEAGUES: Mapping[str, Words] = {
    REQUESTER.code: _("Waiting for an answer from your company"),
    ASKED.code: _("Waiting for an approver at your company"),
    APPROVERS.code: _("Waiting for an approver at your company"),
}


FOR_FELLOW_APPROVERS: Mapping[str, Words] = {
    **FOR_COLLEAGUES,
    ASKED.code: _("Waiting for another approver at your company"),
    APPROVERS.code: _("Waiting for another approver at your company"),
}


@dataclass(frozen=True, slots=True)
class WaitingEntry:
    """One thing to do. ``do`` is the label of its button; ``due_at`` is None without a deadline."""

    do: Words
    title: str
    client: str
    url: str
    since: datetime
    due_at: datetime | None = None
    client_id: int | None = None


def waiting_for(by: Actor) -> list[WaitingEntry]:
    """Return everything that waits for this contact: by deadline, then by age."""
    at, parties = timezone.now(), parties_of(WaitingSide.CLIENT)
    return _entries(turns_of_mine(work_seen_by(by), by, at, parties=parties), DO)


def waiting_for_others(by: Actor) -> list[WaitingEntry]:
    """Return work that waits for someone else of the same client, for information only."""
    at, parties = timezone.now(), parties_of(WaitingSide.CLIENT)
    seen = work_seen_by(by)
    mine = turns_of_mine(seen, by, at, parties=parties).order_by().values("pk")
    others = waits_for(seen, *parties).exclude(pk__in=mine)
    # An approver who was not asked, or has answered, is not the one it waits for.
    return _entries(others, FOR_COLLEAGUES, FOR_FELLOW_APPROVERS, by.clients_as("approver"))


def _entries(
    items: WorkItemQuerySet,
    labels: Mapping[str, Words],
    labels_of_some: Mapping[str, Words] | None = None,
    clients: Collection[int] = (),
) -> list[WaitingEntry]:
    """
    Return the items as entries, by deadline, then by age.

    :param labels_of_some: the labels for work of these clients
    """
    rows: list[Any] = list(with_turns(items).select_related("client").order_by("pk"))
    began, deadlines = turns_began(rows), _deadlines(rows)
    found = []
    for row in rows:
        turn = turn_of(row)
        assert turn is not None
        found.append(
            WaitingEntry(
                (labels_of_some or labels)[turn.party.code]
                if row.client_id in clients
                else labels[turn.party.code],
                row.title,
                str(row.client),
                portal_page(row),
                began.get(row.pk, row.created_at),
                deadlines.get(row.pk),
                row.client_id,
            )
        )
    return sorted(
        found, key=lambda entry: (entry.due_at is None, entry.due_at or entry.since, entry.url)
    )


def _deadlines(items: Sequence[Any]) -> dict[int, datetime]:
    """Return the time at which each approval expires, by work item id."""
    asked = [item.pk for item in items if item.kind == "approval"]
    if not asked:
        return {}
    return dict(Approval.objects.filter(item__in=asked).values_list("item_id", "expires_at"))
