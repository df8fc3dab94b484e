"""What an external system says about merged and deleted objects. Links follow the survivor."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from integrations.adapters.registry import adapter_of
from integrations.base.connections import Connection
from integrations.base.links import ExternalLink
from routing.kernel.events import Event
from routing.kernel.facts import Subject
from routing.kernel.sql import run
from routing.people.actors import Actor
from routing.people.saving import save_with_reason
from routing.runs.registry import SubjectMove, subject_follower, subject_mover, survivor_finder

VERBS = (".merge", ".deletion")
# The events of merges that name one of these objects, wherever their sender names them. The words
# of LIKE are those of the index, which holds merges alone.
MERGES_OF = """
    SELECT DISTINCT e.id FROM routing_event e JOIN routing_payload p ON p.event_id = e.id,
        jsonb_path_query(p.body, '$.**') AS named
    WHERE e.kind LIKE '%%.merge' AND named #>> '{}' = ANY(%s::text[])
        AND (e.source, e.subject_type) IN (SELECT * FROM unnest(%s::text[], %s::text[]))"""


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


@survivor_finder
def merged_before(subjects: Collection[Subject]) -> Mapping[Subject, Subject]:
    """
    Return the last survivor of each of these objects that is gone after a captured merge.

    An event may come long after the merge: a delivery that failed is sent again for a day.
    """
    became: dict[Subject, Subject] = {}
    asked: set[Subject] = set()
    asking = set(subjects)
    while asking:
        asked |= asking
        for move in _merges_of(asking):
            for gone in move.gone:
                if move.into is not None and gone in asking:
                    became[gone] = move.into
        asking = set(became.values()) - asked
    last = {subject: _last(subject, became) for subject in subjects}
    return {subject: into for subject, into in last.items() if into != subject}


def _merges_of(subjects: Collection[Subject]) -> Iterable[SubjectMove]:
    """Return the merges that may name these objects, in the order in which they happened."""
    sources = {(subject.source, subject.type) for subject in subjects}
    found = run(
        MERGES_OF,
        [
            [subject.id for subject in subjects],
            [source for source, _type in sources],
            [type_ for _source, type_ in sources],
        ],
    )
    events = Event.objects.filter(pk__in=[pk for (pk,) in found]).select_related("payload")
    moves = (moved(event) for event in (events.order_by("at", "id") if found else ()))
    return [move for move in moves if move is not None]


def _last(subject: Subject, became: Mapping[Subject, Subject]) -> Subject:
    """Return the object at the end of a chain of merges, or itself if they go in a circle."""
    seen, into = {subject}, subject
    while into in became:
        into = became[into]
        if into in seen:
            return subject
        seen.add(into)
    return into


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
