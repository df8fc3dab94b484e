"""
Work that a person recorded by hand: a phone call, a mail or a meeting.

The body of its event names who asked and how, and the people who were chosen by hand, if any.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from routing.flows.by_hand import HandChoice
from routing.kernel.events import Event
from routing.people.staff import User
from routing.runs.models import Run, RunEvent

SOURCE = "desk"
# Keys of the body.
CHANNEL = "channel"
CHOSEN = "chosen"  # owner, backup, team and priority by id
BECAUSE = "because"  # the reason for the choice, in the person's words
# Of work that was recorded before it had an event: the instant that the event is about, as ISO
# 8601, and by id who recorded it and who owned it then.
ABOUT, RECORDED_BY, OWNED_BY = "about", "recorded_by", "owned_by"


@dataclass(frozen=True, slots=True)
class HandRecord:
    """
    What a person recorded, from the event that started a run.

    ``about`` is the instant that the event is about, for work that was there before its event.
    ``because`` is empty after an erasure.
    """

    event: Event
    body: Mapping[str, Any]

    @property
    def recorded_by(self) -> User:
        """Return who recorded it. An event about the past names the person in its body."""
        named = self.body.get(RECORDED_BY)
        return User.objects.get(pk=named) if isinstance(named, int) else self.event.actor

    @property
    def owned_by(self) -> User | None:
        """Return who owned the work when it was recorded, for work that has no decision."""
        return User.objects.filter(pk=self.body.get(OWNED_BY) or 0).first()

    @property
    def because(self) -> str:
        return str(self.body.get(BECAUSE, ""))

    @property
    def channel(self) -> str:
        return str(self.body.get(CHANNEL, ""))

    @property
    def about(self) -> datetime | None:
        text = self.body.get(ABOUT)
        return datetime.fromisoformat(text) if isinstance(text, str) else None

    @property
    def choice(self) -> HandChoice | None:
        """Return the pair that the person chose, or None if the rules decide."""
        chosen = self.body.get(CHOSEN)
        if not isinstance(chosen, Mapping):
            return None
        return HandChoice(
            by=self.event.actor_id,
            owner_id=chosen["owner"],
            backup_id=chosen["backup"],
            team_id=chosen["team"],
            priority=chosen["priority"],
        )


def hand_records(runs: Iterable[Run]) -> dict[int, HandRecord]:
    """Return what people recorded, by run id. It asks nothing for runs from other sources."""
    ids = [run.pk for run in runs if run.source == SOURCE]
    if not ids:
        return {}
    parts = RunEvent.objects.filter(
        run__in=ids, part=RunEvent.Part.STARTED, event__source=SOURCE
    ).select_related("event__payload", "event__actor")
    return {
        part.run_id: HandRecord(part.event, part.event.payload.body)
        for part in parts.order_by("-event_id")
        if part.run_id
    }
