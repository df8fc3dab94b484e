"""Work that waits for a contact, collected into one list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from delivery.approvals.models import Approval
from delivery.portal.addresses import portal_page
from delivery.portal.questions import questions_of
from delivery.requests.models import Request
from delivery.requests.reach import ASKING
from routing.people.actors import Actor
from routing.people.clients import Membership
from routing.work.gates import Words
from routing.work.visibility import work_seen_by


@dataclass(frozen=True, slots=True)
class WaitingEntry:
    """One thing to do. ``do`` is the label of its button; ``due_at`` is None without a deadline."""

    do: Words
    title: str
    client: str
    url: str
    since: datetime
    due_at: datetime | None = None


def questions(by: Actor) -> Sequence[WaitingEntry]:
    """Return open questions about requests that this contact may answer."""
    # Work on hold refuses every answer, so it does not ask for one.
    mine = work_seen_by(by).filter(client__in=by.clients_as(*ASKING), held_at=None).order_by()
    rows = Request.objects.filter(
        item__in=mine, state=Request.State.NEEDS_INFORMATION
    ).select_related("item__client")
    return [
        WaitingEntry(
            _("Answer a question"),
            row.item.title,
            str(row.item.client),
            reverse("portal:request", args=[row.item.ref]),
            row.item.changed_at,
        )
        for row in rows
    ]


def decisions(by: Actor) -> Sequence[WaitingEntry]:
    """Return versions that this contact may decide about and has not answered."""
    mine = questions_of(by).filter(
        state=Approval.State.PENDING,
        item__client__in=by.clients_as(Membership.Role.APPROVER),
        item__held_at=None,
    )
    rows = mine.exclude(answers__contact=by.contact_id)
    return [_decision(row, _("Review and decide")) for row in rows]


def _decision(row: Approval, do: Words) -> WaitingEntry:
    url = reverse("portal:question", args=[row.item.ref])
    return WaitingEntry(
        do, row.item.title, str(row.item.client), url, row.item.created_at, row.expires_at
    )


def impacts(by: Actor) -> Sequence[WaitingEntry]:
    """Return change impacts that wait for an approver."""
    mine = (
        work_seen_by(by)
        .filter(client__in=by.clients_as(Membership.Role.APPROVER), held_at=None)
        .order_by()
    )
    stated = Request.objects.filter(
        item__in=mine, impact=Request.Impact.STATED, state__in=Request.before_acceptance
    )
    return [
        WaitingEntry(
            _("Accept or decline a change"),
            row.item.title,
            str(row.item.client),
            portal_page(row.item),
            row.item.changed_at,
        )
        for row in stated.select_related("item__client")
    ]


SOURCES: tuple[Callable[[Actor], Sequence[WaitingEntry]], ...] = (questions, decisions, impacts)


def waiting_for_others(by: Actor) -> list[WaitingEntry]:
    """Return work that waits for someone else of the same client, for information only."""
    mine = questions_of(by).filter(state=Approval.State.PENDING, item__held_at=None)
    rows = mine.exclude(item__client__in=by.clients_as(Membership.Role.APPROVER))
    found = [_decision(row, _("Waiting for an approver at your company")) for row in rows]
    return sorted(found, key=lambda entry: (entry.due_at or entry.since, entry.url))


def waiting_for(by: Actor) -> list[WaitingEntry]:
    """Return everything that waits for this contact: by deadline, then by age."""
    found: list[WaitingEntry] = []
    for source in SOURCES:
        found += source(by)
    return sorted(
        found, key=lambda entry: (entry.due_at is None, entry.due_at or entry.since, entry.url)
    )
