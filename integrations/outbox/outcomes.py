"""Callbacks for delivered and failed messages, in the transaction that writes the result."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime

from integrations.outbox.models import Outbound
from routing.people.actors import Actor

# Only writes rows, does no I/O; the outbound's own work item and its run's are locked already. If
# it raises, the result is not written, and the next attempt finds what this one did.
Outcome = Callable[[Outbound, Actor, datetime], None]

_delivered: dict[str, list[Outcome]] = defaultdict(list)
_dead: dict[str, list[Outcome]] = defaultdict(list)
_replayed: dict[str, list[Outcome]] = defaultdict(list)
_discarded: dict[str, list[Outcome]] = defaultdict(list)


def on_delivered(*verbs: str) -> Callable[[Outcome], Outcome]:
    """
    Called once an outbound of these verbs is known to be there; ``remote_id``, ``url`` and
    ``evidence`` are set.
    """
    return _register(_delivered, verbs)


def on_dead(*verbs: str) -> Callable[[Outcome], Outcome]:
    """
    Called when an outbound of these verbs failed for good; ``last_error`` says why, and its
    exception is raised already.
    """
    return _register(_dead, verbs)


def on_replayed(*verbs: str) -> Callable[[Outcome], Outcome]:
    """Called when a person lets a failed outbound of these verbs be tried anew."""
    return _register(_replayed, verbs)


def on_discarded(*verbs: str) -> Callable[[Outcome], Outcome]:
    """Called when a person gives up an outbound of these verbs."""
    return _register(_discarded, verbs)


def _register(
    table: dict[str, list[Outcome]], verbs: Sequence[str]
) -> Callable[[Outcome], Outcome]:
    def register(outcome: Outcome) -> Outcome:
        for verb in verbs:
            table[verb].append(outcome)
        return outcome

    return register


def delivered(row: Outbound, by: Actor, at: datetime) -> None:
    for outcome in _delivered.get(row.verb, ()):
        outcome(row, by, at)


def died(row: Outbound, by: Actor, at: datetime) -> None:
    for outcome in _dead.get(row.verb, ()):
        outcome(row, by, at)


def replayed(row: Outbound, by: Actor, at: datetime) -> None:
    for outcome in _replayed.get(row.verb, ()):
        outcome(row, by, at)


def discarded(row: Outbound, by: Actor, at: datetime) -> None:
    for outcome in _discarded.get(row.verb, ()):
        outcome(row, by, at)
