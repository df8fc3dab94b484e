"""Unclaimed events: those that no flow took, with the person who answers for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from routing.kernel.sql import run as sql
from routing.kernel.transitions import literals
from routing.people.staff import User
from routing.runs.held_events import HeldEvent
from routing.runs.models import RunEvent
from routing.runs.owners import Staff
from routing.runs.sources import known_sources, owner_of_source

MOST = 50_000  # newest unclaimed events that are looked at

WAITING = (HeldEvent.State.HELD, HeldEvent.State.RELEASED)
# Those that wait for a flow, or have started or joined a run since, are unclaimed no longer.
_STILL = f"""
    NOT EXISTS (SELECT FROM routing_runevent r
        WHERE r.event_id = e.id AND r.run_id IS NOT NULL)
    AND NOT EXISTS (SELECT FROM routing_heldevent h
        WHERE h.event_id = e.id AND h.state IN ({literals(WAITING)}))"""
# Along the index of events without a run.
_NEWEST = f"""
        SELECT event_id, at FROM routing_runevent
        WHERE run_id IS NULL AND part = '{RunEvent.Part.UNCLAIMED}'
        ORDER BY event_id DESC LIMIT %s"""
COUNTED = f"""
    SELECT e.source, e.kind, count(*), min(u.at) FROM (
{_NEWEST}) u
    JOIN routing_event e ON e.id = u.event_id WHERE {_STILL}
    GROUP BY e.source, e.kind"""
# Those that were replayed to the flow before are left out, so that nothing starts twice.
OF_KIND = f"""
    SELECT e.id, u.at FROM (
{_NEWEST}) u
    JOIN routing_event e ON e.id = u.event_id
    WHERE e.kind = %s AND {_STILL} AND NOT EXISTS (SELECT FROM routing_heldevent h
        WHERE h.event_id = e.id AND h.flow_id = %s)
    ORDER BY u.at, e.id"""


@dataclass(frozen=True, slots=True)
class UnclaimedSource:
    """Unclaimed events of one kind from one system, with the person who answers for it."""

    source: str
    kind: str
    count: int
    since: datetime
    owner_id: int | None


@dataclass(frozen=True, slots=True)
class UnclaimedKind:
    """
    Unclaimed events of one kind.

    ``since`` is when the oldest was received. ``owners`` are the people who answer for the systems
    that sent them, chosen as for exceptions.
    """

    kind: str
    count: int
    since: datetime
    owners: tuple[User, ...]


def unclaimed_sources(at: datetime) -> Sequence[UnclaimedSource]:
    """Return the kinds of events that no flow takes, of each system, by the name of the system."""
    rows = sorted(sql(COUNTED, [MOST]))
    if not rows:
        return []
    staff, known = Staff.at(at), known_sources()
    owner_of = {source: owner_of_source(known.get(source), staff) for source, *_rest in rows}
    return [
        UnclaimedSource(source, kind, count, since, owner_of[source])
        for source, kind, count, since in rows
    ]


def unclaimed_kinds(at: datetime) -> Sequence[UnclaimedKind]:
    """Return the kinds of events that no flow takes, those with the oldest events first."""
    by_kind: dict[str, list[UnclaimedSource]] = defaultdict(list)
    every = unclaimed_sources(at)
    for row in every:
        by_kind[row.kind].append(row)
    found: list[UnclaimedKind] = []
    if not by_kind:
        return found
    people = User.objects.in_bulk({row.owner_id for row in every if row.owner_id})
    for kind, rows in by_kind.items():
        mine = dict.fromkeys(row.owner_id for row in rows)
        named = tuple(people[owner] for owner in mine if owner in people)
        since = min(row.since for row in rows)
        found.append(UnclaimedKind(kind, sum(row.count for row in rows), since, named))
    return sorted(found, key=lambda each: each.since)


def unclaimed_events(kind: str, flow_id: int) -> Sequence[tuple[int, datetime]]:
    """
    Return the unclaimed events of a kind that were never replayed to a flow, the oldest first.

    :returns: the id of each with the time at which no flow was found for it
    """
    return [(event, at) for event, at in sql(OF_KIND, [MOST, kind, flow_id])]
