"""Callbacks for delivered and failed messages, in the transaction that writes the result."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime

from integrations.outbox.models import Outbound
from routing.people.actors import Actor

# A callback only writes rows. The work items of the message and of its run are locked already. If a
# callback raises, the result is not recorded, and the next attempt finds what this one wrote.
Outcome = Callable[[Outbound, Actor, datetime], None]

_delivered: dict[str, list[Outcome]] = defaultdict(list)
_dead: dict[str, list[Outcome]] = defaultdict(list)
_replayed: dict[str, list[Outcome]] = defaultdict(list)
_discarded: dict[str, list[Outcome]] = defaultdict(list)


def on_delivered(*verbs: str) -> Callable[[Outcome], Outcome]:
    """
    Register a callback for delivered messages of these verbs.

    ``remote_id``, ``url`` and ``evidence`` of the message are set.
    """
    return _register(_delivered, verbs)


def on_dead(*verbs: str) -> Callable[[Outcome], Outcome]:
    """
    Register a callback for failed messages of these verbs.

    ``last_error`` says why, and the exception has been raised.
    """
    return _register(_dead, verbs)


def on_replayed(*verbs: str) -> Callable[[Outcome], Outcome]:
    """Register a callback for messages of these verbs that a person retries."""
    return _register(_replayed, verbs)


def on_discarded(*verbs: str) -> Callable[[Outcome], Outcome]:
    """Register a callback for messages of these verbs that a person discards."""
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
