"""Blast radius: whose work an incident holds up, as far as the reader may see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from integrations.incidents.held import (
    HeldCounts,
    counts_of,
    events_of,
    flows_of,
    messages_of,
    work_of,
)
from integrations.incidents.models import Incident
from integrations.outbox.models import Outbound
from routing.models import Client, Flow, Notification, User, WorkItem
from routing.people.actors import Actor
from routing.work.visibility import clients_seen_by, work_seen_by

MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class BlastRadius:
    """
    ``work`` are at most ``MOST_SHOWN`` pieces, those of the reader first; ``work_count`` counts
    all. ``messages`` and ``events`` are those that waited, ``waiting`` those that still do.
    """

    owners: Sequence[User]
    clients: Sequence[Client]
    work: Sequence[WorkItem]
    work_count: int
    flows: Sequence[Flow]
    messages: int
    events: int
    waiting: int
    counts: HeldCounts

    def mine(self, user: int) -> list[WorkItem]:
        return [item for item in self.work if item.owner_id == user]


def blast_radius(incident: Incident, by: Actor) -> BlastRadius:
    """Return what an incident holds up, and held up before, that ``by`` may see."""
    seen: Any = work_seen_by(by).filter(pk__in=work_of(incident).order_by().values("pk"))
    owners = User.objects.filter(owned__in=seen).distinct().order_by("full_name", "pk")
    clients = clients_seen_by(by).filter(work__in=seen).distinct().order_by("code")
    shown = seen.select_related("client", "owner").order_by("next_due_at", "pk")
    work = sorted(shown[:MOST_SHOWN], key=lambda item: item.owner_id != by.user_id)
    messages, events = messages_of(incident), events_of(incident)
    return BlastRadius(
        owners=list(owners),
        clients=list(clients),
        work=work,
        work_count=seen.count(),
        flows=flows_of(incident),
        messages=messages.count(),
        events=events.count(),
        waiting=messages.filter(state__in=Outbound.workable).count() + events.waiting().count(),
        counts=counts_of(incident),
    )


def told_of(incident: Incident) -> list[str]:
    """Return the addresses of everybody who was told that it was opened or holds up their work."""
    words = (Notification.Words.INCIDENT, Notification.Words.AFFECTED)
    told = Notification.objects.filter(item=incident.item_id, words__in=words).values("recipient")
    return list(User.objects.filter(pk__in=told).order_by("email").values_list("email", flat=True))
