"""What an external system says about merged and deleted objects. Links follow the survivor."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from integrations.adapters.registry import adapter_of
from integrations.base.connections import Connection
from integrations.base.links import ExternalLink
from routing.kernel.events import Event
from routing.kernel.facts import Subject
from routing.people.actors import Actor
from routing.people.saving import save_with_reason
from routing.runs.registry import SubjectMove, subject_follower, subject_mover

VERBS = (".merge", ".deletion")


@subject_mover
def moved(event: Event) -> SubjectMove | None:
    """Return the move that an event reports, or None for any other event."""
    if not event.kind.endswith(VERBS):
        return None
    connection = Connection.objects.filter(slug=event.source).first()
    adapter = adapter_of(connection.kind) if connection else None
    if adapter is None:
        return None
    body: Any = event.payload.body if hasattr(event, "payload") else {}
    known = adapter.moved(event.kind, body)
    if known is None:
        return None
    into, gone = known
    return SubjectMove(
        Subject(event.source, event.subject_type, into) if into else None,
        tuple(Subject(event.source, event.subject_type, key) for key in gone if key != into),
    )


@subject_follower
def move_links(move: SubjectMove, at: datetime) -> None:
    """
    Let the link of a merged object point to the survivor, so that what we know of it goes on.

    The links of the other merged objects stay as they were: nothing asks for them again.
    """
    into = move.into
    if into is None:
        return
    connection = Connection.objects.select_related("service_user").get(slug=into.source)
    about = ExternalLink.objects.filter(connection=connection, object_type=into.type)
    if about.filter(remote_id=into.id).exists():
        return
    gone = about.filter(remote_id__in=[subject.id for subject in move.gone])
    link = gone.select_for_update(of=("self",)).order_by("pk").first()
    if link is not None:
        reason = f"Merged in {connection.name}: {link.remote_id} is {into.id} now."
        link.remote_id = into.id
        by = Actor.of(connection.service_user)
        save_with_reason(link, by=by, at=at, reason=reason, only=["remote_id"])
